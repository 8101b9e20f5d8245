"""
Exercise 3: read what came.
"""

import sys
from typing import Any

import treq
from twisted.internet.task import react


class Refused(Exception):
    """The server answers with a status code that is an error."""


async def fetch(client: Any, url: str) -> str:
    """The text at *url*; *client* is treq, or something like it."""
    response = await client.get(url)
    content = await response.content()
    return content.decode("ascii")


async def main(reactor: Any, url: str) -> None:
    """Print what is at *url*."""
    print(await fetch(treq, url))


if __name__ == "__main__":
    react(main, sys.argv[1:])

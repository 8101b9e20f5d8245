"""
Exercise 4: follow where Location leads.
"""

import sys
from typing import Any

import treq
from twisted.internet.task import react


class TooMany(Exception):
    """There are more redirects than anybody should follow."""


async def follow(client: Any, url: str) -> str:
    """The text at *url*, or where that leads."""
    response = await client.get(url, allow_redirects=False)
    return await response.text()


async def main(reactor: Any, url: str) -> None:
    """Print what is at *url*."""
    print(await follow(treq, url))


if __name__ == "__main__":
    react(main, sys.argv[1:])

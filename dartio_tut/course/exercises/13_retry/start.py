"""
Exercise 13: ask again, but not for ever.
"""

import sys
from typing import Any

import treq
from twisted.internet.task import deferLater, react  # noqa: F401  (you need both)


class GaveUp(Exception):
    """The server does not answer as it should."""


async def ask(client: Any, clock: Any, url: str) -> str:
    """The text at *url*; *client* is like treq, *clock* like the reactor."""
    response = await client.get(url)
    return await response.text()


async def main(reactor: Any, url: str) -> None:
    """Print what is at *url*."""
    print(await ask(treq, reactor, url))


if __name__ == "__main__":
    react(main, sys.argv[1:])

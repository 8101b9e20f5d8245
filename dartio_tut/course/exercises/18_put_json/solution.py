"""
Exercise 18: send JSON, and hear what is said.
"""

import sys
from typing import Any

import treq
from twisted.internet.task import react

HERO = {"name": "Han Solo", "job": "reluctant hero"}


class Refused(Exception):
    """The server has not stored it; the text says why."""


async def store(client: Any, url: str, document: dict[str, str]) -> bool:
    """Store *document* at *url*; return whether it is new there."""
    response = await client.put(url, json=document)
    if response.code not in (200, 201, 204):
        raise Refused(await response.text())
    return response.code == 201


async def main(reactor: Any, url: str) -> None:
    """Store the hero."""
    print("new" if await store(treq, url, HERO) else "replaced")


if __name__ == "__main__":
    react(main, sys.argv[1:])

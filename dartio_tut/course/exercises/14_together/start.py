"""
Exercise 14: three at once.
"""

import sys
from typing import Any

import treq
from twisted.internet.task import react


async def ask(client: Any, url: str) -> str | None:
    """The text at *url*; None if it cannot be fetched."""
    response = await client.get(url)
    return await response.text()


async def ask_all(client: Any, urls: list[str]) -> list[str | None]:
    """The texts at *urls*."""
    return [await ask(client, url) for url in urls]


async def main(reactor: Any, *urls: str) -> None:
    """Print what is at *urls*."""
    print(*await ask_all(treq, list(urls)), sep="\n")


if __name__ == "__main__":
    react(main, sys.argv[1:])

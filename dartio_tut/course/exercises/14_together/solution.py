"""
Exercise 14: three at once.
"""

import sys
from typing import Any

import treq
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import react


async def ask(client: Any, url: str) -> str | None:
    """The text at *url*; None if it cannot be fetched."""
    try:
        response = await client.get(url)
        return await response.text()
    except Exception:
        return None


async def ask_all(client: Any, urls: list[str]) -> list[str | None]:
    """The texts at *urls*."""
    asking = [Deferred.fromCoroutine(ask(client, url)) for url in urls]
    return await gatherResults(asking, consumeErrors=True)


async def main(reactor: Any, *urls: str) -> None:
    """Print what is at *urls*."""
    print(*await ask_all(treq, list(urls)), sep="\n")


if __name__ == "__main__":
    react(main, sys.argv[1:])

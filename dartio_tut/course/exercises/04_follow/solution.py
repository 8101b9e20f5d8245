"""
Exercise 4: follow where Location leads.
"""

import sys
from typing import Any
from urllib.parse import urljoin

import treq
from twisted.internet.task import react

REDIRECTS = (301, 302, 303, 307, 308)
MOST = 5


class TooMany(Exception):
    """There are more redirects than anybody should follow."""


async def follow(client: Any, url: str) -> str:
    """The text at *url*, or where that leads."""
    for _ in range(1 + MOST):
        response = await client.get(url, allow_redirects=False)
        if response.code not in REDIRECTS:
            return await response.text()
        location = response.headers.getRawHeaders("Location")[0]
        url = urljoin(url, location)
    raise TooMany(url)


async def main(reactor: Any, url: str) -> None:
    """Print what is at *url*."""
    print(await follow(treq, url))


if __name__ == "__main__":
    react(main, sys.argv[1:])

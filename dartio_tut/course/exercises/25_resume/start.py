"""
Exercise 25: resume a download.
"""

import sys
from pathlib import Path
from typing import Any

import treq
from twisted.internet.task import react


class Refused(Exception):
    """The server does not answer with the file."""


async def download(client: Any, url: str, path: Path) -> None:
    """Put what is at *url* into the file *path*."""
    response = await client.get(url)
    path.write_bytes(await response.content())


async def main(reactor: Any, url: str, name: str) -> None:
    """Download *url* into the file *name*."""
    await download(treq, url, Path(name))


if __name__ == "__main__":
    react(main, sys.argv[1:])

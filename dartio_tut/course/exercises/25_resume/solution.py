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
    """Put what is at *url* into the file *path*, or what is missing of it."""
    saved = path.with_name(f"{path.name}.etag")
    fields = {}
    if path.exists() and saved.exists():
        size = path.stat().st_size
        fields = {"Range": f"bytes={size}-", "If-Range": saved.read_text()}
    response = await client.get(url, headers=fields)
    if response.code == 416:
        return
    if response.code not in (200, 206):
        raise Refused(response.code)
    content = await response.content()
    with path.open("ab" if response.code == 206 else "wb") as file:
        file.write(content)
    (etag,) = response.headers.getRawHeaders("ETag", [""])
    saved.write_text(etag)


async def main(reactor: Any, url: str, name: str) -> None:
    """Download *url* into the file *name*."""
    await download(treq, url, Path(name))


if __name__ == "__main__":
    react(main, sys.argv[1:])

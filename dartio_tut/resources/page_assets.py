"""
The files of a page, which come with the package: styles, scripts, pictures.
"""

from __future__ import annotations

from collections.abc import Collection
from importlib.resources.abc import Traversable

from twisted.web.http import NOT_FOUND
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from .responses import ErrorResource, HTTPError, method_not_allowed

TYPES = {
    ".css": b"text/css; charset=utf-8",
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".py": b"text/plain; charset=utf-8",
    ".svg": b"image/svg+xml",
}

PAGE_ENDINGS = (".css", ".html", ".js", ".svg")
"""Of the files of a page: others are not served unless that is asked for."""


class PageAssets(Resource):
    """
    Serves the files of *folders* by their names, and nothing below.

    The files are read when it is made: no name of a request ever reaches the disk.

    :param folders: of two files of one name, that in the first of them is served. One
        that is not there has no files.
    :param endings: of the files that are served.
    """

    def __init__(
        self, *folders: Traversable, endings: Collection[str] = PAGE_ENDINGS
    ) -> None:
        super().__init__()
        for folder in reversed([folder for folder in folders if folder.is_dir()]):
            for file in folder.iterdir():
                ending = file.name[file.name.rfind(".") :]
                if ending in endings:
                    asset = PageAsset(file.read_bytes(), TYPES[ending])
                    self.putChild(file.name.encode(), asset)

    def getChild(self, path: bytes, request: Request) -> IResource:
        """There is no other file."""
        return ErrorResource(HTTPError(NOT_FOUND, "Not found."))


class PageAsset(Resource):
    """One file: its *content* and the type of it."""

    isLeaf = False

    def __init__(self, content: bytes, content_type: bytes) -> None:
        super().__init__()
        self._content = content
        self._content_type = content_type

    def getChild(self, path: bytes, request: Request) -> IResource:
        """A file has nothing below it."""
        return ErrorResource(HTTPError(NOT_FOUND, "Not found."))

    def render(self, request: Request) -> bytes:
        """Answer GET and HEAD with the file."""
        if request.method not in (b"GET", b"HEAD"):
            return method_not_allowed(request, "GET, HEAD")
        request.setHeader(b"Content-Type", self._content_type)
        request.setHeader(b"Cache-Control", b"no-cache")
        request.setHeader(b"X-Content-Type-Options", b"nosniff")
        return self._content

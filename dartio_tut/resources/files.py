"""
Files and folders, served without surprises.

`twisted.web.static.File` as it comes serves what hides behind a dot or a link,
waits for ever on a FIFO, calls an archive's compression a content coding and
trips over odd ranges. `Files` is that resource with these doors closed.
"""

from __future__ import annotations

import os
import re
import stat
from typing import Any

from twisted.web.http import NOT_FOUND
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request
from twisted.web.static import File

from .answers import answer, unsupported

OCTETS = "application/octet-stream"
"""For names that tell no type: a browser saves it instead of guessing."""

_ONE_RANGE = re.compile(rb"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")


class _NotFound(Resource):
    isLeaf = True

    def render(self, request: Request) -> bytes:
        return answer(request, "Not found.", NOT_FOUND)


class Files(File):
    """
    A file, or a folder and what is below it.

    Served are regular files and folders whose real place is inside the root;
    names that begin with a dot are not, but for ``.well-known`` (RFC 8615).

    :param path: the file or folder.
    :param listing: whether a folder without an index file is listed.
    :param root: what links must not lead out of; *path* itself by default.
    """

    # Declared by Twisted, as the types they have there.
    indexNames = ["index.html"]  # noqa: RUF012
    contentTypes = {**File.contentTypes, ".gz": "application/gzip"}  # noqa: RUF012
    contentEncodings: dict[str, str] = {}  # noqa: RUF012
    childNotFound = _NotFound()  # type: ignore[assignment]

    def __init__(
        self, path: str, listing: bool = False, root: str | None = None
    ) -> None:
        super().__init__(path, defaultType=OCTETS)
        self.listing = listing
        self.root = os.path.realpath(path) if root is None else root

    def createSimilarFile(self, path: str) -> Files:
        """The resource for *path*, below the same root."""
        return type(self)(path, self.listing, self.root)

    def getChild(self, path: bytes, request: Request) -> IResource:
        """The file called *path* in this folder, if it may be seen."""
        if path.startswith(b".") and path != b".well-known":
            return self.childNotFound
        try:
            path.decode("utf-8")
        except UnicodeDecodeError:
            return self.childNotFound
        if b"\0" in path or b"/" in path:
            return self.childNotFound
        child: IResource = super().getChild(path, request)
        if isinstance(child, Files) and not child._may_be_served():
            return self.childNotFound
        return child

    def directoryListing(self) -> IResource:
        """The listing of this folder, when listings are on."""
        if not self.listing:
            return self.childNotFound
        listed: IResource = super().directoryListing()
        listed.dirs = [  # type: ignore[attr-defined]
            name
            for name in sorted(self.listNames())
            if not name.startswith(".") and self._listable(name)
        ]
        return listed

    def _listable(self, name: str) -> bool:
        try:
            name.encode("utf-8")
        except UnicodeEncodeError:
            return False
        return self.createSimilarFile(os.path.join(self.path, name))._may_be_served()

    def _may_be_served(self) -> bool:
        """Whether this is a regular file or a folder whose place is in the root."""
        real = os.path.realpath(self.path)
        if real != self.root and not real.startswith(self.root.rstrip("/") + "/"):
            return False
        try:
            mode = os.stat(real).st_mode
        except OSError:
            return False
        return stat.S_ISREG(mode) or stat.S_ISDIR(mode)

    def redirect(self, request: Request) -> bytes:
        """Send the client to this folder's URL with the slash at its end."""
        path, mark, query = request.uri.partition(b"?")
        # Relative, so that it cannot lead to another host; "./" so that a colon
        # in the name is no scheme.
        last = b"./" + path.rpartition(b"/")[2] + b"/"
        request.setHeader(b"Location", last + mark + query)
        return answer(request, "The folder is one slash further.", 301)

    def render(self, request: Request) -> Any:
        """Answer GET and HEAD with the file."""
        if request.method not in (b"GET", b"HEAD"):
            return unsupported(request, "GET, HEAD")
        return self.render_GET(request)

    def render_GET(self, request: Request) -> Any:
        """Send the file, or the range of it that was asked for."""
        request.setHeader(b"X-Content-Type-Options", b"nosniff")
        self.restat(False)
        if not self.isdir() and not self._may_be_served():
            return answer(request, "Not found.", NOT_FOUND)
        if self.type is None:
            self.type, self.encoding = _content_type(self), None
        self._leave_one_range(request)
        return super().render_GET(request)

    def _leave_one_range(self, request: Request) -> None:
        """
        Keep a Range of one satisfiable form and forget any other.

        A server may ignore a Range (RFC 9110 section 14.2); several ranges in
        one answer cost more than they help.
        """
        found = _ONE_RANGE.fullmatch(request.getHeader(b"Range") or b"")
        if not found or (found[2] and int(found[1]) > int(found[2])):
            request.requestHeaders.removeHeader(b"Range")
        elif found[3] and int(found[3]) >= self.getsize():
            # A suffix longer than the file is all of it.
            request.requestHeaders.setRawHeaders(b"Range", [b"bytes=0-"])


def _content_type(file: Files) -> str:
    extension = os.path.splitext(file.path)[1].lower()
    kind: str = file.contentTypes.get(extension, OCTETS)
    return kind

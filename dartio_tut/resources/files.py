"""
Files and folders, served without surprises.

`twisted.web.static.File` as it comes serves what hides behind a dot or a link, waits
for ever on a FIFO, calls an archive's compression a content coding and trips over odd
ranges. `Files` is that resource with these doors closed, and it sends a file from the
kernel to the socket.

First it is found out what the answer is, then it is sent, once.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from functools import lru_cache, partial
from time import time
from typing import Any, NamedTuple

from twisted.web.http import (
    FORBIDDEN,
    NOT_FOUND,
    OK,
    REQUESTED_RANGE_NOT_SATISFIABLE,
    datetimeToString,
)
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request
from twisted.web.static import File

from dartio_tut.wire import send_file

from .answers import answer, unsupported
from .conditions import Chosen, choose
from .opening import open_inside

OCTETS = "application/octet-stream"
"""For names that tell no type: a browser saves it instead of guessing."""

HIDDEN = "."
WELL_KNOWN = ".well-known"
"""RFC 8615: the one name with a dot that is meant to be seen."""


class _NotFound(Resource):
    isLeaf = True

    def render(self, request: Request) -> bytes:
        return answer(request, "Not found.", NOT_FOUND)


class Files(File):
    """
    A file, or a folder and what is below it.

    Served are regular files and folders whose real place is inside the root; names
    that begin with a dot are not, but for ``.well-known``.

    :param path: the file or folder.
    :param listing: whether a folder without an index file is listed.
    """

    # Declared by Twisted, as the types they have there.
    indexNames = ["index.html"]  # noqa: RUF012
    contentTypes = {**File.contentTypes, ".gz": "application/gzip"}  # noqa: RUF012
    contentEncodings: dict[str, str] = {}  # noqa: RUF012
    childNotFound = _NotFound()  # type: ignore[assignment]

    def __init__(self, path: str, listing: bool = False) -> None:
        super().__init__(path, defaultType=OCTETS)
        self.listing = listing

    @property
    def isLeaf(self) -> bool:  # type: ignore[override]
        """It finds what is below by itself, unless resources were put there."""
        return not self.children

    def getChild(self, path: bytes, request: Request) -> IResource:
        """The rest of the way, beside what was put here by hand."""
        return _Below(self, [path])

    def render(self, request: Request) -> bytes | int:
        """Answer GET and HEAD with the file that the rest of the path names."""
        return self.answer_for(request, request.postpath or [])

    def answer_for(self, request: Request, segments: Sequence[bytes]) -> bytes | int:
        """Answer *request* with what is found at *segments* below here."""
        if request.method not in (b"GET", b"HEAD"):
            return unsupported(request, "GET, HEAD")
        names = _names(segments)
        if names is None:
            return answer(request, "Not found.", NOT_FOUND)
        try:
            descriptor, status = open_inside(self.path, names)
        except PermissionError:
            return answer(request, "Not allowed.", FORBIDDEN)
        except (OSError, ValueError):
            return answer(request, "Not found.", NOT_FOUND)
        with_slash = bool(segments) and segments[-1] == b""
        if stat.S_ISDIR(status.st_mode):
            os.close(descriptor)
            if names and not with_slash:
                return self.redirect(request)
            return self._answer_folder(request, names)
        if with_slash:
            os.close(descriptor)
            return answer(request, "Not found.", NOT_FOUND)
        name = names[-1] if names else os.path.basename(self.path)
        return self._send(request, descriptor, status, name)

    def _answer_folder(self, request: Request, names: list[str]) -> bytes | int:
        """Answer with the index of a folder, or its listing."""
        for index in self.indexNames:
            try:
                descriptor, status = open_inside(self.path, [*names, index])
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode):
                return self._send(request, descriptor, status, index)
            os.close(descriptor)
        if not self.listing:
            return answer(request, "Not found.", NOT_FOUND)
        listed: Any = type(self)(os.path.join(self.path, *names)).directoryListing()
        listed.dirs = [n for n in sorted(listed.dirs) if self._may_list(names, n)]
        request.setHeader(b"X-Content-Type-Options", b"nosniff")
        page: bytes | int = listed.render(request)
        return page

    def _may_list(self, folder: list[str], name: str) -> bool:
        """Whether *name* in *folder* would be served."""
        if name.startswith(HIDDEN):
            return False
        try:
            name.encode("utf-8")
            descriptor, _ = open_inside(self.path, [*folder, name])
        except (OSError, ValueError):
            return False
        os.close(descriptor)
        return True

    def redirect(self, request: Request) -> bytes:
        """Send the client to this folder's URL with the slash at its end."""
        path, mark, query = request.uri.partition(b"?")
        # Relative, so that it cannot lead to another host; "./" so that a colon in
        # the name is no scheme.
        last = b"./" + path.rpartition(b"/")[2] + b"/"
        request.setHeader(b"Location", last + mark + query)
        return answer(request, "The folder is one slash further.", 301)

    def _send(
        self, request: Request, descriptor: int, status: os.stat_result, name: str
    ) -> bytes | int:
        """Answer with the open file, or with what the request's conditions ask for."""
        size = status.st_size
        about = _about(self.type_of(name), status.st_mtime_ns, size)
        if getattr(request, "is_conditional", True):
            fields = getattr(request, "fields", None)  # ours can be read more directly
            field = partial(_joined, request) if fields is None else fields.joined
            chosen = choose(field, about.etag, about.changed, size, request.method)
            if chosen.code != OK:
                return self._send_other(request, descriptor, size, about, chosen)
        _set_fields(request, about.fields)
        send_file(request, descriptor, 0, size)
        return NOT_DONE_YET

    def _send_other(
        self, request: Request, descriptor: int, size: int, about: About, chosen: Chosen
    ) -> bytes | int:
        """Answer with anything but the whole file."""
        request.setResponseCode(chosen.code)
        if not chosen.length:
            os.close(descriptor)
            _set_fields(request, about.validators)
            if chosen.code == REQUESTED_RANGE_NOT_SATISFIABLE:
                request.setHeader(b"Content-Range", b"bytes */%d" % size)
            return b""
        _set_fields(request, about.fields)
        last = chosen.offset + chosen.length - 1
        part = b"bytes %d-%d/%d" % (chosen.offset, last, size)
        request.setHeader(b"Content-Range", part)
        send_file(request, descriptor, chosen.offset, chosen.length)
        return NOT_DONE_YET

    def type_of(self, name: str) -> str:
        """The content type of a file called *name*."""
        dot = name.rfind(".")
        if dot < 0:
            return self.defaultType
        kind: str = self.contentTypes.get(name[dot:].lower(), self.defaultType)
        return kind


class About(NamedTuple):
    """What is said of one version of a file, made once."""

    etag: bytes
    changed: int
    validators: tuple[tuple[bytes, bytes], ...]
    fields: tuple[tuple[bytes, bytes], ...]


@lru_cache(4096)
def _about(kind: str, changed_ns: int, size: int) -> About:
    etag = b'"%x-%x"' % (changed_ns, size)
    # A date in the future would be no date to compare with (RFC 9110 8.8.2.1).
    changed = min(changed_ns // 10**9, int(time()))
    validators = ((b"Last-Modified", datetimeToString(changed)), (b"ETag", etag))
    fields = (
        (b"Content-Type", kind.encode("ascii")),
        (b"Accept-Ranges", b"bytes"),
        (b"X-Content-Type-Options", b"nosniff"),
        *validators,
    )
    return About(etag, changed, validators, fields)


def _joined(request: Request, name: bytes) -> bytes | None:
    """All values of a field as one list."""
    values = request.requestHeaders.getRawHeaders(name)
    return b", ".join(values) if values else None


def _set_fields(request: Request, fields: tuple[tuple[bytes, bytes], ...]) -> None:
    """Set *fields*, in one go where the request knows how."""
    at_once = getattr(request, "set_fields", None)
    if at_once is not None:
        at_once(fields)
        return
    for name, value in fields:
        request.setHeader(name, value)


class _Below(Resource):
    """What is below a `Files` that has resources put beside its files."""

    isLeaf = True

    def __init__(self, files: Files, path: list[bytes]) -> None:
        super().__init__()
        self._files = files
        self._path = path

    def render(self, request: Request) -> bytes | int:
        path = [*self._path, *(request.postpath or [])]
        return self._files.answer_for(request, path)


def _names(segments: Sequence[bytes]) -> list[str] | None:
    """The names that *segments* stand for; nothing when one may not be asked for."""
    names = []
    for segment in segments[:-1] if segments and not segments[-1] else segments:
        if not segment or b"/" in segment or b"\0" in segment:
            return None
        if segment[0] == 46 and segment != WELL_KNOWN.encode():
            return None
        try:
            names.append(segment.decode("utf-8"))
        except UnicodeDecodeError:
            return None
    return names

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
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.web.http import (
    FORBIDDEN,
    MOVED_PERMANENTLY,
    NO_CONTENT,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_MODIFIED,
    OK,
    PRECONDITION_FAILED,
    REQUESTED_RANGE_NOT_SATISFIABLE,
    SERVICE_UNAVAILABLE,
)
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request
from twisted.web.static import File

from dartio_tut.wire import send_file

from ..conditions import choose
from ..fields import (
    SECURITY_FIELDS,
    field_of,
    is_conditional,
    merge_fields,
    set_fields,
)
from ..negotiation import type_weight
from ..path_prefix import NotFound
from ..problem import PROBLEM, problem, wanted
from .byteranges import send_ranges
from .caching import CacheRule
from .listing.responses import FolderListings
from .representations import Names, Representations
from .safe_open import ABSENT_ERRORS, LINK_POLICIES, Opened
from .types import OCTET_STREAM, ContentTypes

FILE_METHODS = b"GET, HEAD, OPTIONS"

WELL_KNOWN = b".well-known"
"""RFC 8615: the one name with a dot that is meant to be seen."""


def parse_index_name(text: str) -> str:
    """
    *text*, if it can be the name of an index file.

    :raise ValueError: when it is none, or a path.
    """
    if text in ("", ".", "..") or "/" in text:
        raise ValueError(f"{text!r} is no file's name")
    return text


def _in_thread(function: Callable[..., Any], *args: Any) -> Deferred[Any]:
    from twisted.internet.threads import deferToThread  # its reactor, not before

    return deferToThread(function, *args)


class Files(File):
    """
    A file, or a folder and what is below it.

    Served are regular files and folders. ``404.html`` in the root, and the like for any
    status, is what all but those who ask for JSON get instead of a file.

    :param path: the file or folder.
    :param listing: whether a folder without an index file is listed.
    :param index: the names that an index file may have, the best first.
    :param links: which links are followed: ``"inside"`` the root, wherever they lead
        (``"follow"``), or none (``"refuse"``).
    :param dotfiles: whether names that begin with a dot are served, beside
        ``.well-known``.
    :param spa: whether a page that is not there is answered with the root's index.
    :param try_html: whether ``/about`` may be ``about.html``.
    :param types: content types and charset.
    :param cache: patterns of paths, and the Cache-Control for what matches.
    :param precompressed: whether a sibling such as ``app.js.br`` may be sent instead.
    :param fields: of all answers, in place of those of the same name.
    :param run: calls what takes a while elsewhere.
    """

    # Declared by Twisted, as the types they have there.
    contentEncodings: dict[str, str] = {}  # noqa: RUF012
    childNotFound = NotFound()  # type: ignore[assignment]
    _log = Logger()

    def __init__(
        self,
        path: str,
        listing: bool = False,
        *,
        index: Sequence[str] = ("index.html",),
        links: str = "inside",
        dotfiles: bool = False,
        spa: bool = False,
        try_html: bool = False,
        types: ContentTypes | None = None,
        cache: Sequence[CacheRule] = (),
        precompressed: bool = True,
        fields: Sequence[tuple[bytes, bytes]] = (),
        run: Callable[..., Deferred[Any]] = _in_thread,
    ) -> None:
        super().__init__(path, defaultType=OCTET_STREAM)
        self.indexNames = list(index)
        self.listing = listing
        self._root = os.fsencode(path)
        self._open = partial(LINK_POLICIES[links], self._root)
        self._dotfiles = dotfiles
        self._spa = spa
        self._try_html = try_html
        self._types = types or ContentTypes()
        self._fields = merge_fields(SECURITY_FIELDS, fields)
        self._representations = Representations(
            self._root, LINK_POLICIES[links], self._types, cache, precompressed, fields
        )
        self._listings = FolderListings(self._may_show, self._open, run)

    @property
    def isLeaf(self) -> bool:  # type: ignore[override]
        """It finds what is below by itself, unless resources were put there."""
        return not self.children

    def getChild(self, path: bytes, request: Request) -> IResource:
        """The rest of the way, beside what was put here by hand."""
        return _Below(self, [path])

    def render(self, request: Request) -> bytes | int:
        """Answer with the file that the rest of the path names."""
        return self.answer_for(request, request.postpath or [])

    def answer_for(self, request: Request, segments: Sequence[bytes]) -> bytes | int:
        """Answer *request* with what is found at *segments* below here."""
        if request.method not in (b"GET", b"HEAD"):
            return self._answer_other_method(request)
        names = self._names(segments)
        if names is None:
            return self._refuse(request, NOT_FOUND)
        with_slash = bool(segments) and segments[-1] == b""
        try:
            descriptor, status = self._open(names)
        except PermissionError:
            if with_slash:  # a folder that may be passed, if not read
                return self._answer_folder(request, None, names)
            return self._refuse(request, FORBIDDEN)
        except OSError as error:
            return self._answer_missing(request, names, error, with_slash)
        if stat.S_ISREG(status.st_mode) and not with_slash:
            return self._send(request, (descriptor, status), names)
        if stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            return self._refuse(request, NOT_FOUND)
        if not with_slash:
            os.close(descriptor)
            return self.redirect(request)
        return self._answer_folder(request, (descriptor, status), names)

    def _answer_other_method(self, request: Request) -> bytes | int:
        request.setHeader(b"Allow", FILE_METHODS)
        if request.method == b"OPTIONS":
            set_fields(request, self._fields)
            request.setResponseCode(NO_CONTENT)
            return b""
        return self._refuse(request, NOT_ALLOWED)

    def _answer_missing(
        self, request: Request, names: Names, error: OSError, with_slash: bool = False
    ) -> bytes | int:
        """Answer in place of what could not be opened."""
        if error.errno not in ABSENT_ERRORS:
            return self._answer_failed(request, error)
        others: list[Names] = []
        if self._try_html and names and not with_slash:
            others.append((*names[:-1], names[-1] + b".html"))
        if self._spa and self._may_be_page(request, names):
            others += [(os.fsencode(index),) for index in self.indexNames]
            request.responseHeaders.addRawHeader(b"Vary", b"Accept")
        for other in others:
            try:
                opened = self._representations.opened_file(other)
            except OSError as failed:
                return self._answer_failed(request, failed)
            if opened:
                return self._send(request, opened, other)
        return self._refuse(request, NOT_FOUND)

    def _answer_failed(self, request: Request, error: OSError) -> bytes | int:
        """Answer in place of what is there and cannot be had."""
        if isinstance(error, PermissionError):
            return self._refuse(request, FORBIDDEN)
        self._log.error("{path}: {error}", path=request.path, error=error.strerror)
        return self._refuse(request, SERVICE_UNAVAILABLE)

    def _may_be_page(self, request: Request, names: Names) -> bool:
        """Whether a page is asked for, and not a script or a picture."""
        accept = request.getHeader(b"Accept")
        is_asset = bool(names) and self._types.by_name(names[-1]) is not None
        return not is_asset and type_weight(accept, b"text/html") > 0

    def _answer_folder(
        self, request: Request, folder: Opened | None, names: Names
    ) -> bytes | int:
        """Answer with the index of the *folder*, which may be open, or its listing."""
        for index in self.indexNames:
            path = (*names, os.fsencode(index))
            try:
                opened = self._representations.opened_file(path)
            except OSError as error:
                _close(folder)
                return self._answer_failed(request, error)
            if opened:
                _close(folder)
                return self._send(request, opened, path)
        if folder is None or not self.listing:
            _close(folder)
            return self._refuse(request, NOT_FOUND if folder else FORBIDDEN)
        set_fields(request, self._fields)
        return self._listings.answer(request, folder, names)

    def _may_show(self, name: bytes) -> bool:
        return self._dotfiles or name[:1] != b"." or name == WELL_KNOWN

    def redirect(self, request: Request) -> bytes | int:
        """Send the client to this folder's URL with the slash at its end."""
        path, mark, query = request.uri.partition(b"?")
        # Relative, so that it cannot lead to another host; "./" so that a colon in
        # the name is no scheme.
        last = b"./" + path.rpartition(b"/")[2] + b"/"
        set_fields(request, self._fields)
        request.setHeader(b"Location", last + mark + query)
        return problem(request, MOVED_PERMANENTLY, "The folder is one slash further.")

    def _refuse(self, request: Request, code: int) -> bytes | int:
        """Answer with an error: with the page there is for it, if it may be a page."""
        set_fields(request, self._fields)
        if wanted(request) != PROBLEM:
            page = b"%d.html" % code
            try:
                opened = self._representations.opened_file((page,))
            except OSError:
                opened = None
            if opened:
                request.setResponseCode(code)
                kind = self._types.of(page, bytes).encode("ascii")
                set_fields(request, ((b"Content-Type", kind), (b"Vary", b"Accept")))
                send_file(request, opened[0], 0, opened[1].st_size)
                return NOT_DONE_YET
        method = request.method.decode("ascii", "backslashreplace")
        return problem(request, code, _ERROR_TEXTS[code].format(method=method))

    def _send(self, request: Request, opened: Opened, names: Names) -> bytes | int:
        """Answer with the open file, or with what the request's conditions ask for."""
        field = field_of(request)
        try:
            descriptor, size, metadata = self._representations.of(names, opened, field)
        except OSError as error:
            return self._answer_failed(request, error)
        code, parts = OK, None
        if is_conditional(request):
            code, parts = choose(
                field, metadata.etag, metadata.changed, size, request.method
            )
        if code == OK:
            set_fields(request, metadata.fields)
            send_file(request, descriptor, 0, size)
        elif parts:
            set_fields(request, metadata.fields)
            send_ranges(request, descriptor, size, metadata.kind, parts)
        else:
            os.close(descriptor)
            if code == NOT_MODIFIED:
                request.setResponseCode(NOT_MODIFIED)
                set_fields(request, metadata.validators)
                return b""
            if code == REQUESTED_RANGE_NOT_SATISFIABLE:
                request.setHeader(b"Content-Range", b"bytes */%d" % size)
            return self._refuse(request, code)
        return NOT_DONE_YET

    def _names(self, segments: Sequence[bytes]) -> Names | None:
        """What *segments* stand for; nothing when one may not be asked for."""
        names = segments[:-1] if segments and not segments[-1] else segments
        for name in names:
            if not name or b"/" in name or b"\0" in name or name in (b".", b".."):
                return None
            if name[0] == 46 and not self._may_show(name):
                return None
        return tuple(names)


_ERROR_TEXTS: Mapping[int, str] = {
    FORBIDDEN: "Not allowed.",
    NOT_ALLOWED: "Unsupported request: {method}.",
    NOT_FOUND: "Not found.",
    PRECONDITION_FAILED: "It is not the version that was expected.",
    SERVICE_UNAVAILABLE: "It cannot be read just now.",
    REQUESTED_RANGE_NOT_SATISFIABLE: "The file has no such bytes.",
}


def _close(opened: Opened | None) -> None:
    if opened:
        os.close(opened[0])


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

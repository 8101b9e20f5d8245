"""
Sending what was found: a file or its parts, another URL, a refusal.

Rule: everything was decided before; each response is written once.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from twisted.logger import Logger
from twisted.web.http import (
    MOVED_PERMANENTLY,
    NO_CONTENT,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_MODIFIED,
    OK,
    REQUESTED_RANGE_NOT_SATISFIABLE,
    SERVICE_UNAVAILABLE,
)
from twisted.web.server import NOT_DONE_YET, Request

from dartio_tut.wire import send_file

from ..conditions import evaluate_conditions
from ..fields import Fields, lines_if_conditional, merge_fields, set_fields
from ..responses import HTTPError, prefers_problem, problem
from .byteranges import content_ranges, send_ranges
from .kept_contents import KeptFile
from .lookup import RedirectTarget
from .read_errors import report_read_error
from .representations import (
    FileMetadata,
    OpenFile,
    Representation,
    Representations,
    without_validators,
)
from .types import ContentTypes
from .unsized import read_unsized

FILE_METHODS = b"GET, HEAD, OPTIONS"

_REASONS = {REQUESTED_RANGE_NOT_SATISFIABLE: b"Range Not Satisfiable"}
"""Reason phrases of RFC 9110 where Twisted has those of before."""


class FileResponses:
    """
    Send files, redirects and refusals.

    :param fields: header fields of all responses.
    """

    _log = Logger()

    def __init__(
        self, representations: Representations, types: ContentTypes, fields: Fields
    ) -> None:
        self._representations = representations
        self._types = types
        self._fields = fields

    def send(
        self, request: Request, file: OpenFile, kind: str | None = None
    ) -> bytes | int:
        """
        Answer with an open file, or with what the request's conditions ask for.

        :param kind: a content type in the place of the file's own.
        :raise HTTPError: when the file cannot be read, or a condition is not met.
        """
        if file.varies:
            set_fields(request, ((b"Vary", b"Accept"),))
        try:
            selected = self._representations.select(file, request)
        except OSError as error:
            raise self._failed(request, error) from None
        descriptor, status, metadata = selected
        if metadata.may_be_unsized:
            content = self._unsized_content(request, selected)
            if content is not None:
                return content
        size = status.st_size
        kept = self._representations.keep(file, selected)
        if kept is not None:
            os.close(descriptor)
            return self.send_kept(request, kept, kind)
        code, parts = OK, None
        lines = lines_if_conditional(request)
        if lines is not None:
            code, parts = evaluate_conditions(
                lines, metadata.etag, metadata.changed, size, request.method,
                metadata.is_date_strong,
            )  # fmt: skip
        if code != OK and not parts:
            os.close(descriptor)
            return self._without_content(request, code, size, metadata)
        set_fields(request, metadata.fields)
        if kind or metadata.removed:
            _change_fields(request, kind, metadata.removed)
        if code == OK:
            send_file(request, descriptor, 0, size)
        else:
            send_ranges(request, descriptor, size, metadata.kind, parts or ())
        return NOT_DONE_YET

    def send_kept(
        self, request: Request, file: KeptFile[FileMetadata], kind: str | None = None
    ) -> bytes:
        """
        Answer as `send`, with a file whose content is known.

        :raise HTTPError: when a condition is not met.
        """
        metadata, content = file.metadata, file.content
        code, parts = OK, None
        lines = lines_if_conditional(request)
        if lines is not None:
            code, parts = evaluate_conditions(
                lines, metadata.etag, metadata.changed, len(content), request.method,
                metadata.is_date_strong,
            )  # fmt: skip
            if code != OK and not parts:
                return self._without_content(request, code, len(content), metadata)
        set_fields(request, metadata.fields)
        if kind or metadata.removed:
            _change_fields(request, kind, metadata.removed)
        if code == OK:
            return content
        return content_ranges(request, content, metadata.kind, parts or ())

    def _without_content(
        self, request: Request, code: int, size: int, metadata: FileMetadata
    ) -> bytes:
        """Answer 304, or refuse with 412 or 416."""
        if code == NOT_MODIFIED:
            request.setResponseCode(NOT_MODIFIED)
            set_fields(request, metadata.not_modified)
            return b""
        if code == REQUESTED_RANGE_NOT_SATISFIABLE:
            field = (b"Content-Range", b"bytes */%d" % size)
            raise HTTPError(code, "The file has no such bytes.", (field,))
        raise HTTPError(code, "It is not the version that was expected.")

    def _unsized_content(
        self, request: Request, selected: Representation
    ) -> bytes | None:
        """
        Prepare to send a file that has another length than its status says, and return
        the content; the file is closed. ``None`` stands for one whose size is right.

        :raise HTTPError: when it cannot be read.
        """
        descriptor, status, metadata = selected
        content: bytes | None = b""
        try:
            content = read_unsized(descriptor, status.st_size)
        except OSError as error:
            raise self._failed(request, error) from None
        finally:
            if content is not None:
                os.close(descriptor)
        if content is not None:
            set_fields(request, without_validators(metadata.fields))
        return content

    def _failed(self, request: Request, error: OSError) -> HTTPError:
        """Return the refusal for a file that was opened, but cannot be read."""
        if isinstance(error, FileNotFoundError):
            return HTTPError(NOT_FOUND, "Not found.")
        report_read_error(self._log, request.path, error)
        return HTTPError(SERVICE_UNAVAILABLE, "It cannot be read just now.")

    def move(self, request: Request, moved: RedirectTarget) -> bytes:
        """Send the client to another URL."""
        # Without Cache-Control, a browser keeps it, and nobody can take it back.
        own = ((b"Location", moved.location), (b"Cache-Control", b"no-cache"))
        set_fields(request, merge_fields(own, self._fields))
        return problem(request, MOVED_PERMANENTLY, moved.text)

    def allow(self, request: Request) -> bytes:
        """
        Answer a method other than GET and HEAD.

        :raise HTTPError: unless it is OPTIONS.
        """
        allow = (b"Allow", FILE_METHODS)
        if request.method != b"OPTIONS":
            method = request.method.decode("ascii", "backslashreplace")
            raise HTTPError(NOT_ALLOWED, f"Unsupported request: {method}.", (allow,))
        set_fields(request, (*self._fields, allow))
        request.setResponseCode(NO_CONTENT)
        return b""

    def refuse(self, request: Request, error: HTTPError) -> bytes | int:
        """
        Answer with an error: with the page that the root has for it, such as
        ``404.html``, or in the form that the client prefers.
        """
        set_fields(request, (*self._fields, *error.fields))
        if not prefers_problem(request) and self._send_page(request, error.code):
            return NOT_DONE_YET
        content = problem(request, error.code, error.text)
        request.setResponseCode(error.code, _REASONS.get(error.code))
        return content

    def _send_page(self, request: Request, code: int) -> bool:
        name = b"%d.html" % code
        try:
            page = self._representations.open_file((name,))
        except OSError:
            page = None
        if page is None:
            return False
        request.setResponseCode(code, _REASONS.get(code))
        kind = self._types.content_type(name, bytes).encode("latin-1")
        given = self._representations.given(name.decode())
        own = ((b"Content-Type", kind), (b"Vary", b"Accept"))
        set_fields(request, merge_fields(own, given))
        _change_fields(request, None, [field for field, value in given if not value])
        send_file(request, page.descriptor, 0, page.status.st_size)
        return True


def _change_fields(
    request: Request, kind: str | None, removed: Sequence[bytes]
) -> None:
    """Set the content type *kind*, if there is one, and remove some fields."""
    if kind:
        request.setHeader(b"Content-Type", kind.encode("latin-1"))
    for name in removed:
        request.responseHeaders.removeHeader(name)

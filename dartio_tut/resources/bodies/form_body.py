"""
Forms in a request body: URL-encoded, or multipart with files.

Rule: each count and size has a limit, which is checked before the work is done.
"""

from __future__ import annotations

import re
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO, NoReturn
from urllib.parse import parse_qsl, unquote

from multipart import MultipartError, MultipartSegment, PushMultipartParser
from multipart import ParserLimitReached as TooMuch
from twisted.web.http import (
    BAD_REQUEST,
    INSUFFICIENT_STORAGE_SPACE,
    REQUEST_ENTITY_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
)

from dartio_tut.wire import tell_not_held

from ..responses import HTTPError
from .charsets import UTF_8, decode_text, find_charset

MAX_BOUNDARY_LENGTH = 70
"""Characters of a boundary (RFC 2046 section 5.1.1)."""

MEMORY_BYTES = 64 * 1024
"""A larger file is held on disk, as any larger request body is."""

PIECE_BYTES = 64 * 1024
"""How much of the body is parsed at a time."""


_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"?')
"""The closing quote may be missing: a search for each quote would be quadratic."""

_EXTENDED_FILENAME = re.compile(r";[ \t]*filename\*[ \t]*=[ \t]*([^;\s\"]+)", re.I)

_extended_value = re.compile(r"(utf-8|iso-8859-1)'[^']*'(.*)", re.I).fullmatch
"""A value with its charset and language (RFC 8187 section 3.2)."""


@dataclass(frozen=True)
class BodyLimits:
    """
    How large a request body may be, and how many parts it may have.

    :ivar total: bytes of the body. The daemon's own limit is usually lower.
    :ivar fields: how many fields a form may have; Django allows 1,000 too.
    :ivar files: how many files a form may have; Django allows 100 too.
    :ivar field: bytes of a field's value (URL-encoded: of its name and value).
    :ivar file: bytes of a file.
    :ivar header: bytes of one header line of a part.
    :ivar headers: header lines of a part; RFC 7578 has three.
    """

    total: int = 16 * 1024 * 1024
    fields: int = 1000
    files: int = 100
    field: int = 256 * 1024
    file: int = 16 * 1024 * 1024
    header: int = 4096
    headers: int = 8


@dataclass
class UploadedFile:
    """
    A file that came with a form.

    :ivar name: what the client calls the file. Never use it as a path.
    :ivar media_type: what the client says it is; lower case, without parameters.
    :ivar content: the open file, at its beginning. It is closed when the request is
        finished, like ``request.content``.
    :ivar size: how many bytes it has.
    """

    name: str
    media_type: str
    content: IO[bytes]
    size: int = 0


@dataclass
class Form:
    """The fields and the files of a form: a list for each name, in the order sent."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, list[UploadedFile]] = field(default_factory=dict)

    def close(self) -> None:
        """Close all files."""
        for files in self.files.values():
            for file in files:
                with suppress(OSError):  # it has had no room for all
                    file.content.close()


def urlencoded_form(
    body: bytes, charset: str, limits: BodyLimits
) -> dict[str, list[str]]:
    """
    Return the fields of an ``application/x-www-form-urlencoded`` *body*.

    :raise HTTPError: 400 when it is malformed, 413 when it is beyond the *limits*, 415
        for a charset that such forms cannot have.
    """
    if charset.startswith("utf-16"):  # as in the Encoding Standard
        raise HTTPError(UNSUPPORTED_MEDIA_TYPE, "Not a charset for a form.")
    if body.count(b"&") >= limits.fields:
        refuse_too_large(f"More than {limits.fields} fields.")
    if max(map(len, body.split(b"&"))) > limits.field:
        refuse_too_large("A field is too long.")
    text = decode_text(body, charset)
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, encoding=charset, errors="strict"
        )
    except UnicodeDecodeError:
        raise HTTPError(BAD_REQUEST, f"Not {charset.upper()}.") from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def multipart_form(content: IO[bytes], boundary: str, limits: BodyLimits) -> Form:
    """
    Return the fields and files of ``multipart/form-data`` *content* (RFC 7578).

    :raise HTTPError: 400 when it is malformed, 413 when it is beyond the *limits*, 507
        when the disk has no room for its files.
    """
    if not 0 < len(boundary) <= MAX_BOUNDARY_LENGTH:
        raise HTTPError(BAD_REQUEST, "No good boundary between the parts of the form.")
    parts = _Parts(limits)
    with ExitStack() as on_error:
        on_error.callback(parts.form.close)
        try:
            _feed(content, boundary, parts)
        except TooMuch:
            refuse_too_large("A form with too many or too large parts.")
        except MultipartError:
            raise HTTPError(BAD_REQUEST, "Not a form in parts.") from None
        except OSError as error:
            tell_not_held(error)
            raise HTTPError(INSUFFICIENT_STORAGE_SPACE, "No room for a file.") from None
        on_error.pop_all()
    return parts.form


def refuse_too_large(text: str) -> NoReturn:
    """Refuse with 413."""
    raise HTTPError(REQUEST_ENTITY_TOO_LARGE, text)


def _feed(content: IO[bytes], boundary: str, parts: _Parts) -> None:
    limits = parts.limits
    # Not its strict mode: that refuses the line end behind the last boundary when it
    # comes in a piece of its own.
    parser = PushMultipartParser(
        boundary,
        max_header_size=limits.header,
        max_header_count=limits.headers,
    )
    with parser:
        while piece := content.read(PIECE_BYTES):
            for event in parser.parse(piece):
                if event is None:
                    parts.end()
                elif isinstance(event, MultipartSegment):
                    parts.begin(event)
                else:
                    parts.take(event)


def _check_description(part: MultipartSegment) -> None:
    """Refuse a *part* without a name, or one that has two of what describes it."""
    if not part.name:
        raise HTTPError(BAD_REQUEST, "A part of the form has no name.")
    names = [name for name, _ in part.headerlist]
    for name in ("Content-Disposition", "Content-Type"):
        if names.count(name) > 1:
            raise HTTPError(BAD_REQUEST, f"A part of the form has {name} twice.")


def _filename(part: MultipartSegment) -> str | None:
    """
    What the client calls the file in *part*; ``None`` if it is a field.

    No client should send ``filename*`` (RFC 7578 section 4.2), but some do for names
    that are not ASCII. If there is no other, it tells a file from a field all the same.
    """
    name: str | None = part.filename
    if name is not None:
        return name
    outside = _QUOTED.sub('""', part.header("Content-Disposition") or "")
    given = _EXTENDED_FILENAME.search(outside)
    if given is None:
        return None
    found = _extended_value(given[1])
    return unquote(found[2], found[1], "replace") if found else given[1]


class _Parts:
    """Builds a form from its parts as they are parsed."""

    def __init__(self, limits: BodyLimits) -> None:
        self.limits = limits
        self.form = Form()
        self._fields = self._files = 0
        self._file: UploadedFile | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._part: MultipartSegment

    def begin(self, part: MultipartSegment) -> None:
        """Begin a part."""
        _check_description(part)
        self._part = part
        self._size = 0
        self._pieces = []
        self._file = None
        filename = _filename(part)
        if filename is None:
            self._fields += 1
        else:
            self._files += 1
            self._open(part.name or "", filename)
        if self._fields > self.limits.fields or self._files > self.limits.files:
            refuse_too_large("Too many parts.")

    def _open(self, name: str, filename: str) -> None:
        kind = self._part.content_type or "application/octet-stream"
        spooled: IO[bytes] = SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115
        self._file = UploadedFile(filename, kind, spooled)
        self.form.files.setdefault(name, []).append(self._file)

    def take(self, piece: bytes) -> None:
        """Add a piece of the part's content."""
        self._size += len(piece)
        if self._file is None:
            if self._size > self.limits.field:
                refuse_too_large("A field is too long.")
            self._pieces.append(piece)
            return
        if self._size > self.limits.file:
            refuse_too_large("A file is too large.")
        self._file.content.write(piece)

    def end(self) -> None:
        """End the part."""
        name = self._part.name or ""
        if self._file is not None:
            self._file.content.seek(0)
            self._file.size = self._size
            if not self._file.name and not self._size:
                self._drop(name)
            return
        charset = find_charset(self._part.charset or UTF_8)
        value = decode_text(b"".join(self._pieces), charset)
        self.form.fields.setdefault(name, []).append(value)

    def _drop(self, name: str) -> None:
        """Forget an empty file without a name: what browsers send for no file."""
        files = self.form.files[name]
        files.pop().content.close()
        if not files:
            del self.form.files[name]

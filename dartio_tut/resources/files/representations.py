"""
A file as it is sent: which of its forms, and what is said of it.

Rule: what is said of a version of a file is made once, and kept while that file has the
same inode, time and size.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from stat import S_ISREG
from time import time
from typing import NamedTuple

from twisted.web.http import datetimeToString

from ..fields import SECURITY_FIELDS, Fields, merge_fields
from ..negotiation import best_coding
from .caching import CacheRule, cache_control
from .precompressed import CODINGS, PrecompressedFiles
from .safe_open import ABSENT_ERRORS, Opened, Opening
from .types import SIGNATURE_BYTES, ContentTypes

REMEMBERED_VERSIONS = 4096
"""Versions of files of which it is remembered what to say."""

NOT_MODIFIED_FIELDS = (b"cache-control", b"etag", b"expires", b"last-modified", b"vary")
"""Fields that a 304 has of those a 200 would have (RFC 9110 section 15.4.5)."""

Names = tuple[bytes, ...]


class FileMetadata(NamedTuple):
    """
    What is said of one version of a file.

    :ivar kind: its content type.
    :ivar etag: a strong entity tag: of the last change, in nanoseconds, and the size.
    :ivar changed: seconds since the epoch.
    :ivar validators: the fields of a 304.
    :ivar fields: those of a 200.
    """

    kind: bytes
    etag: bytes
    changed: int
    validators: Fields
    fields: Fields


class Representation(NamedTuple):
    """An open file to send, and what is said of it."""

    descriptor: int
    size: int
    metadata: FileMetadata


class Representations:
    """
    Finds the representation of a file to send.

    :param root: the folder that it is in.
    :param open: opens what is below it.
    :param precompressed: whether a sibling such as ``app.js.br`` may be sent instead.
    :param fields: given by hand, in place of those of the same name.
    """

    def __init__(
        self,
        root: bytes,
        open: Opening,
        types: ContentTypes,
        cache: Sequence[CacheRule],
        precompressed: bool,
        fields: Sequence[tuple[bytes, bytes]],
    ) -> None:
        self._root = root
        self._open = open
        self._types = types
        self._cache = cache
        self._precompressed = (
            PrecompressedFiles(root, types.by_name) if precompressed else None
        )
        self._fields = fields
        self._known: dict[tuple[object, ...], FileMetadata] = {}

    def opened_file(self, names: Names) -> Opened | None:
        """
        The file at *names*, if there is one.

        :raise OSError: when there is, but it cannot be opened.
        """
        try:
            descriptor, status = self._open(self._root, names)
        except OSError as error:
            if error.errno not in ABSENT_ERRORS:
                raise
            return None
        if S_ISREG(status.st_mode):
            return descriptor, status
        os.close(descriptor)
        return None

    def of(
        self, names: Names, opened: Opened, field: Callable[[bytes], bytes | None]
    ) -> Representation:
        """
        The form of the *opened* file at *names* that a client prefers.

        :param field: gives a field of the request.
        :raise OSError: when the file cannot be read; it is closed.
        """
        codings = self._precompressed.of(names) if self._precompressed else ()
        coding, sibling = None, None
        if codings:
            accept = field(b"accept-encoding")
            coding, sibling = self._sibling(names, accept, codings, opened[1])
        descriptor, status = sibling or opened
        try:
            metadata = self._metadata(names, opened, status, coding, codings)
        except OSError:
            os.close(descriptor)
            raise
        finally:
            if sibling:
                os.close(opened[0])
        return Representation(descriptor, status.st_size, metadata)

    def _sibling(
        self,
        names: Names,
        accept: bytes | None,
        codings: Sequence[bytes],
        status: os.stat_result,
    ) -> tuple[bytes | None, Opened | None]:
        """The coding and the sibling to send, if there is one: not an older one."""
        coding = best_coding(accept, codings)
        if coding is None:
            return None, None
        try:
            opened = self.opened_file((*names[:-1], names[-1] + CODINGS[coding]))
        except OSError:
            opened = None
        if opened and opened[1].st_mtime_ns >= status.st_mtime_ns:
            return coding, opened
        if opened:
            os.close(opened[0])
        others = [other for other in codings if other != coding]
        return self._sibling(names, accept, others, status)

    def _metadata(
        self,
        names: Names,
        plain: Opened,
        status: os.stat_result,
        coding: bytes | None,
        codings: Sequence[bytes],
    ) -> FileMetadata:
        version = status.st_ino, status.st_mtime_ns, status.st_size
        key = names, *version, coding, bool(codings)
        metadata = self._known.get(key)
        if metadata is None:
            name = names[-1] if names else os.path.basename(self._root)
            start = partial(os.pread, plain[0], SIGNATURE_BYTES, 0)
            control = cache_control(os.fsdecode(b"/".join(names) or name), self._cache)
            metadata = _describe(
                status,
                self._types.of(name, start).encode("latin-1"),
                control.encode("latin-1"),
                coding,
                bool(codings),
                self._fields,
            )
            if len(self._known) >= REMEMBERED_VERSIONS:
                self._known.clear()
            self._known[key] = metadata
        return metadata


def _describe(
    status: os.stat_result,
    kind: bytes,
    control: bytes,
    coding: bytes | None,
    varies: bool,
    more: Sequence[tuple[bytes, bytes]],
) -> FileMetadata:
    mark = b"-" + coding if coding else b""
    etag = b'"%x-%x%b"' % (status.st_mtime_ns, status.st_size, mark)
    # A date in the future would be no date to compare with (RFC 9110 8.8.2.1).
    changed = max(0, min(status.st_mtime_ns // 10**9, int(time())))
    own: Fields = (
        (b"Content-Type", kind),
        (b"Accept-Ranges", b"bytes"),
        (b"Last-Modified", datetimeToString(changed)),
        (b"ETag", etag),
        (b"Cache-Control", control),
    )
    if coding:
        own = (*own, (b"Content-Encoding", coding))
    if varies:
        own = (*own, (b"Vary", b"Accept-Encoding"))
    named = tuple(field for field in own if field[1])
    fields = merge_fields((*SECURITY_FIELDS, *named), more)
    validators = tuple(
        field for field in fields if field[0].lower() in NOT_MODIFIED_FIELDS
    )
    return FileMetadata(kind, etag, changed, validators, fields)

"""
A file as it is sent: which of its forms, and with which header fields.

Rule: the fields for a version of a file are made once, and kept for some seconds while
the file has the same device, inode, time of its last change, and size. Then its content
is looked at again, because a change through a mapping (mmap) leaves all these alone.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from stat import S_ISREG
from time import monotonic, time_ns
from typing import NamedTuple

from twisted.web.http import datetimeToString
from twisted.web.server import Request

from dartio_tut.wire import FieldSet

from ..fields import SECURITY_FIELDS, Fields, field_of, merge_fields
from ..negotiation import best_coding
from .caching import CacheRule, cache_control
from .entity_tags import entity_tag, is_date_strong, last_modified
from .field_rules import FieldRule, fields_for, fields_for_all
from .kept_contents import (
    BELIEVED_SECONDS,
    MAX_KEPT_FILE_BYTES,
    SETTLED_NS,
    KeptContents,
    KeptFile,
    Original,
)
from .path_segments import PathSegments
from .precompressed import SUFFIXES, PrecompressedFiles
from .private_files import PrivateFiles
from .remembered import Remembered
from .safe_open import ABSENT_ERRORS, OpenFunction
from .signatures import SIGNATURE_BYTES
from .types import OCTET_STREAM, ContentTypes
from .unsized import may_be_unsized

NOT_MODIFIED_FIELDS = (b"cache-control", b"etag", b"expires", b"last-modified", b"vary")
"""Fields that a 304 has of those a 200 would have (RFC 9110 section 15.4.5)."""

VALIDATORS = (b"accept-ranges", b"etag", b"last-modified")
"""Fields that promise that the same bytes can be had again."""

_GZIP_SIGNATURE = b"\x1f\x8b"


class OpenFile(NamedTuple):
    """
    A file that was found and opened.

    :ivar names: the names that lead to it, one below the other.
    :ivar coding: its content coding, when only its compressed form is there.
    :ivar varies: whether another Accept field leads to another file.
    """

    descriptor: int
    status: os.stat_result
    names: PathSegments
    coding: bytes | None = None
    varies: bool = False


class FileMetadata(NamedTuple):
    """
    What a response tells of one version of a file.

    :ivar kind: its content type.
    :ivar etag: a strong entity tag.
    :ivar changed: seconds since the epoch, or ``None`` when that is not known.
    :ivar is_date_strong: whether no other version of that second can have been sent.
    :ivar not_modified: the fields of a 304.
    :ivar fields: the fields of a 200.
    :ivar removed: the names of fields that are not sent, whoever has set them.
    :ivar may_be_unsized: whether its size may be wrong.
    :ivar coding: its content coding, if it is the compressed form of another file.
    """

    kind: bytes
    etag: bytes
    changed: int | None
    is_date_strong: bool
    not_modified: Fields
    fields: Fields
    removed: tuple[bytes, ...]
    may_be_unsized: bool
    coding: bytes | None


class _Described(NamedTuple):
    """
    A file that was described before.

    :ivar version: its device, inode, time of its last change, and size.
    :ivar until: until when these tell that it is the same. It is in the past for a file
        that was changed just now: the next change may have the same time.
    """

    version: tuple[int, int, int, int]
    metadata: FileMetadata
    until: float


Representation = tuple[int, os.stat_result, FileMetadata]
"""The descriptor and the status of an open file to send, and what is told of it."""


class Representations:
    """
    Find the representation of a file to send.

    :param root: the folder that it is in.
    :param open: opens what is below it.
    :param precompressed: whether ``app.js.br`` may be sent instead of ``app.js``.
    :param rules: header fields that take the place of those of the same name.
    :param private: files that are never sent.
    :param default: the content type of files of which nothing tells the type.
    """

    def __init__(
        self,
        root: bytes,
        open: OpenFunction,
        types: ContentTypes,
        cache: Sequence[CacheRule],
        precompressed: bool,
        rules: Sequence[FieldRule],
        private: PrivateFiles,
        default: str = OCTET_STREAM,
    ) -> None:
        self._root = root
        self._open = open
        self._types = types
        self._cache = cache
        self._precompressed = PrecompressedFiles(root) if precompressed else None
        self._rules = rules
        self._for_all = fields_for_all(rules)
        self._private = private
        self._default = default
        self._known: Remembered[
            tuple[PathSegments, bytes | None, bool],
            _Described,
        ] = Remembered()
        self._contents: KeptContents[FileMetadata] = (
            KeptContents(root, self._precompressed.none_until)
            if self._precompressed
            else KeptContents(root)
        )
        self.kept = self._contents.get
        """Return the file at some names, if its content is known and is what is sent
        for them."""

    def open_file(self, names: PathSegments) -> OpenFile | None:
        """
        Open the file at *names*; ``None`` when it does not exist.

        :raise OSError: when it is there, but cannot be opened.
        """
        try:
            descriptor, status = self._open(self._root, names)
        except OSError as error:
            if error.errno not in ABSENT_ERRORS:
                raise
            return None
        if S_ISREG(status.st_mode):
            return OpenFile(descriptor, status, names)
        os.close(descriptor)
        return None

    def keep(
        self, file: OpenFile, selected: Representation
    ) -> KeptFile[FileMetadata] | None:
        """
        Keep the content of *file*, or of the form that was selected of it, for `kept`
        and `kept_form`.

        :return: ``None`` if it cannot be kept.
        """
        descriptor, status, metadata = selected
        if (
            status.st_size > MAX_KEPT_FILE_BYTES
            or file.coding is not None
            or file.varies
            or metadata.may_be_unsized
        ):
            return None
        names, coding, original = file.names, metadata.coding, None
        if coding is not None:
            original = Original(names, file.status, coding)
            names = (*names[:-1], names[-1] + SUFFIXES[coding])
        return self._contents.keep(names, descriptor, status, metadata, original)

    def kept_form(
        self, names: PathSegments, request: Request
    ) -> KeptFile[FileMetadata] | None:
        """
        The compressed form of the file at *names* that the client prefers, if its
        content is known, and is what is sent for them.
        """
        forms = self._precompressed
        if forms is None or not forms.had_any(names):
            return None
        accept = field_of(request)(b"accept-encoding")
        coding = best_coding(accept, forms.codings(names))
        return None if coding is None else self._contents.get((names, coding))

    def codings(self, names: PathSegments) -> tuple[bytes, ...]:
        """Return the codings in which the file at *names* is there, itself or not."""
        return self._precompressed.codings(names) if self._precompressed else ()

    def open_lone(self, names: PathSegments, accept: bytes | None) -> OpenFile | None:
        """
        Open the compressed form of the file at *names*, which is itself absent.

        :param accept: the request's Accept-Encoding.
        :return: ``None`` when the client accepts none of those that exist.
        :raise OSError: when it is there, but cannot be opened.
        """
        codings = list(self.codings(names))
        while coding := best_coding(accept, codings):
            found = self.open_file((*names[:-1], names[-1] + SUFFIXES[coding]))
            if found and found.status.st_size:
                return OpenFile(found.descriptor, found.status, names, coding)
            if found:
                os.close(found.descriptor)
            codings.remove(coding)
        return None

    def select(self, file: OpenFile, request: Request) -> Representation:
        """
        Select the form of *file* that the client prefers. The others are closed.

        :raise OSError: when the file cannot be read, or is private; it is closed.
        """
        descriptor, status, names, coding, _ = file
        form: OpenFile | None = None
        varies = coding is not None
        if self._precompressed and coding is None:
            codings = self._precompressed.codings(names)
            if codings:
                varies = True
                accept = field_of(request)(b"accept-encoding")
                coding, form = self._open_form(
                    self._precompressed, file, accept, codings
                )
                if form:
                    descriptor, status = form.descriptor, form.status
        try:
            metadata = self._metadata(file, descriptor, status, coding, varies)
        except OSError:
            os.close(descriptor)
            raise
        finally:
            if form:
                os.close(file.descriptor)
        return descriptor, status, metadata

    def _open_form(
        self,
        precompressed: PrecompressedFiles,
        file: OpenFile,
        accept: bytes | None,
        codings: Sequence[bytes],
    ) -> tuple[bytes | None, OpenFile | None]:
        """Open the compressed form to send, unless all are too old or empty."""
        coding = best_coding(accept, codings)
        if coding is None:
            return None, None
        names, reason = file.names, "it is a link that is not followed"
        try:
            form = self.open_file((*names[:-1], names[-1] + SUFFIXES[coding]))
        except OSError as error:
            form, reason = None, error.strerror or "it cannot be opened"
        if form is None and precompressed.is_there(names, coding):
            precompressed.report(names, coding, file.status, reason)
        if form and precompressed.may_be_sent(
            names, coding, file.status, form.status, form.descriptor
        ):
            return coding, form
        if form:
            os.close(form.descriptor)
        others = [other for other in codings if other != coding]
        return self._open_form(precompressed, file, accept, others)

    def _metadata(
        self,
        file: OpenFile,
        descriptor: int,
        status: os.stat_result,
        coding: bytes | None,
        varies: bool,
    ) -> FileMetadata:
        key = file.names, coding, varies
        version = status.st_dev, status.st_ino, status.st_ctime_ns, status.st_size
        known = self._known.get(key)
        now = monotonic()
        if known is not None and known.version == version and now < known.until:
            return known.metadata
        if self._private.include(status):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        metadata = self._describe(file, descriptor, status, coding, varies)
        if known is not None:
            if known.version == version and known.metadata.etag == metadata.etag:
                metadata = known.metadata  # a date in the future stays what it was
            elif _may_be_confused(known.metadata, metadata):
                metadata = metadata._replace(is_date_strong=False)
        is_settled = status.st_ctime_ns < time_ns() - SETTLED_NS
        until = now + BELIEVED_SECONDS if is_settled else 0.0
        self._known.put(key, _Described(version, metadata, until))
        return metadata

    def _describe(
        self,
        file: OpenFile,
        descriptor: int,
        status: os.stat_result,
        coding: bytes | None,
        varies: bool,
    ) -> FileMetadata:
        name = file.names[-1] if file.names else os.path.basename(self._root)
        path = (b"/".join(file.names) or name).decode("utf-8", "surrogateescape")
        kind = self._content_type(file, name)
        etag = entity_tag(descriptor, status, coding)
        changed = last_modified(status)
        own: list[tuple[bytes, bytes]] = [
            (b"Content-Type", kind),
            (b"Accept-Ranges", b"bytes"),
            (b"ETag", etag),
        ]
        if changed is not None:
            own.append((b"Last-Modified", datetimeToString(changed)))
        control = cache_control(path, self._cache).encode("latin-1")
        if control:
            own.append((b"Cache-Control", control))
        codings = filter(None, (_stored_coding(name, file), coding))
        if applied := b", ".join(codings):
            own.append((b"Content-Encoding", applied))
        if varies:
            own.append((b"Vary", b"Accept-Encoding"))
        given = self.given(path)
        removed = tuple(name for name, value in given if not value)
        fields = merge_fields((*SECURITY_FIELDS, *own), given)
        kept = tuple(f for f in fields if f[0].lower() in NOT_MODIFIED_FIELDS)
        is_strong = is_date_strong(status)
        return FileMetadata(
            kind, etag, changed, is_strong, FieldSet(kept), FieldSet(fields), removed,
            may_be_unsized(descriptor, status), coding,
        )  # fmt: skip

    def given(self, path: str) -> list[tuple[bytes, bytes]]:
        """The fields that are given for this file, and the others for all files."""
        own = fields_for(path, self._rules)
        names = {name.lower() for name, _ in own} - {b"vary"}
        return [f for f in self._for_all if f[0].lower() not in names] + own

    def _content_type(self, file: OpenFile, name: bytes) -> bytes:
        def start() -> bytes:
            if file.coding:
                return b""  # what is there is compressed
            return os.pread(file.descriptor, SIGNATURE_BYTES, 0)

        return self._types.content_type(name, start, self._default).encode("latin-1")


def _may_be_confused(old: FileMetadata, new: FileMetadata) -> bool:
    """Whether a client that has a part of *old* may take its date for that of *new*."""
    if old.changed != new.changed:
        return False
    return old.etag != new.etag or not old.is_date_strong


def _stored_coding(name: bytes, file: OpenFile) -> bytes | None:
    """
    Return the content coding that belongs to the type that *name* tells. A compressed
    form of such a file has both codings.
    """
    if not name.lower().endswith(b".svgz"):
        return None
    if file.coding:  # of the file itself nothing is there that could be looked at
        return b"gzip"
    start = os.pread(file.descriptor, len(_GZIP_SIGNATURE), 0)
    return b"gzip" if start == _GZIP_SIGNATURE else None


def without_validators(fields: Fields) -> Fields:
    """Return *fields* for a content that may be another the next time."""
    return tuple(field for field in fields if field[0].lower() not in VALIDATORS)

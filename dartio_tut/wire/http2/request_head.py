"""
The head of a request: from the fields of a header section to facts.

It is the counterpart of `http1.request_head`: the same limits, the same targets and
hosts are refused, with the same status codes. A client repeats its fields from request
to request; facts about a section that came twice are kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from twisted.web.http import BAD_REQUEST

from ..http1 import protocol_error as errors
from ..http1.protocol_error import ErrorDetails
from ..http1.request_fields import CONDITIONAL_FIELDS, is_host
from ..limits import Limits

VERSION = b"HTTP/2"
"""As Twisted names it, where HTTP/1 has a version in its request line."""

KEPT_SECTIONS = 512
KEPT_SECTION_BYTES = 2048
MET_SECTIONS = 8 * KEPT_SECTIONS
"""As of `http1.request_head`."""

FIELD_OVERHEAD = 4
"""A colon, a space, CR and LF: what a field line of HTTP/1 has beside its field."""

TARGET_MALFORMED: ErrorDetails = (
    BAD_REQUEST,
    "malformed :path",
    "RFC 9113 section 8.3.1",
)
SCHEME_UNKNOWN: ErrorDetails = (
    BAD_REQUEST,
    "a :scheme other than http and https",
    "RFC 9113 section 8.3.1",
)
AUTHORITY_MALFORMED: ErrorDetails = (
    BAD_REQUEST,
    "malformed :authority or Host",
    "RFC 9113 section 8.3.1",
)
AUTHORITY_AND_HOST_DIFFER: ErrorDetails = (
    BAD_REQUEST,
    ":authority and Host name different hosts",
    "RFC 9113 section 8.3.1",
)

_is_target = re.compile(rb"[!\x22$-~]+").fullmatch
"""Visible ASCII without a fragment, as over HTTP/1."""


class RequestHead:
    """
    What a header section says. Never changed, and shared by requests with the same.

    :ivar method: the method.
    :ivar target: the path with its query.
    :ivar values: all values, by name; Host is what :authority says.
    :ivar length: the Content-Length, if there is one.
    :ivar conditional: whether there is a precondition or a Range.
    :ivar expects: whether the client waits for a 100 before it sends the body.
    :ivar size: bytes of all fields.
    """

    __slots__ = (
        "conditional",
        "error",
        "expects",
        "length",
        "method",
        "size",
        "target",
        "values",
    )
    version = VERSION

    def __init__(self, fields: Sequence[tuple[bytes, bytes]], limits: Limits) -> None:
        values: dict[bytes, list[bytes]] = {}
        self.values = values
        self.method = self.target = b""
        authority: bytes | None = None
        scheme = b"https"
        size = count = 0
        for name, value in fields:
            if name[0] == 58:  # ":"
                if name == b":method":
                    self.method = value
                elif name == b":path":
                    self.target = value
                elif name == b":authority":
                    authority = value
                else:
                    scheme = value
                continue
            size += len(name) + len(value) + FIELD_OVERHEAD
            count += 1
            found = values.get(name)
            if found is None:
                values[name] = [value]
            else:
                found.append(value)
        if authority:
            size += len(authority) + FIELD_OVERHEAD
            count += 1
        cookies = values.get(b"cookie")
        if cookies is not None and len(cookies) > 1:  # RFC 9113 section 8.2.3
            crumbs = len(cookies) - 1
            size -= crumbs * (len(b"cookie") + FIELD_OVERHEAD - len(b"; "))
            count -= crumbs
            if size <= limits.header_size:
                values[b"cookie"] = [b"; ".join(cookies)]
        self.size = size
        self.length = self._read_length()
        self.conditional = not CONDITIONAL_FIELDS.isdisjoint(values)
        self.expects = False
        self.error = self._find_error(authority, scheme, count, limits)

    @property
    def fields(self) -> RequestHead:
        """This: it has its header fields, whereas a head of HTTP/1 has them apart."""
        return self

    def _read_length(self) -> int | None:
        lengths = self.values.get(b"content-length")
        return None if lengths is None else int(lengths[0])

    def _find_error(
        self, authority: bytes | None, scheme: bytes, count: int, limits: Limits
    ) -> ErrorDetails | None:
        """Why the request is not to be served, if so."""
        line = len(self.method) + len(self.target) + len(b"  HTTP/1.1")
        if line > limits.request_line:
            return errors.REQUEST_LINE_TOO_LONG
        if self.size > limits.header_size:
            return errors.FIELDS_TOO_LARGE
        if count > limits.header_count:
            return errors.TOO_MANY_FIELDS
        if self.method == b"CONNECT":
            return errors.CONNECT_REFUSED
        if scheme.lower() not in (b"https", b"http"):
            return SCHEME_UNKNOWN
        if not _is_target(self.target):
            return TARGET_MALFORMED
        return self._read_host(authority) or self._read_expect()

    def _read_host(self, authority: bytes | None) -> ErrorDetails | None:
        """RFC 9113 section 8.3.1: :authority comes before Host, and agrees with it."""
        hosts = self.values.get(b"host")
        if not authority:
            authority = hosts[0] if hosts else b""
        elif hosts is not None and hosts[0].lower() != authority.lower():
            return AUTHORITY_AND_HOST_DIFFER
        if not authority or not is_host(authority):
            return AUTHORITY_MALFORMED
        self.values[b"host"] = [authority]
        return None

    def _read_expect(self) -> ErrorDetails | None:
        """RFC 9110 section 10.1.1: one expectation is known."""
        expectations = self.values.get(b"expect")
        if expectations is None:
            return None
        if [one.lower() for one in expectations] != [b"100-continue"]:
            return errors.UNKNOWN_EXPECTATION
        self.expects = True
        return None

    def joined(self, name: bytes) -> bytes | None:
        """All values of the field *name* (in lower case) as one list."""
        found = self.values.get(name)
        return None if found is None else b", ".join(found)

    def last(self, name: bytes) -> bytes | None:
        """The last value of the field *name* (in lower case), if there is one."""
        found = self.values.get(name)
        return None if found is None else found[-1]


class SectionReader:
    """Reads header sections within *limits*, and keeps what it learnt of them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._kept: dict[tuple[tuple[bytes, bytes], ...], RequestHead] = {}
        self._met: set[int] = set()

    def read(self, fields: Sequence[tuple[bytes, bytes]]) -> RequestHead:
        """
        The facts about a section, whose form is right.

        :return: with an `error`, when it is not to be served.
        """
        key = fields if fields.__class__ is tuple else tuple(fields)
        head = self._kept.get(key)
        if head is None:
            head = RequestHead(key, self._limits)
            size = head.size + len(head.target)
            if size <= KEPT_SECTION_BYTES and head.error is None:
                self._keep(key, head)
        return head

    def _keep(self, key: tuple[tuple[bytes, bytes], ...], head: RequestHead) -> None:
        mark = hash(key)
        if mark in self._met:  # a section that comes once is not worth keeping
            if len(self._kept) >= KEPT_SECTIONS:
                self._kept.clear()
            self._kept[key] = head
        else:
            if len(self._met) >= MET_SECTIONS:
                self._met.clear()
            self._met.add(mark)

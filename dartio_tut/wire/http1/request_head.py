"""
The head of a request, from bytes to facts: the request line and the header fields.

A client repeats its fields from request to request. Facts about a block of fields that
came twice are kept; then only the request line is judged.
"""

from __future__ import annotations

import re
from array import array

from ..limits import Limits
from . import protocol_error as errors
from .protocol_error import ProtocolError
from .request_fields import RequestFields, is_host

KEPT_BLOCKS = 512
MAX_KEPT_BLOCK_BYTES = 2048
"""Blocks of fields that are kept, and the bytes of the longest: a megabyte at most."""

SEEN_BLOCKS = 8 * KEPT_BLOCKS
"""
Blocks of which it is remembered that they came once: their hashes, 32 KiB. Each has one
place, which another block may take. A set of them would cost as much as a judgement.
"""

request_line = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!\x22$-~]+) (HTTP/([0-9])\.([0-9])\r\n)"
).match
"""
Method, target (visible ASCII without a fragment), version (RFC 9112 section 3).
The third group begins the block of fields.
"""

_absolute = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE).fullmatch


class HeadReader:
    """
    Reads heads within *limits*, and keeps what it learnt of blocks that come again.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._small = min(limits.request_line, limits.header_size)
        self._kept: dict[bytes, RequestFields] = {}
        self._met = array("q", bytes(8 * SEEN_BLOCKS))

    def read(self, head: bytes) -> tuple[bytes, bytes, RequestFields]:
        """
        The method, the target in origin form, and the fields of *head*.

        :param head: up to the empty line, and with it.
        :raise ProtocolError: when it is not to be served.
        """
        if len(head) > self._small:
            self._check_size(head)
        line = request_line(head)
        if line is None:
            raise ProtocolError(*errors.MALFORMED_REQUEST_LINE)
        method, target, _, major, minor = line.groups()
        if major != b"1" or minor > b"1":
            raise ProtocolError(*errors.UNKNOWN_VERSION)
        block = head[line.start(3) :]
        fields = self._kept.get(block)
        if fields is None:
            fields = self._learn(block)
        if target[0] != 47 or method == b"CONNECT":  # "/"
            target, host = _origin_form(method, target, fields)
            if host is not None and fields.host is None:
                fields = self._learn(block[:-2] + b"Host: %b\r\n\r\n" % host)
        return method, target, fields

    def _check_size(self, head: bytes) -> None:
        line = head.find(b"\r\n")
        if line > self._limits.request_line:
            raise ProtocolError(*errors.REQUEST_LINE_TOO_LONG)
        if len(head) - line > self._limits.header_size:
            raise ProtocolError(*errors.FIELDS_TOO_LARGE)

    def check_part(self, part: bytes, line_is_good: bool) -> bool:
        """
        Refuse the beginning of a head that cannot become a good one, so that nobody
        has to wait for the rest of it.

        :param line_is_good: whether the request line was found to be good before.
        :raise ProtocolError: when it is not to be served.
        :return: whether the request line is there, and good.
        """
        ends = part.count(b"\r\n")
        if part.count(b"\n") != ends or part.count(b"\r", 0, -1) > ends:
            raise _first_line_error(part, errors.BARE_CR_OR_LF)
        if not ends:
            if len(part.rstrip(b"\r")) > self._limits.request_line:
                raise ProtocolError(*errors.REQUEST_LINE_TOO_LONG)
            return False
        self._check_size(part)
        if not line_is_good and request_line(part) is None:
            raise _first_line_error(part, errors.MALFORMED_REQUEST_LINE)
        return True

    def _learn(self, block: bytes) -> RequestFields:
        fields = RequestFields(block, self._limits)
        if len(block) <= MAX_KEPT_BLOCK_BYTES:
            mark = hash(block)
            place = mark % SEEN_BLOCKS
            if self._met[place] == mark:  # a block that comes once is not worth keeping
                if len(self._kept) >= KEPT_BLOCKS:
                    self._kept.clear()
                self._kept[block] = fields
            else:
                self._met[place] = mark
        return fields


TLS_RECORD = b"\x16\x03"
"""How a TLS handshake begins (RFC 8446 section 5.1)."""


def _first_line_error(part: bytes, refusal: errors.ErrorDetails) -> ProtocolError:
    """The error for *refusal*, unless the client speaks TLS."""
    speaks_tls = part.startswith(TLS_RECORD)
    return ProtocolError(*(errors.TLS_WITHOUT_TLS if speaks_tls else refusal))


def skip_empty_line(data: bytes) -> bytes:
    """
    *data* without the one empty line before a request that is forgiven (RFC 9112
    section 2.2), as far as it has come.

    :raise ProtocolError: when there is another one, or a bare CR.
    """
    if data[0] != 13:  # CR
        return data
    if data[:2] not in (b"\r\n", b"\r"):
        raise ProtocolError(*errors.BARE_CR_OR_LF)
    if data[2:4] == b"\r\n":
        raise ProtocolError(*errors.EMPTY_LINES)
    return data[2:]


def _origin_form(
    method: bytes, target: bytes, fields: RequestFields
) -> tuple[bytes, bytes | None]:
    """
    What a target of another form asks this server for (RFC 9112 section 3.2), and the
    authority that it names, if any.

    :raise ProtocolError: for what only a proxy could do, and when target and Host name
        different authorities.
    """
    if method == b"CONNECT":
        raise ProtocolError(*errors.CONNECT_REFUSED)
    if target == b"*":
        if method != b"OPTIONS":
            raise ProtocolError(*errors.ASTERISK_REFUSED)
        return target, None
    absolute = _absolute(target)
    if absolute is None or not absolute[1] or not is_host(absolute[1]):
        raise ProtocolError(*errors.UNKNOWN_TARGET_FORM)
    authority, rest = absolute.groups()
    if fields.host is not None and fields.host.lower() != authority.lower():
        raise ProtocolError(*errors.TARGET_AND_HOST_DIFFER)
    return rest if rest.startswith(b"/") else b"/" + rest, authority

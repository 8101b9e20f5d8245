"""
The head of a request, from bytes to facts: the request line and its fields.

llhttp judges the grammar of the fields, strictly. It is fed whole heads only, so that
one parser serves all connections, no callback runs, and nothing behind a head (content,
the next request) ever reaches it. What it lets pass, and what two servers in a row
could read in two ways, is refused here. Judged lines are ``name ":" value CRLF`` with
no folding, bare CR or LF, or control bytes: cutting them at CRLF is safe.

A client repeats its fields from request to request. Facts about a block of fields that
came twice are kept; then only the request line is judged.
"""

from __future__ import annotations

import re

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

# Names, not the module: it looks each of them up for deprecation.
from twisted.web.http import (
    BAD_REQUEST,
    HTTP_VERSION_NOT_SUPPORTED,
    NOT_IMPLEMENTED,
    REQUEST_URI_TOO_LONG,
)

from ..limits import Limits

KEPT_BLOCKS = 512
KEPT_SIZE = 2048
"""Blocks kept, and the bytes of the longest: a megabyte of the commonest."""

UNBOUNDED = 10**18
"""A length too long for any limit: its digits are not worth counting."""

EXPECTATION_FAILED = 417
FIELDS_TOO_LARGE = 431
"""RFC 6585 section 5; Twisted has no name for it."""

CONDITIONS = {
    b"if-match",
    b"if-none-match",
    b"if-modified-since",
    b"if-unmodified-since",
    b"if-range",
    b"range",
}
"""Fields that make something else than all of a representation the answer."""

request_line = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!\x22$-~]+) (HTTP/([0-9])\.([0-9])\r\n)"
).match
"""
Method, target (visible ASCII without a fragment), version (RFC 9112 section 3).
The last group but two begins the block of fields.
"""

_host = re.compile(
    rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(?::[0-9]{0,5})?"
).fullmatch

_absolute = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE).fullmatch


class ProtocolError(Exception):
    """
    A request that gets no further than the wire.

    :param code: the status code to answer with, before the connection is closed.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Silent:
    """Callbacks for the parser: it only has to say that a message is complete."""

    def __init__(self) -> None:
        self.complete = False

    def on_message_complete(self) -> None:
        self.complete = True


_silent = _Silent()
_parser = HttpRequestParser(_silent)


def _judge(block: bytes) -> bool | None:
    """
    Have llhttp judge a block of fields, behind a version.

    :raise Refused: when its grammar is wrong.
    :return: whether the message ends with the block, as llhttp sees it; nothing when
        it stopped looking, because the client offers an upgrade.
    """
    _silent.complete = False
    try:
        # PATCH may have content and may have none.
        _parser.feed_data(b"PATCH / " + block)
    except HttpParserUpgrade:
        return None  # it is not taken: content and the next request follow as ever
    except HttpParserError:
        raise ProtocolError(BAD_REQUEST) from None
    finally:
        _parser.__init__(_silent)  # type: ignore[misc]  # forget, as if new
    return _silent.complete


class Fields:
    """
    What a block of fields says. Never changed, shared by all that sent these bytes.

    :param block: from the version to the empty line.
    :ivar values: all values, by lower-case name.
    :ivar version: ``b"HTTP/1.1"`` or ``b"HTTP/1.0"``.
    :ivar persistent: the client will go on with this connection.
    :ivar length: bytes of content; -1 when it is chunked.
    :ivar conditional: it has a precondition or a Range.
    :ivar expects: the client waits for a 100 before it sends content.
    :raise Refused: when the request cannot be served, or be understood in one way.
    """

    __slots__ = (
        "conditional",
        "expects",
        "host",
        "length",
        "persistent",
        "values",
        "version",
    )

    def __init__(self, block: bytes, limits: Limits) -> None:
        if block.count(b"\r\n") > limits.header_count + 2:
            raise ProtocolError(FIELDS_TOO_LARGE)
        complete = _judge(block)
        self.version = block[:8]
        self.values = _values(block)
        modern = self.version == b"HTTP/1.1"
        self.host = self._read_host(modern)
        self.persistent = self._read_connection(modern)
        self.length = self._read_length(modern)
        if complete is not None and complete != (self.length == 0):
            raise ProtocolError(BAD_REQUEST)  # llhttp and we must never disagree
        self.expects = self._read_expect(modern)
        self.conditional = not CONDITIONS.isdisjoint(self.values)

    def joined(self, name: bytes) -> bytes | None:
        """All values of the field *name* (in lower case) as one list."""
        found = self.values.get(name)
        return None if found is None else b", ".join(found)

    def last(self, name: bytes) -> bytes | None:
        """The last value of the field *name* (in lower case), if there is one."""
        found = self.values.get(name)
        return None if found is None else found[-1]

    def _read_host(self, modern: bool) -> bytes | None:
        """RFC 9112 section 3.2: one, well formed, unless the client is too old."""
        hosts = self.values.get(b"host", [])
        if not hosts and not modern:
            return None
        if len(hosts) != 1 or not _host(hosts[0]):
            raise ProtocolError(BAD_REQUEST)
        return hosts[0]

    def _read_connection(self, modern: bool) -> bool:
        """RFC 9112 section 9.3: whether the connection persists."""
        lines = self.values.get(b"connection")
        if lines is None:
            return modern
        tokens = {token.strip(b" \t") for token in b",".join(lines).lower().split(b",")}
        return b"close" not in tokens and (modern or b"keep-alive" in tokens)

    def _read_length(self, modern: bool) -> int:
        """RFC 9112 section 6.3: how long the content is, said in one way."""
        codings = self.values.get(b"transfer-encoding")
        lengths = self.values.get(b"content-length")
        if codings is not None:
            if lengths is not None or not modern:
                raise ProtocolError(BAD_REQUEST)
            if [coding.lower() for coding in codings] != [b"chunked"]:
                raise ProtocolError(NOT_IMPLEMENTED)
            return -1
        if lengths is None:
            return 0
        if len(lengths) != 1 or not lengths[0].isdigit():
            raise ProtocolError(BAD_REQUEST)
        return int(lengths[0]) if len(lengths[0]) < 19 else UNBOUNDED

    def _read_expect(self, modern: bool) -> bool:
        """RFC 9110 section 10.1.1: one expectation is known; HTTP/1.0 has none."""
        expectations = self.values.get(b"expect")
        if expectations is None or not modern:
            return False
        if [one.lower() for one in expectations] != [b"100-continue"]:
            raise ProtocolError(EXPECTATION_FAILED)
        return self.length != 0


def _values(block: bytes) -> dict[bytes, list[bytes]]:
    """The values of the judged lines of *block*, by lower-case name."""
    values: dict[bytes, list[bytes]] = {}
    for line in block[:-4].split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        values.setdefault(name.lower(), []).append(value.strip(b" \t"))
    return values


class HeadReader:
    """
    Reads heads within *limits*, and keeps what it learnt of blocks that come again.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._small = min(limits.request_line, limits.header_size)
        self._kept: dict[bytes, Fields] = {}
        self._met: set[int] = set()

    def read(self, head: bytes) -> tuple[bytes, bytes, Fields]:
        """
        The method, the target in origin form, and the fields of *head*.

        :param head: up to and with the empty line.
        :raise Refused: when it is not to be served.
        """
        if len(head) > self._small:
            self._check_size(head)
        line = request_line(head)
        if line is None:
            raise ProtocolError(BAD_REQUEST)
        method, target, _, major, minor = line.groups()
        if major != b"1" or minor > b"1":
            raise ProtocolError(HTTP_VERSION_NOT_SUPPORTED)
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
            raise ProtocolError(REQUEST_URI_TOO_LONG)
        if len(head) - line > self._limits.header_size:
            raise ProtocolError(FIELDS_TOO_LARGE)

    def check_part(self, part: bytes, line_is_good: bool) -> bool:
        """
        Refuse the beginning of a head that cannot become a good one, so that nobody
        has to wait for the rest of it.

        :param line_is_good: the request line was found good before.
        :raise Refused: when it is not to be served.
        :return: whether the request line is there, and good.
        """
        ends = part.count(b"\r\n")
        if part.count(b"\n") != ends or part.count(b"\r", 0, -1) > ends:
            raise ProtocolError(BAD_REQUEST)  # a bare LF or CR
        if not ends:
            if len(part.rstrip(b"\r")) > self._limits.request_line:
                raise ProtocolError(REQUEST_URI_TOO_LONG)
            return False
        self._check_size(part)
        if not line_is_good and request_line(part) is None:
            raise ProtocolError(BAD_REQUEST)
        return True

    def _learn(self, block: bytes) -> Fields:
        fields = Fields(block, self._limits)
        if len(block) <= KEPT_SIZE:
            sign = hash(block)
            if sign in self._met:  # what comes once is not worth keeping
                if len(self._kept) >= KEPT_BLOCKS:
                    self._kept.clear()
                self._kept[block] = fields
            else:
                if len(self._met) >= 8 * KEPT_BLOCKS:
                    self._met.clear()
                self._met.add(sign)
        return fields


def behind_empty_line(data: bytes) -> bytes:
    """
    *data* without the one empty line before a request that is forgiven (RFC 9112
    section 2.2), as far as it has come.

    :raise Refused: when there is more of it, or another start that is none.
    """
    if data[0] != 13:  # CR
        return data
    if data[:2] not in (b"\r\n", b"\r") or data[2:4] == b"\r\n":
        raise ProtocolError(BAD_REQUEST)
    return data[2:]


def _origin_form(
    method: bytes, target: bytes, fields: Fields
) -> tuple[bytes, bytes | None]:
    """
    What a target of another form asks this server for (RFC 9112 section 3.2), and the
    authority it names, if any.

    :raise Refused: for what only a proxy could do, or when target and Host name
        different authorities.
    """
    if method == b"CONNECT":
        raise ProtocolError(NOT_IMPLEMENTED)
    if target == b"*":
        if method != b"OPTIONS":
            raise ProtocolError(BAD_REQUEST)
        return target, None
    absolute = _absolute(target)
    if absolute is None or not absolute[1] or not _host(absolute[1]):
        raise ProtocolError(BAD_REQUEST)
    authority, rest = absolute.groups()
    if fields.host is not None and fields.host.lower() != authority.lower():
        raise ProtocolError(BAD_REQUEST)
    return rest if rest.startswith(b"/") else b"/" + rest, authority

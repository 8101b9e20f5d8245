"""
What the header fields of a request say, beyond their grammar.

Most requests are plain: one Host, no body, nothing that asks for more than the response
itself. One regular expression knows them, in half of the time that all else takes.
Whatever it does not match may be good or bad, and is judged by llhttp.

llhttp judges the grammar of the fields, strictly. It is fed whole heads only, so that
one parser serves all connections, no callback runs, and nothing that follows a head (a
body, the next request) ever reaches it. What it lets pass, and what two servers in a
row could read in two ways, is refused here. Judged lines are ``name ":" value CRLF``
with no folding, bare CR or LF, or control bytes: cutting them at CRLF is safe.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from ..limits import Limits
from . import protocol_error as errors
from .protocol_error import ProtocolError

KEPT_VALUES = 64
"""Values of Host and of Connection of which it is kept what they mean: mostly one."""

HUGE_LENGTH = 10**18
"""A length above any limit: its digits are not worth counting."""

TAB = ord("\t")
"""Looking for a number in bytes costs a twentieth of looking for bytes there."""

LENGTH_DIGITS = 18
"""More digits than that are above any limit."""

CONDITIONAL_FIELDS = frozenset(
    {
        b"if-match",
        b"if-none-match",
        b"if-modified-since",
        b"if-unmodified-since",
        b"if-range",
        b"range",
    }
)
"""Fields that may ask for something other than the whole representation."""

_framing_fields = re.compile(
    rb"\r\n(host|connection|content-length|transfer-encoding|expect"
    rb"|%b):[ \t]*+([^\r]*+)" % b"|".join(sorted(CONDITIONAL_FIELDS))
).finditer

_host = re.compile(
    rb"(?:\[([0-9A-Fa-f:.]+)\]"
    rb"|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]{0,5})?"
).fullmatch

PLAIN_FIELDS = 40
"""Fields before Host, and as many after it, with which a block is still plain."""

_plain_field = (
    rb"\r\n"
    rb"(?![CcEeHhIiRrTt](?:[Oo][NnSs]|[Xx]|[Ff]|[Aa][Nn]|[Rr][Aa][Nn])"
    rb"(?!nection: [Kk]eep-[Aa]live\r))"
    rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[\t -~\x80-\xFF]*+"
)
"""
A field whose name does not begin as that of a framing field does: C-on, H-os, T-ran,
E-x, I-f, R-an. Connection may say what holds in any case: that it is to be kept alive.
"""

_plain_block = re.compile(
    rb"HTTP/1\.1(?:%b){0,%d}\r\n[Hh]ost: ?([^\r \t]++)(?:%b){0,%d}\r\n\r\n"
    % (_plain_field, PLAIN_FIELDS, _plain_field, PLAIN_FIELDS)
).fullmatch
"""
A block of HTTP/1.1 with one Host. Going back from field to field, of which there are
few, finds no other Host: it is linear.
"""

_space_at_end = re.compile(rb"(?<=[^\r\n \t])[ \t]+(?=\r\n)")
_space_at_start = re.compile(rb"(?<=:)[ \t]+")
"""Optional white space around a value (RFC 9112 section 5), which llhttp dislikes."""


_Framing = dict[bytes, list[bytes]]
"""Values of fields that decide how a request is taken, by name."""


class _MessageEnd:
    """Callbacks for the parser, which only has to tell that a message is complete."""

    def __init__(self) -> None:
        self.is_complete = False

    def on_message_complete(self) -> None:
        self.is_complete = True


_message_end = _MessageEnd()
_parser = HttpRequestParser(_message_end)


def _judge(block: bytes) -> bool | None:
    """
    Have llhttp judge a block of fields that follows a version.

    :raise ProtocolError: when its grammar is wrong.
    :return: whether the message ends with the block, as llhttp sees it; ``None`` when
        it stopped looking, because the client offers an upgrade.
    """
    if TAB in block:
        block = _space_at_start.sub(b" ", _space_at_end.sub(b"", block))
    _message_end.is_complete = False
    try:
        # PATCH may have a body, and need not have one.
        _parser.feed_data(b"PATCH / " + block)
    except HttpParserUpgrade:
        return None  # it is declined: the body and the next request follow as usual
    except HttpParserError:
        raise ProtocolError(*errors.MALFORMED_FIELDS) from None
    finally:
        _parser.__init__(_message_end)  # type: ignore[misc]  # as if it were new
    return _message_end.is_complete


class RequestFields:
    """
    What a block of header fields says. Never changed, and shared by all requests that
    came with the same bytes.

    :param block: from the version to the empty line.
    :ivar version: ``b"HTTP/1.1"`` or ``b"HTTP/1.0"``.
    :ivar persistent: whether the client wants to go on with this connection.
    :ivar length: bytes of the body; -1 when it is chunked.
    :ivar conditional: whether there is a precondition or a Range.
    :ivar expects: whether the client waits for a 100 before it sends the body.
    :raise ProtocolError: when the request cannot be served, or can be understood in
        more than one way.
    """

    __slots__ = (
        "_block",
        "_values",
        "conditional",
        "expects",
        "host",
        "length",
        "persistent",
        "version",
    )

    def __init__(self, block: bytes, limits: Limits) -> None:
        self._block = block
        self._values: dict[bytes, list[bytes]] | None = None
        plain = _plain_block(block)
        if plain and is_host(plain[1]) and limits.header_count > 2 * PLAIN_FIELDS:
            self.version, self.host = b"HTTP/1.1", plain[1]
            self.persistent, self.length = True, 0
            self.expects = self.conditional = False
            return
        self._judge_all(limits)

    def _judge_all(self, limits: Limits) -> None:
        """What `__init__` does, for any block."""
        block = self._block
        if block.count(b"\r\n") > limits.header_count + 2:
            raise ProtocolError(*errors.TOO_MANY_FIELDS)
        ends_with_head = _judge(block)
        self.version = block[:8]
        framing = _framing_values(block)
        is_http11 = self.version == b"HTTP/1.1"
        self.host = _read_host(framing, is_http11)
        self.persistent = _read_connection(framing, is_http11)
        self.length = _read_length(framing, is_http11)
        if ends_with_head is not None and ends_with_head != (self.length == 0):
            raise ProtocolError(*errors.LENGTH_UNCLEAR)
        self.expects = _read_expect(framing, is_http11) and self.length != 0
        self.conditional = not CONDITIONAL_FIELDS.isdisjoint(framing)

    @property
    def values(self) -> dict[bytes, list[bytes]]:
        """All values, by name in lower case; split at the first look."""
        if self._values is None:
            self._values = _all_values(self._block)
        return self._values

    def joined(self, name: bytes) -> bytes | None:
        """All values of the field *name* (in lower case) as one list."""
        found = self.values.get(name)
        return None if found is None else b", ".join(found)

    def last(self, name: bytes) -> bytes | None:
        """The last value of the field *name* (in lower case), if there is one."""
        found = self.values.get(name)
        return None if found is None else found[-1]


def _read_host(framing: _Framing, is_http11: bool) -> bytes | None:
    """RFC 9112 section 3.2: one, well formed; HTTP/1.0 may go without."""
    hosts = framing.get(b"host")
    if hosts is None:
        if is_http11:
            raise ProtocolError(*errors.HOST_MISSING)
        return None
    if len(hosts) != 1:
        raise ProtocolError(*errors.HOST_REPEATED)
    if not is_host(hosts[0]):
        raise ProtocolError(*errors.HOST_MALFORMED)
    return hosts[0]


def _read_connection(framing: _Framing, is_http11: bool) -> bool:
    """RFC 9112 section 9.3: whether the connection persists."""
    lines = framing.get(b"connection")
    if lines is None:
        return is_http11
    tokens = _connection_options(b",".join(lines))
    return b"close" not in tokens and (is_http11 or b"keep-alive" in tokens)


def _read_length(framing: _Framing, is_http11: bool) -> int:
    """RFC 9112 section 6.3: how long the body is, said in one way."""
    codings = framing.get(b"transfer-encoding")
    lengths = framing.get(b"content-length")
    if codings is not None:
        if lengths is not None:
            raise ProtocolError(*errors.LENGTH_AND_CODING)
        if not is_http11:
            raise ProtocolError(*errors.CODING_IN_HTTP10)
        if [coding.lower() for coding in codings] != [b"chunked"]:
            raise ProtocolError(*errors.UNKNOWN_CODING)
        return -1
    if lengths is None:
        return 0
    if len(lengths) != 1:
        raise ProtocolError(*errors.LENGTH_REPEATED)
    if not lengths[0].isdigit():
        raise ProtocolError(*errors.LENGTH_MALFORMED)
    return int(lengths[0]) if len(lengths[0]) <= LENGTH_DIGITS else HUGE_LENGTH


def _read_expect(framing: _Framing, is_http11: bool) -> bool:
    """RFC 9110 section 10.1.1: one expectation is known; HTTP/1.0 has none."""
    expectations = framing.get(b"expect")
    if expectations is None or not is_http11:
        return False
    if [one.lower() for one in expectations] != [b"100-continue"]:
        raise ProtocolError(*errors.UNKNOWN_EXPECTATION)
    return True


def _framing_values(block: bytes) -> _Framing:
    """The values of the fields in *block* that decide how a request is taken."""
    values: _Framing = {}
    for found in _framing_fields(block.lower()):
        start, end = found.span(2)
        values.setdefault(found[1], []).append(block[start:end].rstrip(b" \t"))
    return values


@lru_cache(KEPT_VALUES)
def _connection_options(value: bytes) -> frozenset[bytes]:
    """The options in the *value* of a Connection field, in lower case."""
    return frozenset(option.strip(b" \t") for option in value.lower().split(b","))


def _all_values(block: bytes) -> dict[bytes, list[bytes]]:
    """The values of the judged lines of *block*, by name in lower case."""
    values: dict[bytes, list[bytes]] = {}
    for line in block[:-4].split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        values.setdefault(name.lower(), []).append(value.strip(b" \t"))
    return values


@lru_cache(KEPT_VALUES)
def is_host(value: bytes) -> bool:
    """Whether *value* is a host with or without a port (RFC 3986 section 3.2)."""
    found = _host(value)
    if found is None:
        return False
    if found[1] is None:
        return True
    try:
        IPv6Address(found[1].decode("ascii"))
    except ValueError:
        return False
    return True

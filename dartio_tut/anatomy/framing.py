"""
How a message ends (RFC 9112 section 6.3), and what forbids to say so.
"""

from __future__ import annotations

import re
from enum import Enum
from ipaddress import IPv6Address
from typing import NamedTuple

from . import faults
from .faults import Fault
from .fields import Values
from .first_line import FirstLine

MAX_LENGTH = 2**63 - 1
"""No body is longer."""

LENGTH_DIGITS = 19
"""Those of `MAX_LENGTH`."""

_digits = re.compile(rb"[0-9]+").fullmatch
_host = re.compile(
    rb"(?:\[([0-9A-Fa-f:.]{2,45})\]"
    rb"|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]{0,5})?"
).fullmatch
_absolute = re.compile(rb"https?://([^/?]*)", re.IGNORECASE).match


class BodyEnd(Enum):
    """Where the body ends."""

    NO_BODY = "no body"
    LENGTH = "after so many bytes"
    CHUNKED = "after the last chunk"
    CONNECTION = "with the connection"
    OTHER_PROTOCOL = "HTTP ends with the head"
    AMBIGUOUS = "nobody can tell"


class Framing(NamedTuple):
    """
    :ivar body_end: how the end of the body is found.
    :ivar length: how many bytes it has, if that is said.
    :ivar fault: what is wrong with how it is said.
    """

    body_end: BodyEnd
    length: int = 0
    fault: Fault | None = None


def request_framing(line: FirstLine, values: Values) -> Framing:
    """The framing of a request."""
    framing = _framing(line, values)
    return framing or Framing(BodyEnd.NO_BODY)


def response_framing(line: FirstLine, values: Values, method: bytes) -> Framing:
    """The framing of a final response to a request with this *method*."""
    if line.status == 101 or (method == b"CONNECT" and 200 <= line.status < 300):
        return Framing(BodyEnd.OTHER_PROTOCOL)
    if method == b"HEAD" or line.status in (204, 304) or 100 <= line.status < 200:
        return Framing(BodyEnd.NO_BODY)
    return _framing(line, _tolerated(values)) or Framing(BodyEnd.CONNECTION)


def _tolerated(values: Values) -> Values:
    """
    *values* with what a client must or may put up with made plain: one length that is
    said several times, and codings before chunked, or in place of it.
    """
    lengths = values.get(b"content-length", [])
    codings = values.get(b"transfer-encoding")
    plain = values
    same = {one.strip() for one in b",".join(lengths).split(b",")}
    if len(lengths) and len(same) == 1:
        plain = {**plain, b"content-length": list(same)}
    if codings is not None:
        last = b",".join(codings).lower().rpartition(b",")[2].strip()
        plain = {**plain, b"transfer-encoding": [last]}
        if last and last != b"chunked" and not lengths:
            del plain[b"transfer-encoding"]
    return plain


def _framing(line: FirstLine, values: Values) -> Framing | None:
    """The framing that the fields tell; `None` if they tell none."""
    codings = values.get(b"transfer-encoding")
    lengths = values.get(b"content-length")
    if codings is not None:
        if lengths is not None:
            return Framing(BodyEnd.AMBIGUOUS, 0, faults.LENGTH_AND_CODING)
        if line.version == b"HTTP/1.0":
            return Framing(BodyEnd.AMBIGUOUS, 0, faults.CODING_IN_HTTP10)
        if [coding.lower() for coding in codings] != [b"chunked"]:
            return Framing(BodyEnd.AMBIGUOUS, 0, faults.UNKNOWN_CODING)
        return Framing(BodyEnd.CHUNKED)
    if lengths is None:
        return None
    if len(lengths) != 1:
        return Framing(BodyEnd.AMBIGUOUS, 0, faults.LENGTH_REPEATED)
    if not _digits(lengths[0]):
        return Framing(BodyEnd.AMBIGUOUS, 0, faults.LENGTH_MALFORMED)
    digits = lengths[0].lstrip(b"0")
    is_huge = len(digits) > LENGTH_DIGITS or int(digits or b"0") > MAX_LENGTH
    if is_huge:
        return Framing(BodyEnd.AMBIGUOUS, 0, faults.LENGTH_HUGE)
    return Framing(BodyEnd.LENGTH, int(digits or b"0"))


def host_fault(line: FirstLine, values: Values) -> Fault | None:
    """What is wrong with the field Host of a request (RFC 9112 section 3.2)."""
    hosts = values.get(b"host")
    if hosts is None:
        return faults.HOST_MISSING if line.version == b"HTTP/1.1" else None
    if len(hosts) != 1:
        return faults.HOST_REPEATED
    return None if _is_host(hosts[0]) else faults.HOST_MALFORMED


def expect_fault(line: FirstLine, values: Values) -> Fault | None:
    """What is wrong with the field Expect of a request."""
    expectations = values.get(b"expect")
    if expectations is None or line.version == b"HTTP/1.0":
        return None
    known = [one.lower() for one in expectations] == [b"100-continue"]
    return None if known else faults.UNKNOWN_EXPECTATION


def target_fault(line: FirstLine, values: Values) -> Fault | None:
    """What is wrong with the form of a request target (RFC 9112 section 3.2)."""
    if line.method == b"CONNECT":
        return faults.CONNECT_REFUSED
    if line.target.startswith(b"/"):
        return None
    if line.target == b"*":
        return None if line.method == b"OPTIONS" else faults.ASTERISK_REFUSED
    absolute = _absolute(line.target)
    if absolute is None or not absolute[1] or not _is_host(absolute[1]):
        return faults.UNKNOWN_TARGET_FORM
    hosts = values.get(b"host")
    if hosts and hosts[0].lower() != absolute[1].lower():
        return faults.TARGET_AND_HOST_DIFFER
    return None


def _is_host(value: bytes) -> bool:
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

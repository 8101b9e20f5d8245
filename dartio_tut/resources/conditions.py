"""
What to answer to a conditional or partial request (RFC 9110 sections 13 and 14).

Pure: the fields of a request and the validators of a representation are turned into a
status code and ranges. Nothing is sent here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from twisted.web.http import (
    NOT_MODIFIED,
    OK,
    PARTIAL_CONTENT,
    PRECONDITION_FAILED,
    REQUESTED_RANGE_NOT_SATISFIABLE,
)

from .http_dates import parse_http_date
from .ranges import ByteRange, parse_ranges

_tags = re.compile(rb'(W/)?("[\x21\x23-\x7e\x80-\xff]*")').finditer


class ConditionsResult(NamedTuple):
    """The status code of the response, and the parts to send."""

    code: int
    parts: Sequence[ByteRange] = ()


_NOT_MODIFIED = ConditionsResult(NOT_MODIFIED)
"""Browsers and caches ask mostly for this: it is made once."""


def evaluate_conditions(
    lines: Callable[[bytes], Sequence[bytes] | None],
    etag: bytes,
    changed: int | None,
    size: int,
    method: bytes = b"GET",
    is_date_strong: bool = True,
) -> ConditionsResult:
    """
    Decide what to answer to GET or HEAD, in the order of RFC 9110 section 13.2.2.

    :param lines: returns the values of a request's field by its lower-case name.
    :param etag: the strong entity tag, with its quotes.
    :param changed: when the representation was last changed, in whole seconds; when
        that is not known, conditions with dates are ignored.
    :param size: how many bytes the representation has.
    :param method: ranges are for GET only (section 14.2).
    :param is_date_strong: whether *changed* tells this representation from all others
        that were sent; an If-Range with a date counts only then (section 13.1.5).
    """
    if match := lines(b"if-match"):
        if not is_match(_joined(match), etag):
            return ConditionsResult(PRECONDITION_FAILED)
    elif unmodified := lines(b"if-unmodified-since"):
        date = parse_http_date(_joined(unmodified))
        if date is not None and changed is not None and changed > date:
            return ConditionsResult(PRECONDITION_FAILED)
    if none_match := lines(b"if-none-match"):
        # Mostly it is the only one, and nothing has to be taken apart.
        if etag in none_match or is_match(_joined(none_match), etag, weakly=True):
            return _NOT_MODIFIED
    elif modified := lines(b"if-modified-since"):
        date = parse_http_date(_joined(modified))
        if date is not None and changed is not None and changed <= date:
            return _NOT_MODIFIED
    asked = lines(b"range") if method == b"GET" else None
    date = changed if is_date_strong else None
    if not asked or not _still_holds(lines(b"if-range"), etag, date):
        return ConditionsResult(OK, ((0, size),))
    parts = parse_ranges(_joined(asked), size)
    if parts is None:
        return ConditionsResult(OK, ((0, size),))
    code = PARTIAL_CONTENT if parts else REQUESTED_RANGE_NOT_SATISFIABLE
    return ConditionsResult(code, parts)


def _joined(lines: Sequence[bytes]) -> bytes:
    """The value of a field that has these *lines* (RFC 9110 section 5.3)."""
    return lines[0] if len(lines) == 1 else b", ".join(lines)


def is_match(listed: bytes, etag: bytes, weakly: bool = False) -> bool:
    """
    Whether *etag* is among those that the value of If-Match or If-None-Match lists.

    :param weakly: whether weak tags count (RFC 9110 section 8.8.3.2).
    """
    if listed.strip() == b"*":
        return True
    return any(tag[2] == etag and (weakly or not tag[1]) for tag in _tags(listed))


def _still_holds(
    if_range: Sequence[bytes] | None, etag: bytes, changed: int | None
) -> bool:
    """Tell whether the part that the client has is of this representation."""
    if not if_range:
        return True
    value = _joined(if_range)
    if value == etag:
        return True
    return changed is not None and parse_http_date(value) == changed

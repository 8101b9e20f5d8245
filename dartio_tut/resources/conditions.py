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


def evaluate_conditions(
    field: Callable[[bytes], bytes | None],
    etag: bytes,
    changed: int | None,
    size: int,
    method: bytes = b"GET",
    is_date_strong: bool = True,
) -> ConditionsResult:
    """
    Decide what to answer to GET or HEAD, in the order of RFC 9110 section 13.2.2.

    :param field: returns a request's field by its lower-case name, all lines joined.
    :param etag: the strong entity tag, with its quotes.
    :param changed: when the representation was last changed, in whole seconds; when
        that is not known, conditions with dates are ignored.
    :param size: how many bytes the representation has.
    :param method: ranges are for GET only (section 14.2).
    :param is_date_strong: whether *changed* tells this representation from all others
        that were sent; an If-Range with a date counts only then (section 13.1.5).
    """
    match, unmodified = field(b"if-match"), field(b"if-unmodified-since")
    if match is not None:
        if not is_match(match, etag):
            return ConditionsResult(PRECONDITION_FAILED)
    elif unmodified is not None:
        date = parse_http_date(unmodified)
        if date is not None and changed is not None and changed > date:
            return ConditionsResult(PRECONDITION_FAILED)
    none_match, modified = field(b"if-none-match"), field(b"if-modified-since")
    if none_match is not None:
        if is_match(none_match, etag, weakly=True):
            return ConditionsResult(NOT_MODIFIED)
    elif modified is not None:
        date = parse_http_date(modified)
        if date is not None and changed is not None and changed <= date:
            return ConditionsResult(NOT_MODIFIED)
    asked = field(b"range") if method == b"GET" else None
    date = changed if is_date_strong else None
    if asked is None or not _still_holds(field(b"if-range"), etag, date):
        return ConditionsResult(OK, ((0, size),))
    parts = parse_ranges(asked, size)
    if parts is None:
        return ConditionsResult(OK, ((0, size),))
    code = PARTIAL_CONTENT if parts else REQUESTED_RANGE_NOT_SATISFIABLE
    return ConditionsResult(code, parts)


def is_match(listed: bytes, etag: bytes, weakly: bool = False) -> bool:
    """
    Whether *etag* is among those that the value of If-Match or If-None-Match lists.

    :param weakly: whether weak tags count (RFC 9110 section 8.8.3.2).
    """
    if listed.strip() == b"*":
        return True
    return any(tag[2] == etag and (weakly or not tag[1]) for tag in _tags(listed))


def _still_holds(if_range: bytes | None, etag: bytes, changed: int | None) -> bool:
    """Tell whether the part that the client has is of this representation."""
    if if_range is None or if_range == etag:
        return True
    return changed is not None and parse_http_date(if_range) == changed

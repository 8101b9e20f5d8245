"""
Dates in header fields (RFC 9110 section 5.6.7).

Rule: a date that is not in the calendar is no date, and a field that holds it is to be
ignored.
"""

from __future__ import annotations

import re
from calendar import monthrange, timegm
from datetime import UTC, datetime
from functools import lru_cache

MAX_DATE_BYTES = 40
"""``Wednesday, 09-Nov-94 08:49:37 GMT`` has 33."""

REMEMBERED_DATES = 1024
"""Different dates of which the result is kept."""

_MONTHS = (b"jan", b"feb", b"mar", b"apr", b"may", b"jun",
           b"jul", b"aug", b"sep", b"oct", b"nov", b"dec")  # fmt: skip

_DAY = rb"(?:mon|tue|wed|thu|fri|sat|sun)"
_LONG_DAY = rb"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTH = rb"(?P<month>" + b"|".join(_MONTHS) + rb")"
_TIME = rb"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"

_FORMATS = [
    re.compile(form, re.IGNORECASE).fullmatch
    for form in (
        _DAY + rb", (?P<day>[0-9]{2}) " + _MONTH + rb" (?P<year>[0-9]{4}) "
        + _TIME + rb" GMT",
        _LONG_DAY + rb", (?P<day>[0-9]{2})-" + _MONTH + rb"-(?P<year>[0-9]{2}) "
        + _TIME + rb" GMT",
        _DAY + rb" " + _MONTH + rb" (?P<day>[0-9 ][0-9]) " + _TIME
        + rb" (?P<year>[0-9]{4})",
    )
]  # fmt: skip
"""As every server writes it today, as RFC 850 had it, and as C's ``asctime`` does."""


def parse_http_date(value: bytes) -> int | None:
    """
    Return the seconds since the epoch that the date *value* stands for; ``None`` when
    it is malformed, or not in the calendar.
    """
    return _parse(value.strip(b" \t")) if len(value) <= MAX_DATE_BYTES else None


@lru_cache(REMEMBERED_DATES)
def _parse(value: bytes) -> int | None:
    found = next(filter(None, (form(value) for form in _FORMATS)), None)
    if found is None:
        return None
    month = _MONTHS.index(found["month"].lower()) + 1
    day, hour, minute, second = (
        int(found[part]) for part in ("day", "hour", "minute", "second")
    )
    year = (
        _full_year(int(found["year"]))
        if len(found["year"]) == 2
        else int(found["year"])
    )
    if year < 1 or not 1 <= day <= monthrange(year, month)[1]:
        return None
    if hour > 23 or minute > 59 or second > 60:  # there are leap seconds
        return None
    return timegm((year, month, day, hour, minute, second))


def _full_year(last_digits: int) -> int:
    """The year of two digits that is at most 50 years ahead (section 5.6.7)."""
    now = datetime.now(UTC).year
    year = now - now % 100 + last_digits
    return year - 100 if year > now + 50 else year

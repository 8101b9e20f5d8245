"""
How long a copy of a file may be used (RFC 9111): the Cache-Control field.

Rule: no copy is called fresh unless the operator says so. A name that looks as if it
held a digest may not, and whoever has a copy for a year never asks again.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..fields import is_field_value
from .patterns import matches

REVALIDATE = "no-cache"
"""A copy may be kept, but not used before the server was asked: a 304 is short."""

IMMUTABLE = "public, max-age=31536000, immutable"
"""A copy is good for a year, and is not even asked about (RFC 8246)."""

PRIVATE_IMMUTABLE = "private, max-age=31536000, immutable"
"""The same where a password is asked for: no cache that others share may have it."""

CacheRule = tuple[str, str]
"""A pattern, and the value of Cache-Control for the files that it matches."""


def parse_cache_rule(text: str) -> CacheRule:
    """
    Return the rule that *text* stands for, such as ``*.png=max-age=3600``. The value
    ``immutable`` alone stands for `IMMUTABLE`.

    :raise ValueError: when it is not a pattern, ``=`` and a value.
    """
    pattern, mark, value = text.partition("=")
    if not pattern or not mark or not is_field_value(value):
        raise ValueError(
            f"{text!r} is not PATTERN=VALUE: use *.png=max-age=3600 or "
            "assets/*=immutable"
        )
    value = value.strip()
    return pattern, IMMUTABLE if value.lower() == "immutable" else value


def cache_control(path: str, rules: Sequence[CacheRule] = ()) -> str:
    """
    Return the value of Cache-Control for the file at *path* below the root: that of
    the last of *rules* that matches, else `REVALIDATE`.
    """
    for pattern, value in reversed(rules):
        if matches(pattern, path):
            return value
    return REVALIDATE

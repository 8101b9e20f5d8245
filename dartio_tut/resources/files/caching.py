"""
How long a copy of a file is good (RFC 9111): the Cache-Control field.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from ..fields import is_field_value

REVALIDATE = "no-cache"
"""Copies may be kept, and are asked about before they are used: a 304 costs little."""

IMMUTABLE = "public, max-age=31536000, immutable"
"""A year: what has the digest of its content in its name never changes (RFC 8246)."""

_ASSET = (
    r"(?:css|m?js|map|wasm|woff2?|ttf|otf|svg|png|jpe?g|gif|webp|avif|ico|mp4|webm)"
)

_has_digest = re.compile(
    r".*[.-](?:"
    # In hexadecimal: with a letter, or it may be a date, and a digit, or it is a word.
    rf"(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{{8,64}}(?:\.min)?\.{_ASSET}"
    # As bundlers write it for code: all three of a-z, A-Z and 0-9 are in it.
    r"|(?=\w*[a-z])(?=\w*[A-Z])(?=\w*[0-9])\w{8,22}(?:\.min)?\.(?:css|m?js|map|wasm)"
    r")",
    re.ASCII,
).fullmatch

CacheRule = tuple[str, str]
"""A pattern as of the shell's, and the value of Cache-Control for what matches."""


def parse_cache_rule(text: str) -> CacheRule:
    """
    The rule that *text* is, such as ``*.png=max-age=3600``.

    :raise ValueError: when it is none.
    """
    pattern, mark, value = text.partition("=")
    if not pattern or not mark or not is_field_value(value):
        raise ValueError(f"{text!r} is no rule: use one such as *.png=max-age=3600")
    return pattern, value


def cache_control(path: str, rules: Sequence[CacheRule] = ()) -> str:
    """
    The value of Cache-Control for the file at *path* below the root.

    The last of *rules* that matches decides: one with a slash is for whole paths, one
    without for names. With none, a file whose name has a digest in it is for ever, and
    all else is asked about.
    """
    name = path.rpartition("/")[2]
    for pattern, value in reversed(rules):
        if fnmatchcase(path if "/" in pattern else name, pattern.lstrip("/")):
            return value
    return IMMUTABLE if _has_digest(name) else REVALIDATE

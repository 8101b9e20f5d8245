"""
Request targets that every tool sends as they are written.
"""

from __future__ import annotations

import re

_plain = re.compile(
    r"/(?!/)(?:[A-Za-z0-9/._~!$&()*+,;=:@-]|%[0-9A-Fa-f]{2})*"
    r"(?:\?(?:[A-Za-z0-9/._~!$&()*+,;=:@?-]|%[0-9A-Fa-f]{2})*)?"
).fullmatch

_lower_encoding = re.compile("%(?:[a-f]|.[a-f])").search

_dot_segment = re.compile(r"/(?:\.|%2[Ee]){1,2}(?=/|$)").search


def is_plain_target(target: str) -> bool:
    """
    Whether *target* is a path, with a query or without, in which a tool has nothing to
    escape. Segments of dots count as plain; see `has_dot_segments`.
    """
    return _plain(target) is not None


def has_dot_segments(target: str) -> bool:
    """Whether the path of *target* has a segment that most tools take out of it."""
    return _dot_segment(target.partition("?")[0]) is not None


def has_lower_encoding(target: str) -> bool:
    """
    Whether *target* has a percent-encoding in lower case, which some tools write in
    upper case (RFC 3986 section 6.2.2.1).
    """
    return _lower_encoding(target) is not None

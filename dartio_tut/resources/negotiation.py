"""
What a client prefers (RFC 9110 section 12.5).

Pure: from the value of a field and what there is to what is best. Malformed members
of a list count as if they were not there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

_weight = re.compile(rb"[qQ][ \t]*=[ \t]*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)").fullmatch

MAX_MEMBERS = 64
"""Members of a list that are looked at; a browser sends about ten."""


REMEMBERED_FIELD_BYTES = 512
"""Bytes of a field that is worth remembering: no browser sends more."""


def member_weights(field: bytes) -> Mapping[bytes, float]:
    """The members of a list, in lower case and without parameters, and their weight."""
    return (
        _cached_weights(field)
        if len(field) <= REMEMBERED_FIELD_BYTES
        else _parse_weights(field)
    )


def _parse_weights(field: bytes) -> Mapping[bytes, float]:
    found: dict[bytes, float] = {}
    for member in field.split(b",", MAX_MEMBERS)[:MAX_MEMBERS]:
        name, *parameters = (part.strip(b" \t") for part in member.split(b";"))
        given = [w for w in map(_weight, parameters) if w]
        if name:
            weight = float(given[0][1]) if given else 1.0
            found[name.lower()] = max(weight, found.get(name.lower(), 0))
    return found


_cached_weights = lru_cache(512)(_parse_weights)


def best_type(accept: bytes | None, offered: Sequence[bytes]) -> bytes:
    """
    The media type of *offered* that *accept* (an Accept field) prefers; the first of
    those that are equally good, and of all when none is acceptable.
    """
    return max(offered, key=lambda kind: type_weight(accept, kind))


def type_weight(accept: bytes | None, kind: bytes) -> float:
    """How much *accept* (an Accept field) prefers the media type *kind*; 0: not."""
    if accept is None:
        return 1.0
    asked = member_weights(accept)
    of_its_kind = kind.partition(b"/")[0] + b"/*"
    for pattern in (kind, of_its_kind, b"*/*"):
        if pattern in asked:
            return asked[pattern]
    return 0.0


def best_coding(accept: bytes | None, offered: Sequence[bytes]) -> bytes | None:
    """
    The content coding of *offered* that *accept* (an Accept-Encoding field) prefers;
    ``None`` to send the content as it is.
    """
    if accept is None:
        return None
    asked = member_weights(accept)
    other = asked.get(b"*", 0.0)
    best = max(offered, key=lambda coding: asked.get(coding, other), default=None)
    if best is None:
        return None
    weight = asked.get(best, other)
    return best if weight > 0 and weight >= asked.get(b"identity", 0.0) else None

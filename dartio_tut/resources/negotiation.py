"""
What a client prefers (RFC 9110 section 12.5).

Pure: from the value of a field and what there is to what is best. Malformed members of
a list are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

_weight = re.compile(
    rb"q[ \t]*=[ \t]*(0*\.[0-9]+|0+\.?|1(?:\.0*)?)", re.IGNORECASE
).fullmatch
"""More digits than the three that the RFC allows are still a weight."""

MAX_FIELD_BYTES = 4096
"""Bytes of a field that are read: no browser sends a tenth of them."""

MAX_MEMBERS = 64
"""Members of a list that are read; a browser sends about ten."""

MAX_PARAMETERS = 8
"""Parameters of a member that are read."""

REMEMBERED_FIELDS = 512
"""Different values of fields of which the result is kept."""

ANY_TYPE = b"*/*"

_ALIASES = {b"x-gzip": b"gzip", b"x-compress": b"compress"}
"""Old names of content codings (RFC 9110 section 8.4.1)."""


def member_weights(field: bytes) -> Mapping[bytes, float]:
    """
    Return the members of a list, in lower case and without parameters, with the weight
    of each.

    What is beyond the limits above is not read.
    """
    if len(field) > MAX_FIELD_BYTES:
        field = field[:MAX_FIELD_BYTES].rpartition(b",")[0]
    return _remembered_weights(field)


@lru_cache(REMEMBERED_FIELDS)
def _remembered_weights(field: bytes) -> Mapping[bytes, float]:
    found: dict[bytes, float] = {}
    for member in field.split(b",", MAX_MEMBERS)[:MAX_MEMBERS]:
        parts = member.split(b";", MAX_PARAMETERS + 1)[: MAX_PARAMETERS + 1]
        name, *parameters = (part.strip(b" \t") for part in parts)
        given = [weight for weight in map(_weight, parameters) if weight]
        if name:
            weight = float(given[0][1]) if given else 1.0
            found[name.lower()] = max(weight, found.get(name.lower(), 0))
    return found


def best_type(accept: bytes | None, offered: Sequence[bytes]) -> bytes:
    """
    Return the media type of *offered* that *accept*, an Accept field, prefers: the
    first of those that are equally good, and of all when none is acceptable.
    """
    return max(offered, key=lambda kind: type_weight(accept, kind))


def type_weight(accept: bytes | None, kind: bytes) -> float:
    """Return how much *accept* prefers the media type *kind*; 0 when it does not."""
    if accept is None:
        return 1.0
    named = named_weight(accept, kind)
    return member_weights(accept).get(ANY_TYPE, 0.0) if named is None else named


def named_weight(accept: bytes, kind: bytes) -> float | None:
    """
    Return the weight that *accept* gives to the media type *kind* by its name, or by
    that of its group (``text/*``); ``None`` when neither is there.
    """
    asked = member_weights(accept)
    weight = asked.get(kind)
    return asked.get(kind.partition(b"/")[0] + b"/*") if weight is None else weight


def accepts_by_name(accept: bytes | None, kinds: Collection[bytes]) -> bool:
    """Tell whether *accept* names one of *kinds*, and not only by a wildcard."""
    if accept is None:
        return False
    asked = member_weights(accept)
    return any(asked.get(kind, 0.0) > 0 for kind in kinds)


def accepts_anything(accept: bytes | None) -> bool:
    """Tell whether *accept* is missing, or has no more to say than ``*/*``."""
    if accept is None:
        return True
    asked = member_weights(accept)
    return not asked or (len(asked) == 1 and asked.get(ANY_TYPE, 0.0) > 0)


def best_coding(accept: bytes | None, offered: Sequence[bytes]) -> bytes | None:
    """
    Return the content coding of *offered* that *accept*, an Accept-Encoding field,
    prefers; ``None`` to send the content as it is.
    """
    if accept is None:
        return None
    asked = dict(member_weights(accept))
    for alias, name in _ALIASES.items():
        if alias in asked:
            asked.setdefault(name, asked[alias])
    other = asked.get(b"*", 0.0)
    best = max(offered, key=lambda coding: asked.get(coding, other), default=None)
    if best is None:
        return None
    weight = asked.get(best, other)
    return best if weight > 0 and weight >= asked.get(b"identity", 0.0) else None

"""
Digests of content in header fields (RFC 9530).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from hashlib import sha256, sha512

from twisted.web.http import BAD_REQUEST, UNSUPPORTED_MEDIA_TYPE
from twisted.web.server import Request

from ..fields import field_of
from ..responses import HTTPError

_ALGORITHMS = {"sha-256": sha256, "sha-512": sha512}

_member = re.compile(r"([a-z0-9*._-]+)=:([A-Za-z0-9+/]*={0,2}):").fullmatch


def digest_of(content: bytes) -> bytes:
    """Return the value of Repr-Digest for *content*."""
    return b"sha-256=:%b:" % b64encode(sha256(content).digest())


def check_digests(request: Request, content: bytes) -> None:
    """
    Check *content* against the Content-Digest and Repr-Digest of *request*.

    Algorithms other than sha-256 and sha-512 are ignored.

    :raise HTTPError: 400 when a digest is not that of the content, or a field is
        malformed; 415 when the content is in a content coding.
    """
    coding = field_of(request)(b"content-encoding")
    if coding is not None and coding.strip().lower() not in (b"", b"identity"):
        raise HTTPError(UNSUPPORTED_MEDIA_TYPE, "Compressed content is not taken.")
    for name in (b"Content-Digest", b"Repr-Digest"):
        field = field_of(request)(name.lower())
        for member in [] if field is None else field.decode("latin-1").split(","):
            found = _member(member.strip())
            if found is None:
                raise HTTPError(BAD_REQUEST, f"Cannot understand {name.decode()}.")
            algorithm = _ALGORITHMS.get(found[1])
            if algorithm and algorithm(content).digest() != _bytes_of(found[2]):
                raise HTTPError(
                    BAD_REQUEST, f"The content is not that of {name.decode()}."
                )


def _bytes_of(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""

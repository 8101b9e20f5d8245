"""
Digests of content in header fields (RFC 9530).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from hashlib import sha256, sha512

from twisted.web.http import BAD_REQUEST, UNSUPPORTED_MEDIA_TYPE
from twisted.web.server import Request

from dartio_tut.store import Document

from ..fields import field_of
from ..responses import HTTPError

_ALGORITHMS = {"sha-256": sha256, "sha-512": sha512}

_KEY = r"[a-z*][a-z0-9_.*-]*"
_BARE_ITEM = (
    r"(?::[A-Za-z0-9+/=]*:|\"(?:[ !#-\[\]-~]|\\[\"\\])*\"|\?[01]|@-?[0-9]{1,15}"
    r"|-?[0-9]{1,12}\.[0-9]{1,3}|-?[0-9]{1,15}|[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*)"
)
_PARAMETERS = rf"(?:; *{_KEY}(?:={_BARE_ITEM})?)*"
_ITEM = _BARE_ITEM + _PARAMETERS
_INNER_LIST = rf"\( *(?:{_ITEM}(?: +{_ITEM})* *)?\){_PARAMETERS}"

_member = re.compile(rf"({_KEY})(?:=({_ITEM}|{_INNER_LIST})|{_PARAMETERS})").match
_comma = re.compile(r"[ \t]*,[ \t]*").match
_byte_sequence = re.compile(r":([A-Za-z0-9+/]*)={0,2}:(?:;.*)?").fullmatch


def digest_of(document: Document) -> bytes:
    """
    Return the value of Repr-Digest for *document*. Its version is the digest already:
    to compute it again would hold up all other clients if the document is large.
    """
    return b"sha-256=:%b:" % b64encode(bytes.fromhex(document.version))


def check_digests(request: Request, content: bytes) -> None:
    """
    Check *content* against the Content-Digest and Repr-Digest of *request*.

    Algorithms other than sha-256 and sha-512 are ignored. A recipient may ignore a
    field that is malformed (RFC 9651 section 4.2); it is refused, because a client that
    sends a digest wants it to be checked.

    :raise HTTPError: 400 when a digest is not that of the content, or a field is
        malformed; 415 when the content is in a content coding.
    """
    coding = field_of(request)(b"content-encoding")
    if coding is not None and coding.strip().lower() not in (b"", b"identity"):
        raise HTTPError(UNSUPPORTED_MEDIA_TYPE, "Compressed content is not taken.")
    for name in (b"Content-Digest", b"Repr-Digest"):
        field = field_of(request)(name.lower())
        members = None if field is None else _members(field.decode("latin-1").strip())
        if members is None and field is not None:
            raise HTTPError(BAD_REQUEST, f"Cannot understand {name.decode()}.")
        for key, value in members or ():
            algorithm = _ALGORITHMS.get(key)
            if algorithm and algorithm(content).digest() != _bytes_of(value):
                why = f"The content is not that of {name.decode()}."
                raise HTTPError(BAD_REQUEST, why)


def _members(text: str) -> list[tuple[str, str]] | None:
    """
    The members of a dictionary (RFC 9651 section 3.2), which may be empty; ``None`` if
    it is malformed. Two of one name are both returned, though only the last counts: a
    client that says two digests is believed only if both are right.
    """
    members: list[tuple[str, str]] = []
    place = 0
    while place < len(text) or members:
        member = _member(text, place)
        if member is None:
            return None
        members.append((member[1], member[2] or ""))
        if member.end() == len(text):
            break
        comma = _comma(text, member.end())
        if comma is None:
            return None
        place = comma.end()
    return members


def _bytes_of(value: str) -> bytes:
    """The bytes that *value* stands for; none if it stands for something else."""
    found = _byte_sequence(value)
    if found is None:
        return b""
    try:
        return b64decode(found[1] + "=" * (-len(found[1]) % 4), validate=True)
    except ValueError:
        return b""

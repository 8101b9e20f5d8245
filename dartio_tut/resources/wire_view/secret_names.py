"""
Which fields and parameters hold secrets, by their names.

Rule: nothing of what is asked about is kept, not even in a cache.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

_FIELD_WORDS = (
    b"authorization",
    b"authorisation",
    b"cookie",
    b"idempotency-key",
    b"token",
    b"secret",
    b"passw",
    b"apikey",
    b"api-key",
    b"credential",
    b"x-auth",
    b"session",
    b"signature",
    b"jwt",
    b"dpop",
    b"assertion",
    b"csrf",
    b"xsrf",
)
"""
A header field whose name has one of these holds a secret: Proxy-Authorization,
Set-Cookie, X-Auth-Token and others of the kind, such as DPoP (RFC 9449).
"""

_WHOLE_FIELD_WORDS = (b"key", b"otp", b"pin", b"pwd", b"pass", b"passphrase", b"auth")
"""
The same of whole words: Ocp-Apim-Subscription-Key, X-GitHub-OTP. Sec-WebSocket-Key is
no secret (RFC 6455 section 4.1).
"""

_LONG_WORDS = (
    b"token",
    b"passwd",
    b"password",
    b"passphrase",
    b"secret",
    b"signature",
    b"apikey",
    b"credential",
    b"authorization",
    b"assertion",
    b"samlre",
    b"csrf",
    b"xsrf",
)
"""A parameter whose name has one of these anywhere holds a secret."""

_SHORT_WORDS = frozenset(
    (b"key", b"sig", b"pwd", b"pass", b"pin", b"auth", b"jwt", b"otp", b"session")
    + (b"sessionid", b"sid", b"bearer", b"code")
)
"""
A parameter holds a secret if one of these is its name, or a word of it: ``code`` is
what somebody who has logged in elsewhere comes back with (RFC 6749 section 4.1.2).
"""

MAX_NAME_BYTES = 128
"""Bytes before a ``=`` that are looked at for the name of a parameter."""

MAX_DECODINGS = 3
"""A URL may be a parameter of a URL: names are decoded so often."""

_ALL_FIELD_WORDS = (*_FIELD_WORDS, *_WHOLE_FIELD_WORDS)

find_field_word = re.compile(
    rb"%b|(?<!sec-websocket-)(?<![a-z0-9])(?:%b)(?![a-z0-9])"
    % (b"|".join(_FIELD_WORDS), b"|".join(_WHOLE_FIELD_WORDS)),
    re.IGNORECASE,
).search
"""Finds in a line what tells that it holds a secret."""

_reversed_name = re.compile(rb"[^&?;#=/\s,\"'<>{}@:]*+").match
_may_be_secret = re.compile(
    rb"token|pass|secret|sig|key|cred|auth|pwd|pin|jwt|otp|session|sid|%|"
    rb"assertion|saml|srf|bearer|code",
    re.IGNORECASE,
).search
_word_boundary = re.compile(rb"[^0-9A-Za-z]+|(?<=[a-z0-9])(?=[A-Z])")
_decoded_boundary = re.compile(rb"[&?;#=/\s,\"'<>{}@:]")


def may_name_secret(text: bytes) -> bool:
    """Whether `find_field_word` may find something in *text*: much quicker."""
    lower = text.lower()
    return any(word in lower for word in _ALL_FIELD_WORDS)


def is_secret_parameter(before: bytes) -> bool:
    """
    Whether a parameter holds a secret.

    :param before: the bytes before its ``=``, of which the last are its name, perhaps
        percent-encoded, once or more often.
    """
    found = _reversed_name(before[::-1])
    name = b"" if found is None else found[0][::-1]
    if not _may_be_secret(name):
        return False
    for _ in range(MAX_DECODINGS):
        decoded = unquote_to_bytes(name)
        if decoded == name:
            break
        name = decoded
    name = _decoded_boundary.split(name)[-1]
    words = [word.lower() for word in _word_boundary.split(name)]
    if not _SHORT_WORDS.isdisjoint(words):
        return True
    joined = b"".join(words)
    return any(word in joined for word in _LONG_WORDS)

"""
Hashes of passwords, in the forms that an htpasswd file has.

Rule: a hash that is weak or malformed is refused when the file is read, not when
somebody logs in. No message has a hash or a password in it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

# Libraries are imported when a file has such hashes: most servers ask for no password.
PasswordCheck = Callable[[bytes], bool]
"""Tells whether a password is right. A wrong one takes as long as a right one."""

MAX_BCRYPT_BYTES = 72
"""How many bytes of a password bcrypt looks at. A longer one is never right here: else
every password that begins like it would be."""

MAX_BCRYPT_COST = 17
"""The highest that htpasswd -C takes: some ten seconds a check. With 31 it would be two
days, in which the two checks at a time are taken, and nobody else is let in."""

MAX_CRYPT_ROUNDS = 2_000_000
"""Rounds of SHA-crypt that take about as long; libraries make 5,000 to 656,000."""

_bcrypt = re.compile(
    r"\$2[aby]\$(?:0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}"
).fullmatch


def password_check(text: str) -> PasswordCheck:
    """
    Return the check for the hash *text*: bcrypt, ``{SHA}``, and with the extra
    ``sha-crypt`` also SHA-256-crypt and SHA-512-crypt.

    :raise ValueError: when it is another kind of hash, or not a hash.
    """
    if text.startswith(("$2a$", "$2b$", "$2y$")):
        if not _bcrypt(text):
            raise ValueError("malformed bcrypt hash")
        if int(text[4:6]) > MAX_BCRYPT_COST:
            raise ValueError(
                f"a bcrypt hash with a cost above {MAX_BCRYPT_COST} takes too long to "
                "check; make one with htpasswd -B"
            )
        return partial(_matches_bcrypt, import_module("bcrypt"), text.encode("ascii"))
    if text.startswith("$5$"):
        return _crypt_check("sha256_crypt", text)
    if text.startswith("$6$"):
        return _crypt_check("sha512_crypt", text)
    if text.startswith("{SHA}"):
        return partial(_matches_sha1, _sha1_of(text))
    if text.startswith(("$apr1$", "$1$")):
        raise ValueError("MD5 hashes are not accepted; make one with htpasswd -B")
    raise ValueError(
        "plain passwords, DES and other hashes are not accepted; "
        "make one with htpasswd -B"
    )


def _matches_bcrypt(bcrypt: Any, hashed: bytes, password: bytes) -> bool:
    # The work is done for a password that is too long as well: its answer must not
    # come sooner.
    right: bool = bcrypt.checkpw(password[:MAX_BCRYPT_BYTES], hashed)
    return right and len(password) <= MAX_BCRYPT_BYTES


def _crypt_check(kind: str, text: str) -> PasswordCheck:
    try:
        algorithm = getattr(import_module("passlib.hash"), kind)
    except ImportError:
        raise ValueError(
            f"{kind.replace('_', '-')} hashes need a library: "
            "pip install 'dartio-tut[sha-crypt]', or make another with htpasswd -B"
        ) from None
    try:
        parsed = algorithm.from_string(text)
        whole = parsed.checksum is not None
    except ValueError:  # the error's text may have the hash in it
        whole = False
    if not whole:
        raise ValueError(f"malformed {kind.replace('_', '-')} hash")
    if parsed.rounds > MAX_CRYPT_ROUNDS:
        raise ValueError(
            f"a {kind.replace('_', '-')} hash with more than {MAX_CRYPT_ROUNDS} rounds "
            "takes too long to check; make one with htpasswd -B"
        )
    return partial(_matches_crypt, algorithm, text)


def _matches_crypt(algorithm: Any, hashed: str, password: bytes) -> bool:
    right: bool = algorithm.verify(password, hashed)
    return right


def _sha1_of(text: str) -> bytes:
    try:
        digest = b64decode(text.removeprefix("{SHA}"), validate=True)
    except ValueError:
        digest = b""
    if len(digest) != hashlib.sha1(usedforsecurity=False).digest_size:
        raise ValueError("malformed {SHA} hash")
    return digest


def _matches_sha1(hashed: bytes, password: bytes) -> bool:
    digest = hashlib.sha1(password, usedforsecurity=False).digest()
    return hmac.compare_digest(digest, hashed)

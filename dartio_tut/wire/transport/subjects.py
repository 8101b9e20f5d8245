"""
The names in certificates.

Anybody may have made one, and old authorities wrote letters in ways that the library
``cryptography`` refuses to read (T61String); OpenSSL knows them all.
"""

from __future__ import annotations

from warnings import catch_warnings, simplefilter

from OpenSSL import crypto

_SPECIAL = str.maketrans({character: f"\\{character}" for character in '\\",+;<>='})
"""What RFC 4514 section 2.4 has escaped in a value, so that it can be no second one."""


def subject_text(certificate: crypto.X509) -> str:
    """The subject of *certificate* by RFC 4514, such as ``CN=name,O=organisation``."""
    try:
        return certificate.to_cryptography().subject.rfc4514_string()
    except Exception:  # noqa: BLE001  (several kinds, such as its InvalidVersion)
        with catch_warnings():  # there is no other way, and that is said to be old
            simplefilter("ignore", DeprecationWarning)
            parts = certificate.get_subject().get_components()
        texts = (f"{_text(name)}={_text(value)}" for name, value in reversed(parts))
        return ",".join(texts)


def _text(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return text.translate(_SPECIAL)

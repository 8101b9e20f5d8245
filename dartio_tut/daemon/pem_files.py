"""
Reading certificates and keys, with an error that names the file and what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL.crypto import PKey
from twisted.internet.ssl import Certificate

from dartio_tut.store import read_regular_file

PEM_END = b"-----END CERTIFICATE-----"

MAX_FILE_BYTES = 16 * 1024 * 1024
"""The longest file: far longer than all authorities of a browser together."""


def read_certificates(path: str) -> list[Certificate]:
    """
    The certificates in a PEM file, in its order.

    :raise ValueError: when the file has no certificate, or one that cannot be read.
    :raise OSError: when the file cannot be read.
    """
    blocks = read_regular_file(path, MAX_FILE_BYTES).split(PEM_END)[:-1]
    if not blocks:
        raise ValueError(f"{path}: no certificate in PEM format")
    try:
        return [Certificate.loadPEM(block + PEM_END) for block in blocks]
    except Exception:  # noqa: BLE001  (pyOpenSSL documents no exception)
        raise ValueError(f"{path}: a certificate in it cannot be read") from None


def read_private_key(path: str, password_file: str | None) -> PKey:
    """
    The private key in a PEM file.

    :param password_file: a file whose first line is the password of the key.
    :raise ValueError: when there is no key, or the password is wrong or missing.
    :raise OSError: when a file cannot be read.
    """
    password = None
    if password_file is not None:
        lines = read_regular_file(password_file, MAX_FILE_BYTES)
        password = lines.partition(b"\n")[0].rstrip(b"\r")
    pem = read_regular_file(path, MAX_FILE_BYTES)
    encrypted = b"ENCRYPTED" in pem
    if encrypted and password is None:
        raise ValueError(f"{path}: the key has a password; name a file that holds it")
    try:
        key = load_pem_private_key(pem, password if encrypted else None)
        return PKey.from_cryptography_key(key)  # type: ignore[arg-type]
    except (TypeError, UnsupportedAlgorithm, ValueError):
        fault = "wrong password" if encrypted else "no private key in PEM format"
        raise ValueError(f"{path}: {fault}") from None


def validity_warnings(
    path: str, certificates: Iterable[Certificate], now: datetime | None = None
) -> list[str]:
    """A line for each of *certificates*, of the file *path*, that is not valid now."""
    now = now or datetime.now(UTC)
    warnings = []
    for certificate in certificates:
        found = certificate.original.to_cryptography()
        subject = found.subject.rfc4514_string() or "without a name"
        if found.not_valid_after_utc < now:
            ended = found.not_valid_after_utc
            warnings.append(f"{path}: the certificate {subject} expired on {ended:%F}")
        if found.not_valid_before_utc > now:
            begins = found.not_valid_before_utc
            warnings.append(
                f"{path}: the certificate {subject} is not valid before {begins:%F %R}"
            )
    return warnings


def dns_names(certificate: x509.Certificate) -> list[str]:
    """The host names that *certificate* is for (RFC 6125 section 6.4.4)."""
    try:
        found = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except x509.ExtensionNotFound:
        return []
    return found.value.get_values_for_type(x509.DNSName)


def is_leaf(certificate: x509.Certificate) -> bool:
    """Whether *certificate* may not sign others (RFC 5280 section 4.2.1.9)."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return True
    return not found.value.ca

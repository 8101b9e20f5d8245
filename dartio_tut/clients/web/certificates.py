"""
What stands in a certificate, for people and for programs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256

SHOWN_NAMES = 100
"""Names of one certificate that are told; some have thousands."""


class CertificateFacts(NamedTuple):
    """
    :ivar subject: whose it is, as RFC 4514 writes names; *issuer* has signed it.
    :ivar names: the hosts and addresses that it is for.
    :ivar key: the kind of its key, and the length.
    :ivar fingerprint: its SHA-256 in hexadecimal.
    """

    subject: str
    issuer: str
    not_before: str
    not_after: str
    names: list[str]
    key: str
    serial: str
    fingerprint: str


def certificate_facts(certificate: x509.Certificate) -> CertificateFacts:
    """
    What stands in *certificate*.

    :raise ValueError: when it is malformed.
    """
    return CertificateFacts(
        certificate.subject.rfc4514_string(),
        certificate.issuer.rfc4514_string(),
        certificate.not_valid_before_utc.isoformat(),
        certificate.not_valid_after_utc.isoformat(),
        _names(certificate)[:SHOWN_NAMES],
        _key(certificate),
        f"{certificate.serial_number:x}",
        certificate.fingerprint(SHA256()).hex(),
    )


def unreadable(why: str) -> CertificateFacts:
    """What is told of a certificate that cannot be read."""
    return CertificateFacts(f"cannot be read: {why}", "", "", "", [], "", "", "")


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
    except x509.ExtensionNotFound:
        return []
    hosts = found.get_values_for_type(x509.DNSName)
    return [*hosts, *map(str, found.get_values_for_type(x509.IPAddress))]


def _key(certificate: x509.Certificate) -> str:
    key: Any = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA, {key.key_size} bits"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC, {key.curve.name}"
    return type(key).__name__.removesuffix("PublicKey").lstrip("_")

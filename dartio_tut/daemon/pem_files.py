"""
Reading certificates and keys, with an error that names the file and what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL.crypto import PKey
from twisted.internet.ssl import Certificate

from dartio_tut.store import read_regular_file
from dartio_tut.wire import subject_text

PEM_BEGIN = b"-----BEGIN CERTIFICATE-----"
PEM_END = b"-----END CERTIFICATE-----"

DER_START = b"\x30"
"""What every certificate and key in DER begins with (a SEQUENCE of ASN.1)."""

_INSTEAD_OF_CERTIFICATES = (
    (PEM_BEGIN, "one in it is cut off"),
    (b"CERTIFICATE REQUEST-----", "it is a request, which an authority is to sign"),
    (b"TRUSTED CERTIFICATE-----", "openssl x509 -in FILE turns it into PEM"),
    (b"PRIVATE KEY-----", "it has a private key"),
    (b"PUBLIC KEY-----", "it has a public key"),
)
_INSTEAD_OF_KEYS = (
    (b"PRIVATE KEY-----", "one in it is cut off, or of an unknown kind"),
    (PEM_BEGIN, "it has a certificate"),
    (b"PUBLIC KEY-----", "it has a public key"),
)
"""What else a file may have, and what to say of it; the first that is found counts."""

MIN_RSA_BITS = 2048
"""What OpenSSL asks for as it is usually set (security level 2), and authorities do."""

KINDS_OF_TLS = (
    Ed448PublicKey,
    Ed25519PublicKey,
    EllipticCurvePublicKey,
    RSAPublicKey,
)
CURVES_OF_TLS = ("secp256r1", "secp384r1", "secp521r1", "brainpool")
"""Keys with which certificates may sign, and how the names of their curves begin (RFC
8446 section 4.2.3, RFC 8734)."""

MAX_FILE_BYTES = 16 * 1024 * 1024
"""The longest file: far longer than all authorities of a browser together."""


def read_certificates(path: str) -> list[Certificate]:
    """
    The certificates in a PEM file, in its order.

    :raise ValueError: when the file has no certificate, or one that cannot be read.
    :raise OSError: when the file cannot be read.
    """
    content = read_regular_file(path, MAX_FILE_BYTES)
    *blocks, rest = content.split(PEM_END)
    if not blocks:
        instead = _instead(content, _INSTEAD_OF_CERTIFICATES, "x509")
        raise ValueError(f"{path}: no certificate in PEM format{instead}")
    last = rest.rstrip().rpartition(b"\n")[2]
    if b"\n" + PEM_BEGIN in rest or (last and PEM_BEGIN.startswith(last)):
        raise ValueError(f"{path}: its last certificate is cut off")
    try:
        found = [Certificate.loadPEM(block + PEM_END) for block in blocks]
        for certificate in found:
            certificate.original.to_cryptography()  # as others read it later
    except Exception:  # noqa: BLE001  (pyOpenSSL documents no exception)
        raise ValueError(f"{path}: a certificate in it cannot be read") from None
    return found


def _instead(content: bytes, kinds: Iterable[tuple[bytes, str]], command: str) -> str:
    """What *content* has that is not what is wanted, as the rest of a sentence."""
    if not content.strip():
        return "; it is empty"
    if content.startswith(DER_START):
        return (
            f"; it may be DER, which openssl {command} -inform DER turns into PEM, or "
            "PKCS#12, for which there is openssl pkcs12"
        )
    return next((f"; {said}" for mark, said in kinds if mark in content), "")


def read_password(path: str) -> bytes:
    """
    The password in a file, which is its first line.

    :raise ValueError: when that is empty.
    :raise OSError: when the file cannot be read.
    """
    content = read_regular_file(path, MAX_FILE_BYTES)
    password = content.partition(b"\n")[0].rstrip(b"\r")
    if not password:
        raise ValueError(f"{path}: its first line is empty")
    return password


def read_private_key(path: str, password: bytes | None) -> PKey:
    """
    The private key in a PEM file.

    :param password: that of the key, if it has one.
    :raise ValueError: when there is no key, or the password is wrong or missing.
    :raise OSError: when the file cannot be read.
    """
    pem = read_regular_file(path, MAX_FILE_BYTES)
    encrypted = b"ENCRYPTED" in pem
    if encrypted and password is None:
        raise ValueError(
            f"{path}: it has a password; --key-password-file (or passwordFile=) names "
            "a file that holds it"
        )
    try:
        key = load_pem_private_key(pem, password if encrypted else None)
        return PKey.from_cryptography_key(key)  # type: ignore[arg-type]
    except (TypeError, UnsupportedAlgorithm, ValueError):
        if encrypted:
            raise ValueError(f"{path}: wrong password") from None
        instead = _instead(pem, _INSTEAD_OF_KEYS, "pkey")
        raise ValueError(f"{path}: no private key in PEM format{instead}") from None


def number_of_key(key: PKey, chain: Sequence[Certificate]) -> int | None:
    """Which certificate of *chain* has this *key*, counted from 0, if one has."""
    private: Any = key.to_cryptography_key()
    public = private.public_key()
    for number, certificate in enumerate(chain):
        if _public_key(certificate) == public:
            return number
    return None


def check_usable(path: str, certificate: Certificate) -> None:
    """
    See that clients can speak TLS with *certificate*, of the file *path*.

    :raise ValueError: when no client can, because of its kind of key, or when a part of
        it cannot be read.
    """
    try:
        certificate.original.to_cryptography().extensions  # noqa: B018  (reads all)
    except Exception:  # noqa: BLE001  (several kinds, not all of them documented)
        raise ValueError(f"{path}: a part of it cannot be read") from None
    public = _public_key(certificate)
    if not isinstance(public, KINDS_OF_TLS):
        raise ValueError(f"{path}: its key is of a kind that TLS does not use")
    if isinstance(public, RSAPublicKey) and public.key_size < MIN_RSA_BITS:
        raise ValueError(
            f"{path}: its key has {public.key_size} bits; at least {MIN_RSA_BITS} are "
            "needed"
        )
    curve = getattr(getattr(public, "curve", None), "name", "")
    if curve and not curve.startswith(CURVES_OF_TLS):
        raise ValueError(
            f"{path}: its key is on the curve {curve}, which TLS does not use; P-256 "
            "(prime256v1) is the usual one"
        )


def _public_key(certificate: Certificate) -> object:
    """The key in *certificate*, or ``None`` for one of an unknown kind."""
    try:
        return certificate.original.to_cryptography().public_key()
    except (UnsupportedAlgorithm, ValueError):
        return None


def server_warnings(path: str, chain: Sequence[Certificate]) -> list[str]:
    """A line for each reason to refuse *chain*, which is in the file *path*."""
    warnings = []
    if not _is_for(chain[0], ExtendedKeyUsageOID.SERVER_AUTH):
        warnings.append(
            f"{path}: the certificate {_name(chain[0])} is not for servers: its "
            "extended key usage lacks serverAuth"
        )
    warnings += [
        f"{path}: the certificate {_name(after)} is not that of the authority of the "
        f"one before it, {_name(before)}"
        for before, after in pairwise(chain)
        if not _may_have_signed(after, before)
    ]
    return warnings


def _may_have_signed(authority: Certificate, signed: Certificate) -> bool:
    """Whether the names fit; names that cannot be read may."""
    try:
        name = signed.original.to_cryptography().issuer
        return bool(authority.original.to_cryptography().subject == name)
    except ValueError:
        return True


def _name(certificate: Certificate) -> str:
    return subject_text(certificate.original) or "without a name"


def _is_for(certificate: Certificate, usage: x509.ObjectIdentifier) -> bool:
    """Whether *certificate* may be used so (RFC 5280 section 4.2.1.12)."""
    try:
        extensions = certificate.original.to_cryptography().extensions
        found = extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return True
    any_usage = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
    return usage in found.value or any_usage in found.value


def validity_warnings(
    path: str, certificates: Iterable[Certificate], now: datetime | None = None
) -> list[str]:
    """A line for each of *certificates*, of the file *path*, that is not valid now."""
    now = now or datetime.now(UTC)
    warnings = []
    for certificate in certificates:
        found = certificate.original.to_cryptography()
        subject = _name(certificate)
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

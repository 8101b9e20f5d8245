"""
A certificate for localhost, made when none was given.

It signs itself, so that a browser warns: it is for trying TLS out, and lets
``curl --cacert`` check that the server is the one whose file was named.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

LIFETIME = timedelta(days=397)
"""The longest that browsers accept from an authority (CA/Browser Forum, 2020)."""

RENEW_BEFORE = timedelta(days=30)
"""A certificate this close to its end is made anew at start, as ACME clients do."""


def localhost_certificate(folder: str) -> tuple[str, str]:
    """
    The files of a certificate for localhost and of its key, kept in *folder*.

    :raise OSError: when they can be neither read nor written.
    :return: the path of the certificate and the path of the key.
    """
    certificate, key = Path(folder, "cert.pem"), Path(folder, "key.pem")
    if not _are_good(certificate, key):
        Path(folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(certificate, key)
    return str(certificate), str(key)


def _are_good(certificate: Path, key: Path) -> bool:
    """Whether the two belong together, and for a while yet."""
    try:
        made = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = load_pem_private_key(key.read_bytes(), None)
    except (FileNotFoundError, TypeError, ValueError):
        return False
    fresh = made.not_valid_after_utc - datetime.now(UTC) > RENEW_BEFORE
    return fresh and made.public_key() == private.public_key()


def _make(certificate: Path, key: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    hosts: list[x509.GeneralName] = [x509.DNSName("localhost")]
    hosts += [x509.IPAddress(ip_address(ip)) for ip in ("127.0.0.1", "::1")]
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, SHA256())
    )
    _write(
        key,
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        0o600,
    )
    _write(certificate, signed.public_bytes(Encoding.PEM), 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Put *content* at *path* in one step, never readable by others in between."""
    new = path.with_suffix(f".new-{os.getpid()}")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)

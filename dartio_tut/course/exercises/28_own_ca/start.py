"""
Exercise 28: an authority of your own.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)


class Pair(NamedTuple):
    """A certificate, and the private key that belongs to it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def new_key() -> ec.EllipticCurvePrivateKey:
    """A private key that nobody has."""
    return ec.generate_private_key(ec.SECP256R1())


def name_of(text: str) -> x509.Name:
    """*text* as the name of somebody."""
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def builder(subject: x509.Name, issuer: x509.Name) -> x509.CertificateBuilder:
    """What every certificate needs, but for the key and who may sign."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(issuer, subject)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=90))
    )


def make_ca() -> Pair:
    """An authority."""
    key, name = new_key(), name_of("My own authority")
    unsigned = builder(name, name).public_key(key.public_key())
    return Pair(unsigned.sign(key, SHA256()), key)


def make_server(ca: Pair, host: str) -> Pair:
    """The certificate of the server *host*."""
    key = new_key()
    unsigned = builder(name_of(host), name_of(host)).public_key(key.public_key())
    return Pair(unsigned.sign(key, SHA256()), key)


if __name__ == "__main__":
    ca = make_ca()
    server = make_server(ca, "localhost")
    Path("ca.pem").write_bytes(ca.certificate.public_bytes(Encoding.PEM))
    Path("cert.pem").write_bytes(server.certificate.public_bytes(Encoding.PEM))
    Path("key.pem").write_bytes(
        server.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    print("ca.pem, cert.pem and key.pem are written.")

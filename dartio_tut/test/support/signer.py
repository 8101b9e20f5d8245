"""
Certificates of any kind, for handshakes in memory.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | dsa.DSAPrivateKey

DAY = timedelta(days=1)


class Signer:
    """
    A certificate of *name* and its key; signs others, or itself without an *issuer*.

    :param days: from when until when it is valid, from today.
    :param usages: what it is for; nothing: for everything.
    :param key: its key; ``None``: one of the usual kind.
    :param hosts: the names of hosts that it is for.
    :ivar cert: the file of the certificate.
    :ivar key: the file of the key.
    """

    def __init__(
        self,
        folder: Path,
        name: str | x509.Name,
        issuer: Signer | None = None,
        *,
        is_authority: bool = False,
        days: tuple[int, int] = (-1, 9),
        usages: Sequence[x509.ObjectIdentifier] = (),
        key: PrivateKey | None = None,
        hosts: Sequence[str] = (),
    ) -> None:
        self.cert, self.key = folder / f"{id(self)}.crt", folder / f"{id(self)}.key"
        private = key or ec.generate_private_key(ec.SECP256R1())
        self._private = private
        if isinstance(name, str):
            name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self._subject = name
        signer = issuer or self
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder(
                signer._subject, self._subject, private.public_key()
            )
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + days[0] * DAY)
            .not_valid_after(now + days[1] * DAY)
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
        if hosts:
            names = x509.SubjectAlternativeName(map(x509.DNSName, hosts))
            builder = builder.add_extension(names, False)
        made = builder.sign(signer._private, SHA256())
        self.cert.write_bytes(made.public_bytes(Encoding.PEM))
        self.key.write_bytes(
            private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )


def with_version(cert: Path, version: int) -> bytes:
    """
    The certificate in the file *cert*, with another version of X.509 (RFC 5280 section
    4.1.2.1) than the third, and so with a wrong signature.
    """
    der = ssl.PEM_cert_to_DER_cert(cert.read_text())
    third = b"\xa0\x03\x02\x01\x02"
    changed = der.replace(third, third[:-1] + bytes([version - 1]))
    return ssl.DER_cert_to_PEM_cert(changed).encode()

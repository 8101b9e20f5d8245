"""
Certificates for servers of tests.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

DAY = timedelta(days=1)


class Signer:
    """A certificate and its key; signs others, or itself when it has no *issuer*."""

    def __init__(
        self,
        folder: Path,
        *names: x509.GeneralName,
        issuer: Signer | None = None,
        days: tuple[int, int] = (-1, 1),
        usages: Sequence[x509.ObjectIdentifier] = (),
        is_authority: bool = False,
    ) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [x509.NameAttribute(x509.NameOID.COMMON_NAME, f"test {id(self)}")]
        )
        self._subject = subject
        signer = issuer or self
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder(signer._subject, subject, self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + days[0] * DAY)
            .not_valid_after(now + days[1] * DAY)
        )
        builder = with_extensions_of_key(
            builder, self._key, signer._key, is_authority=is_authority or not issuer
        )
        if names:
            extension = x509.SubjectAlternativeName(names)
            builder = builder.add_extension(extension, critical=False)
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
        made = builder.sign(signer._key, SHA256())
        self.path = folder / f"{id(self)}.pem"
        self.path.write_bytes(made.public_bytes(Encoding.PEM))
        self._key_path = self.path.with_suffix(".key")
        self._key_path.write_bytes(
            self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )

    def server_context(self) -> ssl.SSLContext:
        """What a server with this certificate needs."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self._key_path)
        return context


def with_extensions_of_key(
    builder: x509.CertificateBuilder,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.CertificateBuilder:
    """
    *builder* with what a certificate of *key*, signed by *signer*, says of both. Since
    Python 3.13 clients insist on all of it (RFC 5280 sections 4.2.1.1 to 4.2.1.9).
    """
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    ours = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    theirs = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        builder.add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(ours, critical=False)
        .add_extension(theirs, critical=False)
    )

"""
`dartio_tut.wire.transport.subjects`: names in certificates.
"""

from __future__ import annotations

import base64
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import crypto
from twisted.internet.ssl import Certificate
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon.pem_files import server_warnings, validity_warnings
from dartio_tut.wire import subject_text
from dartio_tut.wire.events import Client

from .support.signer import Signer
from .support.warned import warned

OID = x509.NameOID
UTF8, T61 = 0x0C, 0x14


class SubjectTests(SynchronousTestCase):
    """`subject_text`."""

    def setUp(self) -> None:
        self.here = Path(self.mktemp())
        self.here.mkdir()

    def certificate(self, before: bytes = b"", after: bytes = b"") -> crypto.X509:
        """One whose name has *after* in its bytes, in the place of *before*."""
        name = x509.Name(
            [
                x509.NameAttribute(OID.ORGANIZATION_NAME, "a,b"),
                x509.NameAttribute(OID.COMMON_NAME, "M--ller"),
            ]
        )
        pem = Signer(self.here, name).cert.read_bytes()
        der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
        changed = base64.encodebytes(der.replace(before, after) if before else der)
        pem = b"-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % changed
        return crypto.load_certificate(crypto.FILETYPE_PEM, pem)

    def old(self) -> crypto.X509:
        """One by an old authority, with a letter that is not ASCII in T61String."""
        utf8, t61 = bytes((UTF8, 7)) + b"M--ller", bytes((T61, 7)) + b"M\xfc ller"
        return self.certificate(utf8, t61)

    def test_usual_names_are_as_of_the_rfc(self) -> None:
        self.assertEqual(subject_text(self.certificate()), "CN=M--ller,O=a\\,b")

    def test_old_names_are_read_and_written_likewise(self) -> None:
        old = self.old()
        self.assertRaises(ValueError, lambda: old.to_cryptography().subject)
        self.assertEqual(subject_text(old), "CN=M\xfc ller,O=a\\,b")
        self.assertEqual(warned(self), [])

    def test_a_client_with_an_old_name_is_served_and_told_of(self) -> None:
        old = self.old()

        class Transport:
            """A secure connection."""

            def getHandle(self) -> Transport:
                return self

            def get_protocol_version_name(self) -> str:
                return "TLSv1.3"

            def getPeerCertificate(self) -> crypto.X509:
                return old

        client = Client(None, Transport())  # type: ignore[arg-type]
        self.assertEqual(client.tls_client, "CN=M\xfc ller,O=a\\,b")

    def test_a_server_with_an_old_name_is_looked_at_like_others(self) -> None:
        chain = [Certificate(self.old()), Certificate(self.old())]
        self.assertEqual(server_warnings("a.pem", chain), [])
        self.assertEqual(validity_warnings("a.pem", chain), [])

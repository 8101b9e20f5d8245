"""Files with certificates and keys: what is wrong with one, and what to do about it."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509 import load_pem_x509_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon.pem_files import read_certificates, server_warnings
from dartio_tut.daemon.served_certificate import ServedCertificate
from dartio_tut.daemon.startup import UnusableFileError

from .support.signer import PrivateKey, Signer

PASSWORD = b"open sesame"


class FilesCase(SynchronousTestCase):
    """A certificate, and a key that fits."""

    def setUp(self) -> None:
        self.here = Path(self.mktemp())
        self.here.mkdir()
        self.root = Signer(self.here, "root", is_authority=True)
        self.signer = Signer(self.here, "localhost", self.root)
        self.cert, self.key = self.signer.cert, self.signer.key

    def file(self, content: bytes, name: str = "odd.pem") -> Path:
        """A file with *content*."""
        (self.here / name).write_bytes(content)
        return self.here / name

    def served(
        self,
        cert: Path | None = None,
        key: Path | None = None,
        password: Path | None = None,
        clients: Path | None = None,
    ) -> ServedCertificate:
        """What is served from these files; from good ones, where there is ``None``."""
        return ServedCertificate(
            str(cert or self.cert),
            str(key or self.key),
            None if password is None else str(password),
            None if clients is None else str(clients),
            "1.2",
            [b"http/1.1"],
        )

    def refused(self, **files: Path) -> str:
        """Why these files are refused."""
        error = self.assertRaises(UnusableFileError, self.served, **files)
        self.assertEqual(error.code, 78)
        return str(error)


class RefusedFileTests(FilesCase):
    """Files that cannot be used."""

    def test_good_ones_are_used(self) -> None:
        self.assertEqual(self.served().warnings, [])

    def test_what_a_file_is_for_is_said_when_it_cannot_be_read(self) -> None:
        missing = self.here / "missing.pem"
        said = f"{missing}: No such file or directory"
        for kind, text in [
            ("cert", "the certificate"),
            ("key", "the key"),
            ("password", "the password of the key in"),
            ("clients", "the authorities of clients in"),
        ]:
            self.assertEqual(self.refused(**{kind: missing}), f"{text} {said}")

    def test_file_that_is_cut_off_behind_a_certificate_is_refused(self) -> None:
        pem, key = self.cert.read_bytes(), self.key.read_bytes()
        for cut in (1, 20, 26, 200, len(pem) - 8):
            for kind in ("cert", "clients"):
                refused = self.refused(**{kind: self.file(pem + pem.strip()[:-cut])})
                self.assertIn("odd.pem: its last certificate is cut off", refused)
        for rest in (
            pem, b"\n", b"# a comment", key, b"Bag Attributes\n", b"------ My CA",
            b"----- end of the chain\n", b"It ends with -----BEGIN CERTIFICATE-----",
        ):  # fmt: skip
            self.served(cert=self.file(pem + rest))
            self.served(clients=self.file(pem + rest))

    def test_what_is_there_instead_of_a_certificate_is_said(self) -> None:
        pem = self.cert.read_bytes()
        der = load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
        request = b"-----BEGIN CERTIFICATE REQUEST-----"
        for content, said in [
            (b"", "it is empty"),
            (b" \n", "it is empty"),
            (pem[:-20], "one in it is cut off"),
            (der, "it may be DER, which openssl x509 -inform DER turns into PEM"),
            (self.key.read_bytes(), "it has a private key"),
            (request, "it is a request, which an authority is to sign"),
        ]:
            for kind in ("cert", "clients"):
                refused = self.refused(**{kind: self.file(content)})
                said_first = "odd.pem: no certificate in PEM format; "
                self.assertIn(said_first + said, refused)
        odd = self.refused(cert=self.file(b"something else"))
        self.assertTrue(odd.endswith("odd.pem: no certificate in PEM format"), odd)

    def test_what_is_there_instead_of_a_key_is_said(self) -> None:
        pem = self.key.read_bytes()
        key = load_pem_private_key(pem, None)
        kind = Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        for content, said in [
            (b"", "it is empty"),
            (pem[:-40], "one in it is cut off, or of an unknown kind"),
            (self.cert.read_bytes(), "it has a certificate"),
            (key.public_key().public_bytes(*kind), "it has a public key"),
        ]:
            refused = self.refused(key=self.file(content))
            self.assertIn(f"odd.pem: no private key in PEM format; {said}", refused)

    def test_password_is_the_first_line_which_is_not_empty(self) -> None:
        key = load_pem_private_key(self.key.read_bytes(), None)
        lock = BestAvailableEncryption(PASSWORD)
        locked = self.file(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock), "locked.pem"
        )
        self.assertIn("--key-password-file", self.refused(key=locked))
        for end in (b"", b"\n", b"\r\n", b"\nmore\n"):
            self.served(key=locked, password=self.file(PASSWORD + end))
        for content in (b"", b"\n", b"\r\n", b"\n" + PASSWORD):
            refused = self.refused(key=locked, password=self.file(content))
            self.assertIn("odd.pem: its first line is empty", refused)
        for content in (b"another", PASSWORD + b" "):
            refused = self.refused(key=locked, password=self.file(content))
            self.assertIn("locked.pem: wrong password", refused)

    def test_a_chain_that_begins_with_another_certificate_is_told_apart(self) -> None:
        cert, root = self.cert.read_bytes(), self.root.cert.read_bytes()
        refused = self.refused(cert=self.file(root + cert))
        self.assertIn("odd.pem: the server's certificate must come first", refused)
        self.assertTrue(refused.endswith("is the key of number 2 in it"), refused)
        refused = self.refused(key=self.root.key)
        self.assertIn("not the key of the certificate in", refused)

    def test_keys_with_which_nobody_speaks_tls_are_refused(self) -> None:
        cases: list[tuple[PrivateKey, str]] = [
            (ec.generate_private_key(ec.SECP256K1()), "on the curve secp256k1"),
            (rsa.generate_private_key(65537, 1024), "has 1024 bits; at least 2048"),
            (dsa.generate_private_key(1024), "of a kind that TLS does not use"),
        ]
        for key, said in cases:
            odd = Signer(self.here, "odd", self.root, key=key)
            self.assertIn(said, self.refused(cert=odd.cert, key=odd.key))


class WarningTests(FilesCase):
    """Chains that clients may refuse."""

    def warnings(self, *chain: Signer) -> list[str]:
        """The warnings of a file with *chain*."""
        file = self.file(b"".join(link.cert.read_bytes() for link in chain))
        return server_warnings("chain.pem", read_certificates(str(file)))

    def test_a_chain_in_its_order_has_none(self) -> None:
        middle = Signer(self.here, "middle", self.root, is_authority=True)
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        server = Signer(self.here, "localhost", middle, usages=usages)
        self.assertEqual(self.warnings(server, middle, self.root), [])
        self.assertEqual(self.warnings(server), [])

    def test_a_certificate_that_signs_nobody_in_the_chain_is_named(self) -> None:
        other = Signer(self.here, "other", is_authority=True)
        said = "chain.pem: the certificate CN=other is not that of the authority of the"
        (line,) = self.warnings(self.signer, other)
        self.assertEqual(line, f"{said} one before it, CN=localhost")

    def test_a_certificate_that_is_not_for_servers_is_named(self) -> None:
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
        client = Signer(self.here, "client", self.root, usages=usages)
        (line,) = self.warnings(client)
        self.assertIn("chain.pem: the certificate CN=client is not for servers", line)
        any_usage = [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]
        client = Signer(self.here, "client", self.root, usages=any_usage)
        self.assertEqual(self.warnings(client), [])

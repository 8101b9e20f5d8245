"""
``hello-secure``: certificates, keys, passwords.
"""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from .support.harness import Case, Daemon, ask

PASSWORD = b"s\xc3\xa9same, ouvre-toi"


class Authority:
    """A certificate authority, and what it signs."""

    def __init__(self, name: str, issuer: Authority | None = None, ca: bool = True):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        signer = issuer or self
        now = datetime.now(UTC)
        self.cert = (
            x509.CertificateBuilder(signer.name, self.name, self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
            )
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()),
                critical=False,
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    signer.key.public_key()
                ),
                critical=False,
            )
            .sign(signer.key, SHA256())
        )

    def pem(self) -> bytes:
        return self.cert.public_bytes(Encoding.PEM)

    def key_pem(self, password: bytes | None = None) -> bytes:
        lock: KeySerializationEncryption = NoEncryption()
        if password:
            lock = BestAvailableEncryption(password)
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


class SecureTests(Case):
    """A chain of three: root, intermediate, server."""

    def setUp(self) -> None:
        super().setUp()
        self.root = Authority("root")
        self.middle = Authority("middle", self.root)
        self.server = Authority("localhost", self.middle, ca=False)
        self.write("chain.pem", self.server.pem() + self.middle.pem())
        self.write("key.pem", self.server.key_pem())
        self.write("locked.pem", self.server.key_pem(PASSWORD))
        self.write("password", PASSWORD + b"\n")
        self.write("root.pem", self.root.pem())

    def write(self, name: str, content: bytes) -> None:
        (self.here / name).write_bytes(content)

    def trusting(self, path: Path) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(path))

    def hello(self, daemon: Daemon, path: Path | None = None) -> None:
        tls = self.trusting(path or self.here / "root.pem")
        response = ask(daemon, host="localhost", tls=tls)
        self.assertEqual((response.code, response.body), (200, b"Hello, world!"))

    def test_chain_and_key(self) -> None:
        secure = self.serve("hello-secure", "--cert", "chain.pem", "--key", "key.pem")
        self.assertTrue(secure.url.startswith("https://127.0.0.1:"))
        self.hello(secure)

    def test_key_with_a_password(self) -> None:
        line = ("--cert", "chain.pem", "--key", "locked.pem")
        self.hello(self.serve("hello-secure", *line, "--key-password-file", "password"))

    def test_old_tls_and_plain_http_are_refused(self) -> None:
        secure = self.serve("hello-secure", "--cert", "chain.pem", "--key", "key.pem")
        tls = self.trusting(self.here / "root.pem")
        tls.minimum_version = ssl.TLSVersion.TLSv1
        tls.maximum_version = ssl.TLSVersion.TLSv1_1
        tls.set_ciphers("ALL:@SECLEVEL=0")
        self.assertRaises(OSError, ask, secure, host="localhost", tls=tls)
        self.assertRaises((OSError, HTTPException), ask, secure)
        self.hello(secure)

    def test_made_for_localhost(self) -> None:
        secure = self.daemon("hello-secure", "--port", "0")
        line = secure.wait_for("made for localhost")
        made = Path(line.rpartition(": ")[2])
        self.assertTrue(made.is_relative_to(self.home))
        self.assertEqual(os.stat(made.with_name("key.pem")).st_mode & 0o777, 0o600)
        self.hello(secure.ready(), made)
        first = made.read_bytes()
        secure.stop()
        again = self.serve("hello-secure")
        self.assertEqual(made.read_bytes(), first)
        self.hello(again, made)

    def test_endpoint_strings_of_our_own_and_of_twisted(self) -> None:
        chain = (self.here / "chain.pem").read_bytes()
        self.write("both.pem", self.server.key_pem() + chain)
        for endpoint in (
            "https:0:cert=chain.pem:key=locked.pem:passwordFile=password:minimum=1.3",
            r"https:over=tcp\:0:cert=chain.pem:key=key.pem",
            "ssl:0:privateKey=both.pem:certKey=both.pem:extraCertChain=chain.pem",
        ):
            self.hello(self.daemon("hello", "--listen", endpoint).ready())

    def test_client_certificates(self) -> None:
        secure = self.daemon(
            "hello",
            "--listen",
            "https:0:cert=chain.pem:key=key.pem:clientCA=root.pem",
        ).ready()
        tls = self.trusting(self.here / "root.pem")
        self.assertRaises(OSError, ask, secure, host="localhost", tls=tls)
        tls.load_cert_chain(self.here / "chain.pem", self.here / "key.pem")
        self.assertEqual(ask(secure, host="localhost", tls=tls).code, 200)

    def test_refused(self) -> None:
        self.write("wrong", b"wrong\n")
        self.write("other.pem", Authority("other").key_pem())
        self.write("junk.pem", b"junk")
        cert = ("hello-secure", "--port", "0", "--cert", "chain.pem")
        for line, said in [
            ((*cert, "--key", "missing.pem"), "missing.pem: No such file"),
            ((*cert, "--key", "junk.pem"), "junk.pem"),
            ((*cert, "--key", "other.pem"), "not the key of the certificate"),
            ((*cert, "--key", "locked.pem"), "has a password"),
            (
                (*cert, "--key", "locked.pem", "--key-password-file", "wrong"),
                "wrong password",
            ),
            (
                (*cert, "--key", "locked.pem", "--key-password-file", "missing"),
                "missing: No such file",
            ),
            (cert, "--key"),
            (
                ("hello-secure", "--cert", "junk.pem", "--key", "key.pem"),
                "junk.pem: no certificate",
            ),
            (("hello-secure", "--cert", "no.pem", "--key", "key.pem"), "no.pem"),
        ]:
            self.assertIn(said, self.refuses(*line))

    def test_an_unreadable_key(self) -> None:
        if os.geteuid() != 0:
            os.chmod(self.here / "key.pem", 0)
            line = ("--cert", "chain.pem", "--key", "key.pem")
            said = self.refuses("hello-secure", *line)
            self.assertIn("key.pem: Permission denied", said)
            return
        # Root may read anything but a folder.
        (self.here / "folder.pem").mkdir()
        line = ("--cert", "chain.pem", "--key", "folder.pem")
        self.assertIn("folder.pem", self.refuses("hello-secure", *line))

    def test_curl_and_dartio_get_agree(self) -> None:
        secure = self.serve("hello-secure", "--cert", "chain.pem", "--key", "key.pem")
        url = f"https://localhost:{secure.port}/"
        said, _ = self.run_program("dartio", "get", "--cacert", "root.pem", url)
        self.assertEqual(said, "Hello, world!")
        _, why = self.run_program("dartio", "get", url, code=1)
        self.assertEqual(why.count("\n"), 1)
        self.assertIn(url, why)

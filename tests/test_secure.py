"""
TLS: certificates, keys, passwords, protocols, sessions.
"""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
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

from dartio_tut.test.support.tls_alerts import is_without_protocol

from .support.certificates import with_extensions_of_key
from .support.harness import PATIENCE, Case, Daemon, ask
from .support.programs import need

PASSWORD = b"s\xc3\xa9same, ouvre-toi"


class Authority:
    """A certificate authority, and what it signs."""

    def __init__(
        self,
        name: str,
        issuer: Authority | None = None,
        ca: bool = True,
        began: timedelta = timedelta(hours=-1),
        ends: timedelta = timedelta(days=1),
    ):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        signer = issuer or self
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder(signer.name, self.name, self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + began)
            .not_valid_after(now + ends)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
            )
        )
        builder = with_extensions_of_key(builder, self.key, signer.key, is_authority=ca)
        self.cert = builder.sign(signer.key, SHA256())

    def pem(self) -> bytes:
        return self.cert.public_bytes(Encoding.PEM)

    def key_pem(self, password: bytes | None = None) -> bytes:
        lock: KeySerializationEncryption = NoEncryption()
        if password:
            lock = BestAvailableEncryption(password)
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


class CertificateCase(Case):
    """A test with a chain of three: root, intermediate, server."""

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


class SecureTests(CertificateCase):
    """``hello-secure``."""

    def test_a_chain_and_its_key_are_served(self) -> None:
        secure = self.serve("hello-secure", "--cert", "chain.pem", "--key", "key.pem")
        self.assertTrue(secure.url.startswith("https://127.0.0.1:"))
        self.hello(secure)

    def test_a_key_may_have_a_password(self) -> None:
        line = ("--cert", "chain.pem", "--key", "locked.pem")
        self.hello(self.serve("hello-secure", *line, "--key-password-file", "password"))

    def test_old_tls_and_plain_http_are_refused(self) -> None:
        secure = self.serve("hello-secure", "--cert", "chain.pem", "--key", "key.pem")
        tls = self.trusting(self.here / "root.pem")
        tls.minimum_version = ssl.TLSVersion.TLSv1
        tls.maximum_version = ssl.TLSVersion.TLSv1_1
        tls.set_ciphers("ALL:@SECLEVEL=0")
        self.assertRaises(OSError, ask, secure, host="localhost", tls=tls)
        self.assertEqual(ask(secure).body, b"This port speaks TLS: use https://\n")
        self.hello(secure)

    def test_without_a_certificate_one_for_localhost_is_made_and_kept(self) -> None:
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

    def test_endpoint_strings_of_ours_and_of_twisted_are_served(self) -> None:
        chain = (self.here / "chain.pem").read_bytes()
        self.write("both.pem", self.server.key_pem() + chain)
        for endpoint in (
            "https:0:cert=chain.pem:key=locked.pem:passwordFile=password:minimum=1.3",
            r"https:over=tcp\:0:cert=chain.pem:key=key.pem",
            "ssl:0:privateKey=both.pem:certKey=both.pem:extraCertChain=chain.pem",
        ):
            self.hello(self.daemon("hello", "--listen", endpoint).ready())

    def test_clients_without_a_certificate_are_refused_where_one_is_asked_for(
        self,
    ) -> None:
        secure = self.daemon(
            "hello",
            "--listen",
            "https:0:cert=chain.pem:key=key.pem:clientCA=root.pem",
        ).ready()
        tls = self.trusting(self.here / "root.pem")
        self.assertRaises(OSError, ask, secure, host="localhost", tls=tls)
        tls.load_cert_chain(self.here / "chain.pem", self.here / "key.pem")
        self.assertEqual(ask(secure, host="localhost", tls=tls).code, 200)

    def test_wrong_files_are_refused_in_one_line(self) -> None:
        self.write("wrong", b"wrong\n")
        self.write("other.pem", Authority("other").key_pem())
        self.write("junk.pem", b"junk")
        cert = ("hello-secure", "--port", "0", "--cert", "chain.pem")
        for line, said in [
            (
                (*cert, "--key", "missing.pem"),
                f"hello-secure: the key {self.here}/missing.pem: No such file",
            ),
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

    def test_a_key_that_cannot_be_read_is_refused(self) -> None:
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
        self.assertIn("certificate of localhost is not trusted (--cacert FILE)", why)

    def test_certificate_made_here_may_sign_no_other(self) -> None:
        line = self.daemon("hello-secure", "--port", "0").wait_for("made for localhost")
        made = Path(line.rpartition(": ")[2])
        found = x509.load_pem_x509_certificate(made.read_bytes()).extensions
        self.assertFalse(found.get_extension_for_class(x509.BasicConstraints).value.ca)


class EverySocketTests(CertificateCase):
    """``--cert`` and ``--key``, which every server has, on any socket."""

    files = ("--cert", "chain.pem", "--key", "key.pem")

    def test_servers_of_all_kinds_speak_tls(self) -> None:
        tls = self.trusting(self.here / "root.pem")
        for name, more in [
            ("notes", ("--store", "notes")),
            ("static", ()),
            ("pages", ()),
        ]:
            server = self.serve(name, *self.files, *more)
            self.assertTrue(server.url.startswith("https://127.0.0.1:"), server.url)
            self.assertIn(ask(server, host="localhost", tls=tls).code, (200, 404))
            self.assertEqual(ask(server).code, 400)

    def test_endpoints_speak_tls(self) -> None:
        line = ("--listen", "tcp:0:interface=127.0.0.1", "--listen", "unix:socket")
        hello = self.daemon("hello", *self.files, *line)
        self.hello(hello.ready())
        hello.wait_for("unix")
        tls = self.trusting(self.here / "root.pem")
        with socket.socket(socket.AF_UNIX) as plain:
            plain.connect(os.path.relpath(self.here / "socket"))
            with tls.wrap_socket(plain, server_hostname="localhost") as secure:
                secure.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertIn(b"200 OK", secure.recv(1000))

    def test_locked_key_takes_its_password_from_a_file(self) -> None:
        locked = ("--cert", "chain.pem", "--key", "locked.pem")
        self.hello(self.serve("hello", *locked, "--key-password-file", "password"))
        self.assertIn("has a password", self.refuses("hello", *locked, codes=(78,)))


class ProtocolTests(CertificateCase):
    """Which protocols, curves and sessions there are."""

    def connect(
        self, server: Daemon, tls: ssl.SSLContext, session: ssl.SSLSession | None = None
    ) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        secure = tls.wrap_socket(plain, server_hostname="localhost", session=session)
        self.addCleanup(secure.close)
        return secure

    def secure_servers(self, more: str = "") -> Iterator[Daemon]:
        """A server on a socket of our TLS, and one of Twisted's TLS over another."""
        pem = "cert=chain.pem:key=key.pem" + more
        for endpoint in (f"https:0:{pem}", rf"https:over=tcp\:0:{pem}"):
            yield self.daemon("hello", "--listen", endpoint).ready()

    def offering(self, *protocols: str) -> ssl.SSLContext:
        tls = self.trusting(self.here / "root.pem")
        tls.set_alpn_protocols(protocols)
        return tls

    def test_http2_is_offered_unless_it_is_turned_off(self) -> None:
        files = ("--cert", "chain.pem", "--key", "key.pem")
        for line, chosen in [
            (("hello-secure",), "h2"),
            (("hello", *files), "h2"),
            (("hello-secure", "--no-http2"), "http/1.1"),
            (("hello", *files, "--no-http2"), "http/1.1"),
        ]:
            server = self.serve(*line)
            tls = self.offering("h2", "http/1.1")
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
            secure = self.connect(server, tls)
            self.assertEqual((line, secure.selected_alpn_protocol()), (line, chosen))

    def test_http2_is_offered_at_every_kind_of_endpoint_of_ours(self) -> None:
        chain = (self.here / "chain.pem").read_bytes()
        self.write("both.pem", self.server.key_pem() + chain)
        pem = "privateKey=both.pem:certKey=both.pem:extraCertChain=chain.pem"
        twisted = self.daemon("hello", "--listen", f"ssl:0:{pem}").ready()
        for server in (*self.secure_servers(":http2=no"), twisted):
            secure = self.connect(server, self.offering("h2", "http/1.1"))
            self.assertEqual(secure.selected_alpn_protocol(), "http/1.1")
        for server in self.secure_servers():
            secure = self.connect(server, self.offering("h2", "http/1.1"))
            self.assertEqual(secure.selected_alpn_protocol(), "h2")

    def test_protocols_without_overlap_are_a_fatal_alert(self) -> None:
        for server in self.secure_servers():
            error = self.assertRaises(
                ssl.SSLError, self.connect, server, self.offering("h3", "spdy/3")
            )
            self.assertTrue(is_without_protocol(error), error)
            self.hello(server)

    def test_60_of_60_reconnects_resume_their_session(self) -> None:
        get = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for server in self.secure_servers():
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                tls = self.trusting(self.here / "root.pem")
                tls.minimum_version = tls.maximum_version = version
                resumed, session = 0, None
                for _ in range(61):
                    with self.connect(server, tls, session) as secure:
                        secure.sendall(get)
                        self.assertIn(b"200 OK", secure.recv(1000))
                        resumed += bool(secure.session_reused)
                        session = secure.session
                self.assertEqual((version, resumed), (version, 60))

    def test_sessions_resume_where_clients_show_certificates(self) -> None:
        for server in self.secure_servers(":clientCA=root.pem"):
            tls = self.trusting(self.here / "root.pem")
            tls.load_cert_chain(self.here / "chain.pem", self.here / "key.pem")
            session = None
            for resumed in (False, True):
                with self.connect(server, tls, session) as secure:
                    secure.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    self.assertIn(b"200 OK", secure.recv(1000))
                    self.assertEqual(secure.session_reused, resumed)
                    session = secure.session

    def test_only_the_usual_curves_are_offered(self) -> None:
        need("openssl", "which curves are offered")
        for server in self.secure_servers():
            for curve, offered in [
                ("X25519", True), ("P-256", True), ("P-384", True),
                ("X448", False), ("P-521", False), ("brainpoolP256r1", False),
                ("ffdhe2048", False),
            ]:  # fmt: skip
                ended = subprocess.run(
                    ["openssl", "s_client", "-groups", curve, "-tls1_3"]
                    + ["-connect", f"127.0.0.1:{server.port}"],
                    input="",
                    capture_output=True,
                    text=True,
                    timeout=PATIENCE,
                    check=False,
                )
                shook = "Temp Key" in ended.stdout
                self.assertEqual((curve, shook), (curve, offered))


class ValidityTests(CertificateCase):
    """Certificates that are valid no more, or not yet."""

    def server_from(self, began: int, ends: int) -> tuple[str, ...]:
        """The options for a certificate of these days from now."""
        days = (timedelta(days=began), timedelta(days=ends))
        server = Authority("localhost", self.middle, False, *days)
        self.write("late.pem", server.pem() + self.middle.pem())
        self.write("late-key.pem", server.key_pem())
        return ("--cert", "late.pem", "--key", "late-key.pem")

    def test_a_warning_is_logged_at_start(self) -> None:
        for days, said in [
            ((-9, -2), "late.pem: the certificate CN=localhost expired on "),
            ((2, 9), "late.pem: the certificate CN=localhost is not valid before "),
        ]:
            for name in ("hello", "hello-secure"):
                server = self.daemon(name, "--port", "0", *self.server_from(*days))
                self.assertIn("#warn", server.wait_for(said))
                server.ready()

    def test_check_fails(self) -> None:
        for days, said in [((-9, -2), "expired on"), ((2, 9), "is not valid before")]:
            line = ("hello", "--port", "0", "--check", *self.server_from(*days))
            self.assertIn(said, self.refuses(*line, codes=(78,)))
        line = ("--check", "--cert", "chain.pem", "--key", "key.pem")
        said, _ = self.run_program("twistd", "hello", "--port", "0", *line)
        self.assertIn("hello: all is in order\n", said)

    def test_check_tells_how_many_days_are_left_when_they_are_few(self) -> None:
        for days, is_told in ((25, False), (5, True)):
            server = Authority("localhost", None, False, ends=timedelta(days=days))
            self.write("soon.pem", server.pem())
            self.write("soon-key.pem", server.key_pem())
            files = ("--cert", "soon.pem", "--key", "soon-key.pem")
            line = ("hello", "--port", "0", "--check", *files)
            said, _ = self.run_program("twistd", *line)
            self.assertEqual("soon.pem: the certificate expires on" in said, is_told)
            self.assertEqual("in 4 days\n" in said, is_told)
            self.assertIn("hello: all is in order\n", said)

    def test_certificates_of_twisted_endpoints_count_as_well(self) -> None:
        self.server_from(-9, -2)
        (self.here / "pems").mkdir()
        both = [
            (self.here / name).read_bytes() for name in ("late-key.pem", "late.pem")
        ]
        self.write("pems/localhost.pem", b"".join(both))
        for endpoint in (
            "ssl:0:privateKey=late-key.pem:certKey=late.pem",
            "tls:pems:0:interface=127.0.0.1",
        ):
            line = ("hello", "--listen", endpoint, "--check")
            self.assertIn("expired on", self.refuses(*line, codes=(78,)))

    def test_an_expired_intermediate_or_authority_counts_as_well(self) -> None:
        days = (timedelta(days=-9), timedelta(days=-2))
        middle = Authority("middle", self.root, True, *days)
        server = Authority("localhost", middle, ca=False)
        self.write("mixed.pem", server.pem() + middle.pem())
        self.write("mixed-key.pem", server.key_pem())
        self.write("old-root.pem", Authority("root", None, True, *days).pem())
        for endpoint, said in [
            (
                "https:0:cert=mixed.pem:key=mixed-key.pem",
                "mixed.pem: the certificate CN=m",
            ),
            (
                "https:0:cert=chain.pem:key=key.pem:clientCA=old-root.pem",
                "old-root.pem: ",
            ),
        ]:
            line = ("hello", "--listen", endpoint, "--check")
            self.assertIn(said, self.refuses(*line, codes=(78,)))

"""
``--cert-folder``: a certificate for each name, at every kind of socket.
"""

from __future__ import annotations

import signal
import socket
import ssl
from pathlib import Path

from cryptography import x509

from .support.certificates import Signer
from .support.harness import PATIENCE, Case, Daemon, ask


class CertificateFolderTests(Case):
    """A server for several names."""

    def setUp(self) -> None:
        super().setUp()
        self.ca = Signer(self.here)
        self.tls = ssl.create_default_context(cafile=str(self.ca.path))
        self.folder = self.here / "certificates"
        self.folder.mkdir()
        self.put("a.example", "a.example", as_certbot=True)
        self.put("_.b.example", "b.example", "*.b.example")

    def put(
        self, name: str, *hosts: str, as_certbot: bool = False
    ) -> tuple[Path, Path]:
        """Put a certificate for *hosts* and its key into the folder."""
        names = [x509.DNSName(host) for host in hosts]
        made = Signer(self.here, *names, issuer=self.ca, days=(-1, 90))
        paths = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        if as_certbot:
            (self.folder / name).mkdir(exist_ok=True)
            here = self.folder / name
            paths = here / "fullchain.pem", here / "privkey.pem"
        paths[1].write_bytes(made.path.with_suffix(".key").read_bytes())
        paths[0].write_bytes(made.path.read_bytes())
        return paths

    def get(
        self, server: Daemon, name: str, session: ssl.SSLSession | None = None
    ) -> ssl.SSLSocket:
        """
        Ask *server* as the host *name*, whose certificate is checked; the connection.

        :raise ssl.SSLCertVerificationError: when it has no certificate for *name*.
        """
        plain = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        self.addCleanup(plain.close)
        secure = self.tls.wrap_socket(plain, server_hostname=name, session=session)
        self.addCleanup(secure.close)
        secure.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        self.assertIn(b"Hello, world!", secure.recv(4096))
        return secure

    def refused(self, server: Daemon, name: str) -> None:
        """*server* has no certificate for *name*, and the client finds out."""
        self.assertRaises(ssl.SSLCertVerificationError, self.get, server, name)

    def test_each_name_is_shown_its_own_on_every_kind_of_socket(self) -> None:
        folder = ("--cert-folder", "certificates")
        for line in (
            ("--port", "0", *folder),
            ("--listen", r"https:over=tcp\:0:certFolder=certificates"),
        ):
            server = self.daemon("hello", *line).ready()
            for name in ("a.example", "b.example", "x.b.example"):
                self.get(server, name)
            for name in ("c.example", "x.y.b.example"):
                self.refused(server, name)

    def test_default_is_for_all_other_names(self) -> None:
        cert, key = self.put("default", "c.example")
        cert, key = (path.rename(self.here / path.name) for path in (cert, key))
        files = ("--cert", str(cert), "--key", str(key))
        server = self.serve("hello", *files, "--cert-folder", "certificates")
        for name in ("a.example", "c.example"):
            self.get(server, name)

    def test_what_changes_in_the_folder_is_used_and_what_is_broken_is_not(self) -> None:
        server = self.serve("hello", "--cert-folder", "certificates")

        def hang_up(said: str) -> None:
            server.process.send_signal(signal.SIGHUP)
            server.wait_for(said)

        with self.get(server, "a.example") as secure:
            first = secure.getpeercert(binary_form=True)
        self.put("a.example", "a.example", as_certbot=True)
        self.put("new", "new.example")
        hang_up("new.crt: this certificate is used from now on")
        self.get(server, "new.example")
        with self.get(server, "a.example") as secure:
            self.assertNotEqual(secure.getpeercert(binary_form=True), first)
        (self.folder / "new.key").write_bytes(b"broken")
        hang_up("new.crt: the certificate of before stays in use: ")
        self.get(server, "new.example")
        for suffix in (".crt", ".key"):
            (self.folder / "new").with_suffix(suffix).unlink()
        hang_up("new.crt: this certificate is gone")
        self.refused(server, "new.example")

    def test_keys_that_come_later_are_never_served_either(self) -> None:
        options = ("--cert-folder", "certificates", "--root", ".", "--links", "follow")
        server = self.serve("static", *options)
        tls = ssl.create_default_context(cafile=str(self.ca.path))
        tls.check_hostname = False

        def code(path: str) -> int:
            return ask(server, target=f"/certificates/{path}", tls=tls).code

        self.put("new", "new.example")
        self.put("other.example", "other.example", as_certbot=True)
        (self.folder / "alone.key").write_text("key")
        for path in ("_.b.example.key", "new.key", "alone.key"):
            self.assertEqual((path, code(path)), (path, 404))
        self.assertEqual(code("other.example/privkey.pem"), 404)
        self.assertEqual(code("new.crt"), 200)

    def test_sessions_of_every_name_resume(self) -> None:
        server = self.serve("hello", "--cert-folder", "certificates")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.tls.minimum_version = self.tls.maximum_version = version
            resumed, session = 0, None
            for _ in range(61):
                with self.get(server, "b.example", session) as secure:
                    resumed += bool(secure.session_reused)
                    session = secure.session
            self.assertEqual((version, resumed), (version, 60))

    def test_wrong_folders_are_refused_in_one_line(self) -> None:
        (self.here / "empty").mkdir()
        (self.here / "file").touch()
        self.put("half", "half.example")[1].unlink()
        for folder, said in [
            ("none", "--cert-folder: none: no such folder"),
            ("file", "--cert-folder: file: not a folder"),
            ("empty", "empty: no certificates in it; NAME.crt with NAME.key"),
            ("certificates", "certificates/half.key: No such file or directory"),
        ]:
            for more in ((), ("--check",)):
                line = ("hello", "--port", "0", "--cert-folder", folder, *more)
                self.assertIn(said, self.refuses(*line, codes=(78,)))

    def test_expired_one_is_named_by_check(self) -> None:
        old = x509.DNSName("old.example")
        made = Signer(self.here, old, issuer=self.ca, days=(-9, -2))
        (self.folder / "old.crt").write_bytes(made.path.read_bytes())
        key = made.path.with_suffix(".key").read_bytes()
        (self.folder / "old.key").write_bytes(key)
        line = ("hello", "--port", "0", "--cert-folder", "certificates", "--check")
        self.assertIn("old.crt: the certificate ", self.refuses(*line, codes=(78,)))

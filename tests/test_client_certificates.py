"""
``--client-ca``: only clients with a certificate are let in, and the server knows whose.
"""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from .support.certificates import Signer
from .support.harness import PATIENCE, Case, Daemon, ask
from .support.programs import need

ATTEMPTS = 5

WHO = """
from twisted.web.resource import Resource
from dartio_tut.daemon import ServerOptions, serve

class Who(Resource):
    isLeaf = True

    def render(self, request):
        shown = request.transport.getPeerCertificate()
        return shown.get_subject().CN.encode() if shown else b"nobody"

class Options(ServerOptions):
    default_port = 4099

def makeService(options):
    return serve(Who(), options)
"""
"""A server that tells a client who it is."""

PLUGIN = """
from twisted.application.service import ServiceMaker

who = ServiceMaker("who", "who", "Tells who asks", "who")
"""


class ClientCertificateTests(Case):
    """A server that asks for certificates of one authority."""

    def setUp(self) -> None:
        super().setUp()
        ca = Signer(self.here)
        self.trusted = Signer(self.here, issuer=ca, usages=CLIENT)
        self.foreign = Signer(self.here, issuer=Signer(self.here), usages=CLIENT)
        self.late = Signer(self.here, issuer=ca, days=(-9, -2), usages=CLIENT)
        names = (x509.DNSName("localhost"),)
        server = Signer(self.here, *names, issuer=ca, days=(-1, 90))
        self.ca = ca.path
        self.files = ("--cert", str(server.path), "--key", key_of(server))
        self.asking = (*self.files, "--client-ca", str(ca.path))

    def context(self, client: Signer | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.ca))
        if client is not None:
            context.load_cert_chain(client.path, key_of(client))
        return context

    def test_only_clients_of_the_authority_are_answered(self) -> None:
        server = self.serve("hello", *self.asking)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for client, is_let_in in [
                (self.trusted, True),
                (None, False),
                (self.foreign, False),
                (self.late, False),
                (self.trusted, True),
            ]:
                context = self.context(client)
                context.minimum_version = context.maximum_version = version
                if is_let_in:
                    response = ask(server, host="localhost", tls=context)
                    self.assertEqual(response.body, b"Hello, world!")
                else:
                    self.assertRaises(
                        OSError, ask, server, host="localhost", tls=context
                    )

    def test_refused_clients_read_why_and_so_does_the_operator(self) -> None:
        files = f"cert={self.files[1]}:key={self.files[3]}:clientCA={self.ca}"
        clients = [
            (self.late, "certificate expired", "the client's certificate has expired"),
            (self.foreign, "unknown ca", "is of an unknown authority (CN=test "),
            (None, "certificate required", "the client has sent no certificate"),
        ]
        for endpoint in (f"https:0:{files}", rf"https:over=tcp\:0:{files}"):
            server = self.daemon("hello", "--listen", endpoint).ready()
            for client, alert, said in clients:
                self.assertIn(alert, self.refusal(server, client, said))

    def refusal(self, server: Daemon, client: Signer | None, said: str) -> str:
        """
        What *client* reads that has sent some of its request when it is refused. It has
        two seconds for that, which a busy machine may take away.
        """
        for _ in range(ATTEMPTS):
            try:
                self.send_when_refused(server, client, said)
            except ssl.SSLEOFError:  # it was closed
                continue
            except ssl.SSLError as error:
                return str(error).lower().replace("_", " ")
            except ConnectionError:
                continue
        return "nothing"

    def send_when_refused(
        self, server: Daemon, client: Signer | None, said: str
    ) -> None:
        """Send more of a request when the log has *said* that it is refused; read."""
        where = ("127.0.0.1", server.port)
        tls = self.context(client)
        with (
            socket.create_connection(where, PATIENCE) as plain,
            tls.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            secure.sendall(b"GET / HTTP/1.1\r\n")
            server.wait_for("127.0.0.1: TLS handshake failed: ")
            self.assertIn(said, server.lines[-1])
            for _ in range(3):  # the first of these shows whether it is closed
                secure.sendall(b"Host: localhost\r\n")
            secure.recv(1000)

    def test_curl_shows_its_certificate_by_http2(self) -> None:
        need("curl", "a client certificate over HTTP/2")
        server = self.serve("hello", *self.asking)
        shown = ["--cert", str(self.trusted.path), "--key", key_of(self.trusted)]
        for more, code in ((shown, 0), ([], 56)):
            ended = subprocess.run(
                ["curl", "--silent", "--http2", "--cacert", str(self.ca), *more]
                + [f"https://localhost:{server.port}/"],
                capture_output=True,
                check=False,
                text=True,
                timeout=PATIENCE,
            )
            self.assertEqual((ended.returncode == 0), code == 0, ended.stderr)
            self.assertEqual(ended.stdout, "" if code else "Hello, world!")

    def test_client_is_told_whose_certificates_are_trusted(self) -> None:
        need("openssl", "the authorities that a server names")
        server = self.serve("hello", *self.asking)
        said = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}"],
            capture_output=True,
            check=False,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
        ).stdout
        self.assertIn("Acceptable client certificate CA names", said)
        self.assertNotIn("No client certificate CA names sent", said)

    def test_the_log_says_whose_certificate_it_was(self) -> None:
        log = self.here / "access.log"
        options = ("--access-log", str(log), "--access-log-format", "json")
        server = self.serve("hello", *self.asking, *options)
        ask(server, host="localhost", tls=self.context(self.trusted))
        server.stop()
        (line,) = map(json.loads, log.read_text().splitlines())
        with self.trusted.path.open("rb") as file:
            shown = x509.load_pem_x509_certificate(file.read())
        self.assertEqual(line["tls_client"], shown.subject.rfc4514_string())
        self.assertNotEqual(line["tls_client"], "")

    def test_other_sockets_ask_as_well(self) -> None:
        listen = ("--listen", "tcp:0:interface=127.0.0.1")
        server = self.daemon("hello", *self.asking, *listen).ready()
        for client, is_let_in in ((self.trusted, True), (None, False)):
            try:
                response = ask(server, host="localhost", tls=self.context(client))
                answered = response.body == b"Hello, world!"
            except OSError:
                answered = False
            self.assertEqual(answered, is_let_in)

    def test_resource_knows_who_asks_by_http1_and_by_http2(self) -> None:
        for program in ("curl", "openssl"):
            need(program, "what a resource knows of a certificate")
        server = self.who(*self.asking)
        subject = subprocess.run(
            ["openssl", "x509", "-noout", "-subject", "-nameopt", "multiline"]
            + ["-in", str(self.trusted.path)],
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        name = subject.rpartition("= ")[2].strip()
        shown = ["--cert", str(self.trusted.path), "--key", key_of(self.trusted)]
        for version in ("--http1.1", "--http2"):
            said = subprocess.run(
                ["curl", "--silent", version, "--cacert", str(self.ca), *shown]
                + [f"https://localhost:{server.port}/"],
                capture_output=True,
                check=True,
                text=True,
                timeout=PATIENCE,
            ).stdout
            self.assertEqual((version, said), (version, name))

    def test_client_is_nobody_where_none_is_asked(self) -> None:
        server = self.who(*self.files)
        tls = self.context(self.trusted)
        self.assertEqual(ask(server, host="localhost", tls=tls).body, b"nobody")

    def who(self, *line: str) -> Daemon:
        """A server that tells a client who it is."""
        (self.here / "who.py").write_text(WHO)
        plugins = self.here / "twisted" / "plugins"
        plugins.mkdir(parents=True)
        (plugins / "who_plugin.py").write_text(PLUGIN)
        # Started so, Python looks for modules in the current folder, too.
        run = "from twisted.scripts.twistd import run; run()"
        twistd = (sys.executable, "-c", run, "-n", "--pidfile=")
        server = self.started(*twistd, "who", "--port", "0", *line)
        self.addCleanup(self.ends_quietly, server)
        return server.ready()

    def test_wrong_files_are_refused_in_one_line(self) -> None:
        (self.here / "junk.pem").write_text("junk")
        for path, said in [
            ("none.pem", "none.pem: No such file or directory"),
            ("junk.pem", "junk.pem: no certificate in PEM format"),
            (".", "Is a directory"),
        ]:
            for more in ((), ("--check",)):
                line = ("hello", "--port", "0", *self.files, "--client-ca", path)
                self.assertIn(said, self.refuses(*line, *more, codes=(78,)))
        without = ("hello", "--port", "0", "--client-ca", str(self.ca))
        said = self.refuses(*without, codes=(78,))
        self.assertIn("--client-ca goes with --cert and --key", said)


CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)
"""What certificates of clients are for."""


def key_of(signer: Signer) -> str:
    """The path of its key."""
    return str(Path(signer.path).with_suffix(".key"))

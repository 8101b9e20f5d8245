"""
certbot or lego, an authority that speaks ACME, and a daemon between them.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from .support.acme import Authority
from .support.harness import PATIENCE, Case, Daemon, free_port

NAME = "www.example.test"


def names_of(certificate: x509.Certificate) -> list[str]:
    """The host names that *certificate* is for."""
    kind = x509.SubjectAlternativeName
    names = certificate.extensions.get_extension_for_class(kind)
    return names.value.get_values_for_type(x509.DNSName)


class AcmeTests(Case):
    """``--redirect-http`` with ``--acme-folder``, and certificates that are renewed."""

    def shown(self, server: Daemon) -> x509.Certificate:
        """The certificate that *server* shows for the name."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # nobody trusts such an authority
        with (
            socket.create_connection(("127.0.0.1", server.port), PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=NAME) as secure,
        ):
            found = secure.getpeercert(binary_form=True)
        assert found is not None
        return x509.load_der_x509_certificate(found)

    def webroot(self, port: int) -> tuple[Path, Sequence[str]]:
        """A folder for challenges, and the options by which a server answers them."""
        folder = self.here / "acme"
        folder.mkdir()
        return folder, ("--redirect-http", str(port), "--acme-folder", str(folder))

    def test_certificate_is_got_shown_and_renewed_by_a_running_server(self) -> None:
        port = free_port()
        authority = Authority(self, port, "certbot")
        webroot, line = self.webroot(port)
        first = self.serve("hello", "--self-signed", *line)
        got = ("certonly", "--webroot", "--webroot-path", str(webroot), "-d", NAME)
        email = ("--agree-tos", "--register-unsafely-without-email")
        authority.certbot(*got, *email)
        own = self.shown(first)
        first.stop()
        server = self.serve("hello", *line, "--cert-folder", str(authority.live))
        before = self.shown(server)
        self.assertNotEqual(before, own)
        self.assertEqual(names_of(before), [NAME])
        hook = f"kill -HUP {server.process.pid}"
        authority.certbot("renew", "--force-renewal", "--no-random-sleep-on-renew",
                          "--deploy-hook", hook)  # fmt: skip
        server.wait_for("SIGHUP")
        after = self.shown(server)
        self.assertNotEqual(after.serial_number, before.serial_number)
        self.assertEqual(
            after.issuer.rfc4514_string()[:9], before.issuer.rfc4514_string()[:9]
        )

    def test_certificates_of_lego_are_shown_and_those_that_come_later_as_well(
        self,
    ) -> None:
        port = free_port()
        authority = Authority(self, port, "lego")
        webroot, line = self.webroot(port)
        first = self.serve("hello", "--self-signed", *line)
        how = ("--email", "me@example.test", "--accept-tos", "--domains", NAME,
               "--http", "--http.webroot", str(webroot))  # fmt: skip
        authority.lego(*how, "run")
        first.stop()
        folder = authority.lego_folder / "certificates"
        server = self.serve("hello", *line, "--cert-folder", str(folder))
        before = self.shown(server)
        self.assertEqual(names_of(before), [NAME])
        hook = f"kill -HUP {server.process.pid}"
        authority.lego(*how, "renew", "--days", "9999", "--no-random-sleep",
                       "--renew-hook", hook)  # fmt: skip
        server.wait_for("SIGHUP")
        after = self.shown(server)
        self.assertEqual(names_of(after), [NAME])
        self.assertNotEqual(after.serial_number, before.serial_number)

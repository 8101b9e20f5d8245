"""
Certificates, and the settings of secure connections; handshakes happen in memory.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import (
    https_endpoint,
    https_endpoint_string,
    localhost_certificate,
)
from dartio_tut.daemon.https_endpoint import TLSEndpoint
from dartio_tut.daemon.pem_files import (
    is_leaf,
    read_certificates,
    read_private_key,
    validity_warnings,
)
from dartio_tut.daemon.tls_context import tls_context
from dartio_tut.wire import set_alpn

from .support.handshakes import VERSIONS, Client, only, shake_hands
from .support.tls_alerts import is_without_protocol


class LocalhostCertificateTests(SynchronousTestCase):
    """The certificate that hello-secure makes for itself."""

    def setUp(self) -> None:
        self.folder = self.mktemp()
        self.cert, self.key = localhost_certificate(self.folder)

    def read(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(Path(self.cert).read_bytes())

    def test_it_is_made_once_and_its_key_is_private(self) -> None:
        self.assertEqual(Path(self.key).stat().st_mode & 0o777, 0o600)
        made = Path(self.cert).read_bytes()
        localhost_certificate(self.folder)
        self.assertEqual(Path(self.cert).read_bytes(), made)

    def test_it_may_sign_no_other(self) -> None:
        extensions = self.read().extensions
        constraints = extensions.get_extension_for_class(x509.BasicConstraints)
        self.assertFalse(constraints.value.ca)
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        self.assertEqual((usage.digital_signature, usage.key_cert_sign), (True, False))

    def test_one_that_cannot_be_read_is_made_anew(self) -> None:
        Path(self.cert).write_bytes(b"no certificate")
        localhost_certificate(self.folder)
        self.assertTrue(is_leaf(self.read()))

    def test_one_that_may_sign_others_is_made_anew(self) -> None:
        made = Path(self.cert).read_bytes()
        self.patch(localhost_certificate_module(), "is_leaf", lambda found: False)
        localhost_certificate(self.folder)
        self.assertNotEqual(Path(self.cert).read_bytes(), made)


def localhost_certificate_module() -> Any:
    """The module of `localhost_certificate`."""
    from dartio_tut.daemon import certificate

    return certificate


class ValidityTests(SynchronousTestCase):
    """Certificates that are valid no more, or not yet."""

    def test_a_valid_certificate_has_no_warning(self) -> None:
        self.assertEqual(self.warnings(timedelta()), [])

    def test_expired_certificate_is_named_with_its_day(self) -> None:
        (line,) = self.warnings(timedelta(days=398))
        self.assertRegex(
            line, r"/cert\.pem: the certificate CN=localhost expired on \d+-\d+-\d+$"
        )

    def test_certificate_of_the_future_is_named_with_its_time(self) -> None:
        (line,) = self.warnings(timedelta(days=-2))
        self.assertRegex(line, r"CN=localhost is not valid before \d+-\d+-\d+ \d+:\d+$")

    def warnings(self, later: timedelta) -> list[str]:
        cert, _ = localhost_certificate(self.mktemp())
        now = datetime.now(UTC) + later
        return validity_warnings(cert, read_certificates(cert), now)


class EndpointStringTests(SynchronousTestCase):
    """``https:``."""

    def setUp(self) -> None:
        self.cert, self.key = localhost_certificate(self.mktemp())

    def endpoint(self, **settings: str | None) -> TLSEndpoint:
        given: Any = {"port": "0", "cert": self.cert, "key": self.key} | settings
        endpoint = https_endpoint(MemoryReactorClock(), **given)
        assert isinstance(endpoint, TLSEndpoint)
        return endpoint

    def test_paths_are_quoted(self) -> None:
        self.assertEqual(
            https_endpoint_string("/a:b", "/k", "/p", port=1, interface="::1"),
            "https:port=1:interface=\\:\\:1:cert=/a\\:b:key=/k:passwordFile=/p",
        )

    def test_http2_is_offered_unless_it_is_turned_off(self) -> None:
        for settings, chosen in [
            ({}, "h2"),
            ({"http2": "no"}, "http/1.1"),
            ({"http2": "yes"}, "h2"),
        ]:
            context = self.endpoint(**settings).certificate.context
            client = Client(["h2", "http/1.1"])
            shake_hands(context, client)
            self.assertEqual((settings, client.chosen()), (settings, chosen))

    def test_what_does_not_fit_is_refused(self) -> None:
        refused: list[tuple[dict[str, str | None], str]] = [
            ({"http2": "1"}, "http2=1: use yes or no"),
            ({"minimum": "1.1"}, "minimum=1.1: use 1.2 or 1.3"),
            ({"port": "x"}, "'x' is no port"),
            ({"over": "tcp:0"}, "either a port or over=ENDPOINT"),
            ({"cert": None}, "cert=FILE and key=FILE go together"),
            ({"cert": None, "key": None}, "needs cert=FILE and key=FILE, or certFol"),
            ({"backlog": "-5"}, "'-5' is not a whole number"),
            ({"port": None, "over": "tcp:0", "interface": "::1"}, "to that endpoint"),
            ({"port": None, "over": "tcp:0", "backlog": "5"}, "to that endpoint"),
        ]
        for settings, said in refused:
            error = self.assertRaises(ValueError, self.endpoint, **settings)
            self.assertIn(said, str(error))

    def test_part_without_a_value_is_refused(self) -> None:
        for name in (
            "port", "cert", "key", "passwordFile", "interface", "backlog", "over",
            "clientCA", "certFolder", "http2", "minimum",
        ):  # fmt: skip
            with self.assertRaisesRegex(ValueError, f"{name}="):
                self.endpoint(**{name: ""})

    def test_warnings_are_those_of_the_certificates(self) -> None:
        self.assertEqual(self.endpoint().certificate.warnings, [])


def with_curve(name: str) -> Client:
    """A client that offers one curve for the key exchange."""
    return Client(configure=lambda context: context.set_ecdh_curve(name))


class SettingsTests(SynchronousTestCase):
    """`tls_context`."""

    def setUp(self) -> None:
        cert, key = localhost_certificate(self.mktemp())
        self.chain = read_certificates(cert)
        self.key = read_private_key(key, None)
        self.context = tls_context(self.chain, self.key)

    def test_usual_curves_are_there(self) -> None:
        for curve in ("prime256v1", "secp384r1"):
            client = with_curve(curve)
            shake_hands(self.context, client)
            self.assertTrue(client.tls.version(), curve)

    def test_curve_p_521_is_not_offered(self) -> None:
        self.assertRaises(
            ssl.SSLError,
            shake_hands,
            self.context,
            with_curve("secp521r1"),
        )

    def test_protocols_without_overlap_are_a_fatal_alert(self) -> None:
        set_alpn(self.context, [b"http/1.1"])
        error = self.assertRaises(
            ssl.SSLError, shake_hands, self.context, Client(["h2", "spdy/3"])
        )
        self.assertTrue(is_without_protocol(error), error)

    def test_a_client_that_offers_no_protocol_is_served(self) -> None:
        set_alpn(self.context, [b"http/1.1"])
        client = Client()
        shake_hands(self.context, client)
        self.assertIs(client.chosen(), None)

    def test_the_server_prefers_its_own_order(self) -> None:
        set_alpn(self.context, [b"h2", b"http/1.1"])
        client = Client(["http/1.1", "h2"])
        shake_hands(self.context, client)
        self.assertEqual(client.chosen(), "h2")

    def test_sessions_resume(self) -> None:
        for version in VERSIONS:
            first = Client(configure=only(version))
            shake_hands(self.context, first)
            self.assertFalse(first.tls.session_reused)
            self.assertTrue(first.resumes(self.context), version)

    def test_sessions_of_another_server_do_not_resume(self) -> None:
        first = Client()
        shake_hands(self.context, first)
        self.assertFalse(first.resumes(tls_context(self.chain, self.key)))

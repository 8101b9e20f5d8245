"""Why handshakes have failed, as the operator reads it; they happen in memory."""

from __future__ import annotations

import contextlib  # its suppress, imported by name, would be trial's own suppress
import ssl
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon.pem_files import read_certificates, read_private_key
from dartio_tut.daemon.tls_context import tls_context
from dartio_tut.wire import set_alpn
from dartio_tut.wire.transport import handshake_faults
from dartio_tut.wire.transport.handshake_faults import (
    GONE,
    MAX_SUBJECT_CHARACTERS,
    WITHOUT_TLS,
    HandshakeFault,
    handshake_fault,
)

from .support.signer import Signer, with_version

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
JUNK = "what came is not TLS"


class FaultCase(SynchronousTestCase):
    """A server in memory, and clients that do not come through the handshake."""

    def setUp(self) -> None:
        self.here = Path(self.mktemp()).absolute()
        self.here.mkdir()
        self.authority = Signer(self.here, "authority", is_authority=True)
        self.server = Signer(self.here, "server", self.authority)
        self.context = self.serving()

    def serving(
        self, asks_for: Signer | None = None, minimum: str = "1.2"
    ) -> SSL.Context:
        """The settings of a server, which *asks_for* certificates of an authority."""
        authorities = read_certificates(str(asks_for.cert)) if asks_for else []
        chain = read_certificates(str(self.server.cert))
        key = read_private_key(str(self.server.key), None)
        context = tls_context(chain, key, authorities, minimum)
        set_alpn(context, [b"http/1.1"])
        return context

    def connection(self) -> SSL.Connection:
        """A connection of the server's, which waits for a client."""
        server = SSL.Connection(self.context, None)
        server.set_accept_state()
        return server

    def of_bytes(self, data: bytes) -> HandshakeFault | None:
        """What becomes of a client that sends *data*, and no more."""
        server = self.connection()
        server.bio_write(data)
        server.bio_shutdown()
        return self.step(server)

    def step(self, server: SSL.Connection) -> HandshakeFault | None:
        """Go on with the handshake of *server*: why it has failed, if it has."""
        try:
            server.do_handshake()
        except SSL.WantReadError:
            return None
        except SSL.Error as error:
            return handshake_fault(error, server)
        return None

    def fault(
        self, configure: Callable[[ssl.SSLContext], object] = lambda context: None
    ) -> HandshakeFault | None:
        """What becomes of a client that *configure* makes."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        configure(context)
        came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        client, server = context.wrap_bio(came, goes), self.connection()
        for _ in range(4):
            with contextlib.suppress(ssl.SSLError):
                client.do_handshake()
            if goes.pending:
                server.bio_write(goes.read())
            if found := self.step(server):
                return found
            with contextlib.suppress(SSL.WantReadError):
                came.write(server.bio_read(65536))
        return None


class CertificateFaultTests(FaultCase):
    """Certificates of clients that are refused."""

    def setUp(self) -> None:
        super().setUp()
        self.context = self.serving(self.authority)

    def refused(self, client: Signer | None, *chain: Signer) -> HandshakeFault | None:
        """What becomes of *client* by every version of TLS; it is the same."""
        found = set()
        for version in VERSIONS:

            def shows(
                context: ssl.SSLContext, version: ssl.TLSVersion = version
            ) -> None:
                context.minimum_version = context.maximum_version = version
                if client is not None:
                    whole = self.here / "chain.pem"
                    files = [client.cert, *(link.cert for link in chain)]
                    whole.write_bytes(b"".join(file.read_bytes() for file in files))
                    context.load_cert_chain(whole, client.key)

            found.add(self.fault(shows))
        (same,) = found
        return same

    def test_clients_of_the_authority_come_through(self) -> None:
        self.assertIs(self.refused(Signer(self.here, "good", self.authority)), None)

    def test_an_authority_that_another_has_signed_is_enough(self) -> None:
        middle = Signer(self.here, "middle", self.authority, is_authority=True)
        self.context = self.serving(middle)
        self.assertIs(self.refused(Signer(self.here, "good", middle)), None)
        other = self.refused(Signer(self.here, "a", self.authority))
        expected = ("the client's certificate is of an unknown authority", "CN=a")
        self.assertEqual(other, expected)

    def test_authorities_with_many_names_are_no_obstacle(self) -> None:
        part = x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "x" * 60)
        large = Signer(self.here, x509.Name([part] * 200), is_authority=True)
        trusted = [self.authority, *[large] * 6]
        whole = self.here / "many.pem"
        whole.write_bytes(b"".join(one.cert.read_bytes() for one in trusted))
        server = Signer(self.here, "localhost")
        self.context = tls_context(
            read_certificates(str(server.cert)),
            read_private_key(str(server.key), None),
            read_certificates(str(whole)),
        )
        self.assertIs(self.refused(Signer(self.here, "good", self.authority)), None)

    def test_a_client_without_a_certificate_is_told_apart(self) -> None:
        self.assertEqual(self.refused(None), ("the client has sent no certificate", ""))

    def test_what_is_wrong_with_a_certificate_is_said_with_its_name(self) -> None:
        other = Signer(self.here, "other", is_authority=True)
        for client, reason in [
            (Signer(self.here, "a", self.authority, days=(-9, -2)), "has expired"),
            (Signer(self.here, "a", self.authority, days=(2, 9)), "is not valid yet"),
            (Signer(self.here, "a", other), "is of an unknown authority"),
            (Signer(self.here, "a"), "is of an unknown authority"),
            (
                Signer(
                    self.here,
                    "a",
                    self.authority,
                    usages=[ExtendedKeyUsageOID.SERVER_AUTH],
                ),
                "is not for clients",
            ),
        ]:
            expected = (f"the client's certificate {reason}", "CN=a")
            self.assertEqual(self.refused(client), expected)

    def test_an_intermediate_that_has_expired_is_named(self) -> None:
        middle = Signer(
            self.here, "middle", self.authority, is_authority=True, days=(-9, -2)
        )
        found = self.refused(Signer(self.here, "a", middle), middle)
        reason = "the certificate of an authority of the client has expired"
        self.assertEqual(found, (reason, "CN=middle"))

    def test_a_fault_without_words_of_ours_has_those_of_openssl(self) -> None:
        middle = Signer(self.here, "middle", self.authority)  # it may sign nobody
        found = self.refused(Signer(self.here, "a", middle), middle)
        assert found is not None
        self.assertIn("the certificate of an authority of the client: ", found.reason)

    def test_a_certificate_of_an_unknown_version_raises_nothing(self) -> None:
        odd = Signer(self.here, "odd")
        odd.cert.write_bytes(with_version(odd.cert, 6))
        found = self.refused(odd)
        assert found is not None
        self.assertTrue(found.reason.startswith("the client's certificate"), found)
        self.assertEqual(found.detail, "CN=odd")
        self.patch(handshake_faults, "subject_text", lambda certificate: 1 / 0)
        found = self.refused(Signer(self.here, "a"))
        assert found is not None
        self.assertEqual(found.detail, "a name that cannot be read")
        self.assertIs(self.refused(Signer(self.here, "good", self.authority)), None)

    def test_a_name_keeps_to_its_line_and_to_a_length(self) -> None:
        lines = Signer(self.here, "a\r\nforged \x1b[31m\u2028b")
        found = self.refused(lines)
        assert found is not None
        self.assertEqual(found.detail, "CN=a??forged ?[31m?b")

    def test_a_long_name_is_cut(self) -> None:
        part = x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "x" * 60)
        found = self.refused(Signer(self.here, x509.Name([part] * 100)))
        assert found is not None
        self.assertEqual(len(found.detail), MAX_SUBJECT_CHARACTERS + len("..."))


class OtherFaultTests(FaultCase):
    """Clients that speak TLS in another way, or something else."""

    def test_old_versions_are_named_as_such(self) -> None:
        def old(version: ssl.TLSVersion) -> Callable[[ssl.SSLContext], None]:
            def configure(context: ssl.SSLContext) -> None:
                context.set_ciphers("ALL:@SECLEVEL=0")
                context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
                context.maximum_version = version

            return configure

        said = ("the client's version of TLS is too old", "")
        self.assertEqual(self.fault(old(ssl.TLSVersion.TLSv1_1)), said)
        self.context = self.serving(minimum="1.3")
        self.assertEqual(self.fault(old(ssl.TLSVersion.TLSv1_2)), said)

    def test_what_is_not_in_common_is_named(self) -> None:
        def cipher(context: ssl.SSLContext) -> None:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers("AES128-SHA")

        def curve(context: ssl.SSLContext) -> None:
            context.set_ecdh_curve("secp521r1")

        def protocol(context: ssl.SSLContext) -> None:
            context.set_alpn_protocols(["h3"])

        for configure, said in [
            (cipher, "no cipher suite in common"),
            (curve, "no group for the key exchange in common"),
            (protocol, "no application protocol in common (ALPN)"),
        ]:
            self.assertEqual(self.fault(configure), (said, ""))

    def test_a_client_that_does_not_trust_the_server_is_told_apart(self) -> None:
        def trusts_others(context: ssl.SSLContext) -> None:
            context.verify_mode = ssl.CERT_REQUIRED

        said = ("the client refuses the server's certificate", "unknown ca")
        self.assertEqual(self.fault(trusts_others), said)

    def test_what_is_no_handshake_is_told_apart(self) -> None:
        for data, said in [
            (b"GET / HTTP/1.1\r\n\r\n", WITHOUT_TLS),
            (b"\x16GET / HTTP/1.1\r\n\r\n", JUNK),
            (b"\x80\x2e\x01\x00\x02" + bytes(50), JUNK),
            (bytes(20), JUNK),
            (b"\x16\x03\x01", GONE),
            (b"\x16\x03\x01\x01\x00\x01", GONE),
        ]:
            self.assertEqual((data, self.of_bytes(data)), (data, (said, "")))

    def test_anything_else_has_the_words_of_openssl(self) -> None:
        found = self.of_bytes(b"\x17\x03\x03\x00\x05hello")
        self.assertEqual(found, ("unexpected message", ""))

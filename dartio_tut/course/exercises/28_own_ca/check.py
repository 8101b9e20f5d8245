import ssl
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from dartio_tut.course.exercises.case import ExerciseCase

HOST = "my.example"
ASKED = f"make_ca() and make_server(ca, {HOST!r}) were called"


def extension(certificate, kind):
    """The extension of *certificate*, or None."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


class Test(ExerciseCase):
    def setUp(self):
        super().setUp()
        self.ca = self.reader.make_ca()
        self.server = self.reader.make_server(self.ca, HOST)

    def see(self, condition, came, wants, clause):
        if not condition:
            self.fail_teaching(ASKED, came, wants, clause)

    def test_both_are_valid_now(self):
        now = datetime.now(UTC)
        for certificate in (self.ca.certificate, self.server.certificate):
            first, last = (
                certificate.not_valid_before_utc,
                certificate.not_valid_after_utc,
            )
            self.see(
                first <= now <= last,
                f"a certificate that is valid from {first} to {last}",
                "certificates that are valid today",
                "RFC 5280, 4.1.2.5",
            )

    def test_authority_has_signed(self):
        issuer = self.server.certificate.issuer
        self.see(
            issuer == self.ca.certificate.subject,
            f"the server's certificate was issued by {issuer.rfc4514_string()}: it has"
            " signed itself",
            f"the issuer {self.ca.certificate.subject.rfc4514_string()}",
            "RFC 5280, 4.1.2.4",
        )
        try:
            self.server.certificate.verify_directly_issued_by(self.ca.certificate)
        except InvalidSignature:
            self.see(
                False,
                "a certificate with no signature by the authority, whose name it has",
                "one that the authority's key has signed: anybody can write a name",
                "RFC 5280, 6.1.3",
            )

    def test_who_may_sign(self):
        ca = extension(self.ca.certificate, x509.BasicConstraints)
        self.see(
            ca and ca.ca,
            f"the authority's certificate has {ca}",
            "BasicConstraints(ca=True): it says who may sign certificates, and clients"
            " believe nobody else",
            "RFC 5280, 4.2.1.9",
        )
        server = extension(self.server.certificate, x509.BasicConstraints)
        self.see(
            not (server and server.ca),
            f"the server's certificate has {server}",
            "ca=False: whoever steals the server's key could make certificates for any"
            " name",
            "RFC 5280, 4.2.1.9",
        )
        self.see(
            self.server.key != self.ca.key
            and self.server.certificate.public_key()
            != self.ca.certificate.public_key(),
            "the server has the key of the authority",
            "a key of its own for each: that of the authority stays at home",
            "RFC 5280, 4.1.2.7",
        )

    def test_name(self):
        names = extension(self.server.certificate, x509.SubjectAlternativeName)
        found = names.get_values_for_type(x509.DNSName) if names else []
        self.see(
            found == [HOST],
            f"the server's certificate has the names {found}",
            f"{HOST} in SubjectAlternativeName, the name it is for: no client looks at"
            " the common name",
            "RFC 9525, 6.3",
        )

    def test_client_trusts_it(self):
        folder = self.folder()
        pem = self.server.certificate.public_bytes(Encoding.PEM)
        key = self.server.key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        (folder / "pair.pem").write_bytes(pem + key)
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(folder / "pair.pem")
        authority = self.ca.certificate.public_bytes(Encoding.PEM).decode()
        asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        asking.load_verify_locations(cadata=authority)
        try:
            shake_hands(serving, asking)
        except ssl.SSLError as error:
            self.see(
                False,
                f"a client that trusts the authority says: {error}",
                "a handshake that succeeds",
                "RFC 8446, 4.4.2",
            )


def shake_hands(serving, asking):
    """Let a client with the context *asking* connect, in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        asking.wrap_bio(to_client, to_server, server_hostname=HOST),
        serving.wrap_bio(to_server, to_client, server_side=True),
    ]
    while sides:
        for side in list(sides):
            try:
                side.do_handshake()
                sides.remove(side)
            except ssl.SSLWantReadError:
                pass

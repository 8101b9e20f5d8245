"""
The endpoint string ``https:``: a certificate chain, a key that may have a
password, and today's settings of a secure connection.

Twisted's ``ssl:`` takes no password for the key and allows what its OpenSSL
allows; here it is TLS 1.2 and later with forward secrecy.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL.crypto import PKey
from OpenSSL.SSL import (
    MODE_RELEASE_BUFFERS,
    OP_NO_RENEGOTIATION,
    SESS_CACHE_OFF,
    Context,
)
from OpenSSL.SSL import Error as TLSError
from twisted.internet.defer import Deferred, execute
from twisted.internet.endpoints import (
    quoteStringArgument,
    serverFromString,
    wrapServerTLS,
)
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.internet.ssl import (
    AcceptableCiphers,
    Certificate,
    CertificateOptions,
    TLSVersion,
    trustRootFromCertificates,
)
from zope.interface import implementer

from dartio_tut.wire import listen_tls, set_alpn

from .listening import BACKLOG
from .options.parsing import port_number
from .site import Site

CIPHERS = AcceptableCiphers.fromOpenSSLCipherString(
    "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"
)
"""Forward secrecy and authenticated encryption only: Mozilla's intermediate profile."""

PEM_END = b"-----END CERTIFICATE-----"


def https_endpoint_string(
    cert: str, key: str, password_file: str | None, **where: str | int
) -> str:
    """
    The endpoint string that serves HTTPS with this certificate.

    :param where: the rest, such as ``port=443, interface="::"`` or ``over=ENDPOINT``;
        see `https_endpoint`.
    """
    parts = where | {"cert": cert, "key": key, "passwordFile": password_file}
    return ":".join(
        ["https"]
        + [
            f"{name}={quoteStringArgument(str(value))}"
            for name, value in parts.items()
            if value is not None
        ]
    )


def https_endpoint(
    reactor: Any,
    port: str = "",
    cert: str = "",
    key: str = "",
    passwordFile: str | None = None,
    interface: str = "127.0.0.1",
    backlog: str = str(BACKLOG),
    over: str = "",
    clientCA: str | None = None,
    minimum: str = "1.2",
) -> IStreamServerEndpoint:
    """
    What the endpoint string ``https:PORT:cert=FILE:key=FILE`` stands for.

    :param cert: PEM file: the server's certificate, then the intermediates.
    :param key: PEM file of the private key.
    :param passwordFile: a file whose first line is the key's password.
    :param over: another endpoint string to listen on, instead of a port.
    :param clientCA: PEM file of authorities; clients must show a certificate of one.
    :param minimum: the oldest TLS version to accept, ``1.2`` or ``1.3``.
    :raise ValueError: when a part is missing or does not fit the others.
    :raise OSError: when a file cannot be read.
    """
    if not (cert and key):
        raise ValueError("https: needs cert=FILE and key=FILE")
    if bool(port) == bool(over):
        raise ValueError("https: needs either a port or over=ENDPOINT")
    options = _options(cert, key, passwordFile, clientCA, minimum)
    if over:
        return wrapServerTLS(options, serverFromString(reactor, over))
    return TLSEndpoint(
        reactor, port_number(port), int(backlog), interface, options.getContext()
    )


@implementer(IStreamServerEndpoint)
@dataclass
class TLSEndpoint:
    """
    Listens with TLS; straight on the socket where the factory is one of our sites.
    """

    reactor: Any
    port: int
    backlog: int
    interface: str
    context: Context

    def listen(self, factory: Any) -> Deferred[IListeningPort]:
        """Listen with *factory*."""
        if not isinstance(factory, Site):
            raise ValueError("https: serves sites of dartio_tut only")
        set_alpn(self.context, factory.acceptableProtocols())
        return execute(
            listen_tls,
            self.reactor,
            self.port,
            factory,
            self.backlog,
            self.interface,
            self.context,
        )


def _options(
    cert: str, key: str, password_file: str | None, client_ca: str | None, minimum: str
) -> CertificateOptions:
    versions = {"1.2": TLSVersion.TLSv1_2, "1.3": TLSVersion.TLSv1_3}
    if minimum not in versions:
        raise ValueError(f"minimum={minimum}: use 1.2 or 1.3")
    chain = _certificates(cert)
    trusted = client_ca and trustRootFromCertificates(_certificates(client_ca))
    options = CertificateOptions(
        privateKey=_private_key(key, password_file),
        certificate=chain[0].original,
        extraCertChain=[link.original for link in chain[1:]],
        trustRoot=trusted or None,
        acceptableCiphers=CIPHERS,
        lowerMaximumSecurityTo=None,
        insecurelyLowerMinimumTo=versions[minimum],
    )
    try:
        context = options.getContext()
    except TLSError as error:
        raise ValueError(_fault(error, cert, key)) from None
    context.set_options(OP_NO_RENEGOTIATION)
    # Buffers of an idle connection are given back, and no session is kept: tickets
    # are the clients' to keep.
    context.set_mode(MODE_RELEASE_BUFFERS)
    context.set_session_cache_mode(SESS_CACHE_OFF)
    return options


def _fault(error: TLSError, cert: str, key: str) -> str:
    """What OpenSSL has against a certificate and its key."""
    faults = error.args[0] if error.args else []
    said = str(faults[-1][-1]) if faults else "refused"
    if "mismatch" in said:
        return f"{key}: not the key of the certificate in {cert}"
    return f"{cert}: {said}"


def _certificates(path: str) -> list[Certificate]:
    """The certificates in a PEM file, in its order."""
    blocks = Path(path).read_bytes().split(PEM_END)[:-1]
    if not blocks:
        raise ValueError(f"{path}: no certificate in PEM format")
    try:
        return [Certificate.loadPEM(block + PEM_END) for block in blocks]
    except Exception:  # noqa: BLE001  (pyOpenSSL raises what it likes)
        raise ValueError(f"{path}: a certificate in it cannot be read") from None


def _private_key(path: str, password_file: str | None) -> PKey:
    """The private key in a PEM file, unlocked with the password in another."""
    password = None
    if password_file is not None:
        password = Path(password_file).read_bytes().partition(b"\n")[0].rstrip(b"\r")
    pem = Path(path).read_bytes()
    encrypted = b"ENCRYPTED" in pem
    if encrypted and password is None:
        raise ValueError(f"{path}: the key has a password; name a file that holds it")
    try:
        key = load_pem_private_key(pem, password if encrypted else None)
        return PKey.from_cryptography_key(key)  # type: ignore[arg-type]
    except (TypeError, UnsupportedAlgorithm, ValueError):
        fault = "wrong password" if encrypted else "no private key in PEM format"
        raise ValueError(f"{path}: {fault}") from None

"""
The endpoint string ``https:``: a certificate chain, a key that may have a
password, and today's settings of a secure connection.

Twisted's ``ssl:`` takes no password for the key and allows what its OpenSSL
allows; here it is TLS 1.2 and later with forward secrecy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from OpenSSL import SSL
from twisted.internet.defer import Deferred, execute
from twisted.internet.endpoints import quoteStringArgument, serverFromString
from twisted.internet.interfaces import (
    IListeningPort,
    IOpenSSLServerConnectionCreator,
    IStreamServerEndpoint,
)
from zope.interface import implementer

from dartio_tut.wire import (
    ChoosingFactory,
    RefusingTLSFactory,
    by_negotiation,
    listen_tls,
)

from .certificate_folder import CertificateFolder
from .listening import BACKLOG, DEFAULT_ADDRESSES
from .options.parsing import backlog_length, port_number
from .served_certificate import Certificates, ServedCertificate
from .site import Site
from .this_worker import this_worker

PROTOCOLS = {"no": (b"http/1.1",), "yes": (b"h2", b"http/1.1")}
"""What is offered to clients (RFC 7301), by the setting ``http2=``."""


def https_endpoint_string(
    cert: str | None,
    key: str | None,
    password_file: str | None,
    **where: str | int | None,
) -> str:
    """
    The endpoint string that serves HTTPS with this certificate.

    :param cert: ``None`` if the rest has a folder, ``certFolder=DIR``.
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
    port: str | None = None,
    cert: str | None = None,
    key: str | None = None,
    passwordFile: str | None = None,
    interface: str | None = None,
    backlog: str | None = None,
    over: str | None = None,
    clientCA: str | None = None,
    minimum: str = "1.2",
    http2: str = "yes",
    certFolder: str | None = None,
) -> IStreamServerEndpoint:
    """
    What the endpoint string ``https:PORT:cert=FILE:key=FILE`` stands for.

    :param cert: PEM file: the server's certificate, then the intermediates.
    :param key: PEM file of the private key.
    :param passwordFile: a file whose first line is the key's password.
    :param interface: the address to listen on; 127.0.0.1 without it.
    :param backlog: the length of the kernel's queue of new connections.
    :param over: another endpoint string to listen on, instead of a port.
    :param clientCA: PEM file of authorities; clients must show a certificate of one.
    :param minimum: the oldest TLS version to accept, ``1.2`` or ``1.3``.
    :param http2: ``no`` offers HTTP/1.1 only.
    :param certFolder: a folder of certificates by name; see `CertificateFolder`. Then
        *cert* and *key* are for all other names, and may be left out.
    :raise ValueError: when a part is missing or does not fit the others.
    :raise OSError: when a file cannot be read.
    """
    _check_given(
        port=port, cert=cert, key=key, passwordFile=passwordFile, interface=interface,
        backlog=backlog, over=over, clientCA=clientCA, certFolder=certFolder,
    )  # fmt: skip
    if http2 not in PROTOCOLS:
        raise ValueError(f"http2={http2}: use yes or no")
    make = partial(
        ServedCertificate,
        password_file=passwordFile,
        client_ca=clientCA,
        minimum=minimum,
        protocols=PROTOCOLS[http2],
    )
    certificate = _certificates(certFolder, cert, key, make)
    if over:
        return WrappedTLSEndpoint(certificate, serverFromString(reactor, over))
    return TLSEndpoint(
        certificate,
        reactor,
        port_number(port or ""),
        backlog_length(backlog or str(BACKLOG)),
        interface or DEFAULT_ADDRESSES["https"],
    )


def _certificates(
    folder: str | None,
    cert: str | None,
    key: str | None,
    make: Callable[..., ServedCertificate],
) -> Certificates:
    pair = (cert, key) if cert and key else None
    if folder:
        is_later = this_worker() is not None  # its parent has read them before
        return CertificateFolder(folder, make, pair, is_later)
    if pair is None:
        raise ValueError("https: needs cert=FILE and key=FILE, or certFolder=DIR")
    return make(*pair)


def _check_given(**given: str | None) -> None:
    """
    Check which parts of an endpoint string stand beside each other.

    :raise ValueError: when one has no value, as that of a variable which is not set, or
        does not go with the others.
    """
    for name, value in given.items():
        if value == "":
            raise ValueError(
                f"https: {name}= is empty: give it a value, or leave it out"
            )
    is_given = {name for name, value in given.items() if value is not None}
    if len(is_given & {"cert", "key"}) == 1:
        raise ValueError("https: cert=FILE and key=FILE go together")
    if len(is_given & {"port", "over"}) != 1:
        raise ValueError("https: needs either a port or over=ENDPOINT")
    if "over" in is_given and is_given & {"interface", "backlog"}:
        raise ValueError(
            "https: over=ENDPOINT says where to listen: give interface= and backlog= "
            "to that endpoint"
        )


@implementer(IStreamServerEndpoint)
@dataclass
class TLSEndpoint:
    """
    Listens with TLS straight on the socket, for one of our sites.

    :param certificate: what it shows.
    """

    certificate: Certificates
    reactor: Any
    port: int
    backlog: int
    interface: str

    def listen(self, factory: Any) -> Deferred[IListeningPort]:
        """Listen with *factory*."""
        if not isinstance(factory, Site):
            raise ValueError("https: serves sites of dartio_tut only")
        if not factory.offers_http2:
            self.certificate.offer(PROTOCOLS["no"])
        return execute(self._listen, factory)

    def _listen(self, site: Site) -> IListeningPort:
        port = listen_tls(
            self.reactor,
            self.port,
            site,
            self.backlog,
            self.interface,
            self.certificate.context,
        )
        self.certificate.use_in(port)
        return port


@implementer(IStreamServerEndpoint)
@dataclass
class WrappedTLSEndpoint:
    """
    Listens with TLS on what another endpoint listens on, by Twisted's own TLS.

    :param certificate: what it shows.
    """

    certificate: Certificates
    wrapped: IStreamServerEndpoint

    def listen(self, factory: Any) -> Deferred[IListeningPort]:
        """Listen with *factory*."""
        if not isinstance(factory, Site):
            raise ValueError("https: serves sites of dartio_tut only")
        if not factory.offers_http2:
            self.certificate.offer(PROTOCOLS["no"])
        inner = ChoosingFactory(factory, by_negotiation)
        creator = ConnectionCreator(self.certificate.context)
        self.certificate.use_in(creator)
        secure = RefusingTLSFactory(creator, inner, factory)
        listening: Deferred[IListeningPort] = self.wrapped.listen(secure)
        return listening


@implementer(IOpenSSLServerConnectionCreator)
@dataclass
class ConnectionCreator:
    """Makes Twisted's TLS use *context* as it is, with the protocols it offers."""

    context: SSL.Context

    def serverConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        """The connection of *tlsProtocol*, to which no socket belongs."""
        return SSL.Connection(self.context, None)

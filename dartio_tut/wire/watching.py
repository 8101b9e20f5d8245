"""
What somebody who watches a site is told: the bytes of each connection, both ways, and
to which exchange they belong.

A site that is watched builds `WatchedChannel`s; one that is not knows nothing of this.

Rule: bytes are told when it is known what they are, which is before the exchange that
they belong to has ended. A watcher is called in the reactor's thread, must be quick,
and must not raise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from twisted.internet.interfaces import IAddress

from .events import ExchangeDone
from .http1.parser import Head

if TYPE_CHECKING:
    from OpenSSL.crypto import X509


class TLSFacts(NamedTuple):
    """
    What was agreed upon when a connection was secured.

    :ivar version: such as ``TLSv1.3``.
    :ivar cipher: OpenSSL's name of the cipher suite.
    :ivar certificate: the server's, in DER; empty if it cannot be had.
    """

    version: str
    cipher: str
    certificate: bytes


class ConnectionWatcher(Protocol):
    """
    Is told what happens on one connection.

    One exchange is under way at a time: what is told of a request, a resource and a
    response belongs to it until its response is whole. `exchange_ended` comes once for
    each exchange, in their order, perhaps when the next one is under way.
    """

    def opened(self, peer: IAddress, host: IAddress) -> None:
        """A client has connected from the address *peer* to *host*."""

    def secured(self, facts: TLSFacts) -> None:
        """The connection is secured by TLS; told before the first bytes."""

    def bytes_came(self, count: int) -> None:
        """So many bytes have come; what they are is told later, in their order."""

    def request_head(self, data: bytes, head: Head) -> None:
        """An exchange begins: *data* are all bytes of the head that was read."""

    def request_body(self, data: bytes) -> None:
        """More bytes of the body, as they came: with the framing of its chunks."""

    def request_rest(self, data: bytes) -> None:
        """
        Bytes that could not be read as a part of a request, or not any more: it was
        refused or cut. They may begin an exchange.
        """

    def resource_found(self, resource: object) -> None:
        """The request is passed to *resource*."""

    def response(self, data: bytes) -> None:
        """Bytes of the response are handed to the connection."""

    def response_ended(self) -> None:
        """All of the response was told: what comes next is the next exchange's."""

    def unsent(self, count: int) -> None:
        """The last bytes that were told as sent, so many, will not be sent."""

    def exchange_ended(self, done: ExchangeDone) -> None:
        """An exchange has ended."""

    def closed(self) -> None:
        """The connection has ended."""


class IWatcher(Protocol):
    """Watches one site."""

    def watch_connection(self) -> ConnectionWatcher:
        """Watch a connection that is about to begin."""


def tls_facts(transport: object) -> TLSFacts | None:
    """What was agreed upon on *transport*; ``None`` without TLS."""
    handle: Any = getattr(transport, "getHandle", lambda: None)()
    version = getattr(handle, "get_protocol_version_name", None)
    if version is None:
        return None
    cipher = handle.get_cipher_name() or ""
    return TLSFacts(str(version()), str(cipher), _der(handle.get_certificate()))


def _der(certificate: X509 | None) -> bytes:
    """A certificate of pyOpenSSL's in DER."""
    if certificate is None:
        return b""
    # Imported late: who does not watch does without it.
    from cryptography.hazmat.primitives.serialization import Encoding

    encoded: bytes = certificate.to_cryptography().public_bytes(Encoding.DER)
    return encoded

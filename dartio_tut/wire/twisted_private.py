"""
Every private name of Twisted, CPython and pyOpenSSL that the wire uses, in one place.

A private name may change in any release. So nothing else in this package imports one,
``setup.cfg`` bounds Twisted from above, and a test holds each name of
`INHERITED_PRIVATE_NAMES` and each function here against what is installed.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import time
from typing import Any, Protocol, TypeVar

from OpenSSL import SSL
from twisted.internet import task, tcp
from twisted.internet._producer_helpers import _PullToPush as PullToPush
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.tcp import _accept as accept_with_reserve
from twisted.internet.tcp import _BuffersLogs as BuffersLogs
from twisted.internet.tcp import _reservedFD as reserved_descriptor
from twisted.internet.tcp import _resolveIPv6 as resolve_ipv6
from twisted.protocols.tls import BufferingTLSTransport, TLSMemoryBIOProtocol
from twisted.web import http, server
from twisted.web.http import (
    _getMultiPartArgs as multipart_arguments,
)
from twisted.web.http import (
    _MultiPartParseException as MultipartError,
)
from twisted.web.http import (
    _NoPushProducer as NoPushProducer,
)
from twisted.web.resource import _IEncodingResource as IEncodingResource

__all__ = [
    "INHERITED_PRIVATE_NAMES",
    "BuffersLogs",
    "IEncodingResource",
    "LogsTimeOfDay",
    "MultipartError",
    "NoPushProducer",
    "PullToPush",
    "SocketAddress",
    "TLSMessageRead",
    "accept_descriptor",
    "accept_with_reserve",
    "adopt_socket",
    "buffered_bytes",
    "closes_only_itself",
    "cooperating_by",
    "has_nothing_buffered",
    "is_aborting",
    "multipart_arguments",
    "passed_descriptors",
    "passed_names",
    "port_from_descriptor",
    "read_one_by_one",
    "reserved_descriptor",
    "resolve_ipv6",
    "set_curves",
    "tls_read",
    "tls_write",
    "tls_write_records",
    "verify_error_text",
    "wait_in_turn",
    "write_delayed",
]

INHERITED_PRIVATE_NAMES: Mapping[type, tuple[str, ...]] = {
    tcp.Server: (
        "_aborting",
        "_addressType",
        "_closeSocket",
        "_postLoseConnection",
        "_tempDataBuffer",
        "_tempDataLen",
        "_writeDisconnected",
    ),
    tcp.Port: (
        "_buildAddr",
        "_preexistingSocket",
        "_realPortNumber",
        "_shouldShutdown",
        "_type",
    ),
    http.HTTPFactory: ("_updateLogDateTime",),
    http.HTTPChannel: (
        "_protocolUpgradeForWebsockets",
        "_respondToBadRequestAndDisconnect",
    ),
    server.Request: (
        "_cleanup",
        "_disconnected",
        "_encoder",
        "_handleStar",
        "_inFakeHead",
        "_log",
    ),
    TLSMemoryBIOProtocol: (
        "_checkHandshakeStatus",
        "_flushSendBIO",
        "_handshakeDone",
        "_lostTLSConnection",
        "_reason",
        "_shutdownTLS",
        "_tlsShutdownFinished",
    ),
}
"""Attributes of Twisted's classes that ours, which derive from them, set or read."""

SocketAddress = tuple[str, int] | tuple[str, int, int, int]
"""What a socket gives as the address of its peer, by IPv4 or IPv6."""

_Port = TypeVar("_Port", bound=tcp.Port)


def buffered_bytes(connection: object) -> int:
    """How many bytes *connection* holds that its socket has not taken; 0 if unknown."""
    buffered = len(getattr(connection, "dataBuffer", b""))
    offset = getattr(connection, "offset", 0)
    return int(buffered - offset + getattr(connection, "_tempDataLen", 0))


def is_aborting(connection: object) -> bool:
    """Whether ``abortConnection`` was called, so that nothing more is to be sent."""
    return bool(getattr(connection, "_aborting", False))


def has_nothing_buffered(connection: tcp.Connection) -> bool:
    """Whether bytes may go to the socket of *connection* past its buffer."""
    return not (
        connection.dataBuffer
        or is_aborting(connection)
        or connection._tempDataLen
        or connection.TLS
        or not connection.connected
        or connection._writeDisconnected
    )


def write_delayed(connection: BufferingTLSTransport) -> None:
    """Encrypt what *connection* holds for a turn, unless it is aborted."""
    if not connection._aborted:
        connection._aggregator.flush()


def accept_descriptor(listening: socket.socket) -> tuple[int, SocketAddress]:
    """The half of ``socket.accept()`` that makes no socket object yet."""
    accepted: tuple[int, SocketAddress] = listening._accept()  # type: ignore[attr-defined]
    return accepted


def passed_descriptors() -> list[int]:
    """The descriptors that systemd has passed (sd_listen_fds(3))."""
    # Imported late: Twisted looks for the names of the descriptors when it is imported.
    from twisted.plugins.twisted_core import systemdEndpointParser

    descriptors: list[int] = systemdEndpointParser._sddaemon.inheritedDescriptors()
    return descriptors


def passed_names() -> list[str]:
    """The name of each of these descriptors (``FileDescriptorName=``)."""
    from twisted.plugins.twisted_core import systemdEndpointParser

    return list(systemdEndpointParser._sddaemon._names)


def port_from_descriptor(port: type[_Port], *arguments: object) -> _Port:
    """A *port* (a class of ours) for a descriptor that is listened on already."""
    made: _Port = port._fromListeningDescriptor(*arguments)
    return made


def adopt_socket(port: tcp.Port, listening: socket.socket) -> None:
    """Let *port*, which has not begun, listen on this socket instead of its own."""
    port._preexistingSocket = listening


def closes_only_itself(port: tcp.Port) -> None:
    """Let the end of *port* be no end for others that listen on its socket."""
    port._shouldShutdown = False


def wait_in_turn(port: tcp.Port) -> None:
    """
    Be woken for a client of *port*, which a reactor watches, only when no process that
    waits for longer is; the reactor goes on to watch it.

    Twisted's epoll reactor has no public name for ``EPOLLEXCLUSIVE``. Under another
    reactor all processes are woken for each client, and one of them gets it.
    """
    poller = getattr(port.reactor, "_poller", None)
    if isinstance(poller, select.epoll):
        poller.unregister(port.fileno())
        poller.register(port.fileno(), select.EPOLLIN | select.EPOLLEXCLUSIVE)


class CallsLater(Protocol):
    """A clock, as far as it is needed here."""

    def callLater(self, delay: float, call: Callable[[], None], /) -> IDelayedCall:
        """Have *call* made in *delay* seconds."""


@contextmanager
def cooperating_by(clock: CallsLater) -> Iterator[None]:
    """
    Have pull producers that are registered meanwhile asked by *clock*.

    Twisted asks them by one global cooperator, which waits for the reactor. Nothing
    else may happen meanwhile: within this, no coroutine may await anything.
    """
    by_clock = task.Cooperator(
        lambda: lambda: True,  # one piece at a time, however fast they are
        lambda tick: clock.callLater(0, tick),
    )
    global_one, task._theCooperator = task._theCooperator, by_clock
    try:
        yield
    finally:
        task._theCooperator = global_one


# OpenSSL, past pyOpenSSL: a third of what TLS costs is what its recv() and send() do
# beside SSL_read and SSL_write (a new buffer for each call, looking for errors).

TLS_RECORD_BYTES = 16 * 1024
"""The most that one read can give: a TLS record (RFC 8446 section 5.1)."""


def _of_pyopenssl(name: str) -> Any:
    """What pyOpenSSL has from cffi by a private *name*; cffi gives it no type."""
    return getattr(SSL, name, None)


_ffi = _of_pyopenssl("_ffi")
_lib = _of_pyopenssl("_lib")
_landing = _ffi and _ffi.new("char[]", TLS_RECORD_BYTES)
_landed = _ffi and _ffi.buffer(_landing)


class LogsTimeOfDay(http.HTTPFactory):
    """Writes the time of day into Twisted's log, not that of the reactor's timers."""

    def _updateLogDateTime(self) -> None:
        super()._updateLogDateTime()
        self._logDateTime = http.datetimeToLogString(time())


class TLSMessageRead(SSL.WantReadError):
    """No data was read, but a message to TLS itself, such as a KeyUpdate."""


_messages = [0]
"""How many steps OpenSSL took with messages to TLS itself in the present read."""


def _count_step(_: object, where: int, __: int) -> None:
    if where & SSL.SSL_CB_LOOP:
        _messages[0] += 1


_count_step_callback = _ffi and _ffi.callback(
    "void (*)(const SSL *, int, int)", _count_step
)


def read_one_by_one(connection: SSL.Connection) -> None:
    """
    Have a read of *connection*, whose handshake is done, end with each message.

    OpenSSL takes messages to TLS itself, such as KeyUpdate, until data come. As long as
    a client sends nothing else, ``SSL_read`` would not return, and nobody is served.
    """
    ssl = getattr(connection, "_ssl", None)
    clear_mode = getattr(_lib, "SSL_clear_mode", None)
    set_callback = getattr(_lib, "SSL_set_info_callback", None)
    if ssl and clear_mode and set_callback:
        clear_mode(ssl, _lib.SSL_MODE_AUTO_RETRY)
        set_callback(ssl, _count_step_callback)


def tls_read(connection: SSL.Connection) -> bytes:
    """
    A record's worth of plain bytes; errors are those of ``Connection.recv``.

    :raise TLSMessageRead: after `read_one_by_one`, when a message came instead.
    """
    if _landing is None or not hasattr(connection, "_ssl"):
        return connection.recv(TLS_RECORD_BYTES)
    _messages[0] = 0
    length = _lib.SSL_read(connection._ssl, _landing, TLS_RECORD_BYTES)
    if length <= 0:
        try:
            connection._raise_ssl_error(connection._ssl, length)
        except SSL.WantReadError as error:
            if _messages[0]:
                raise TLSMessageRead from error
            raise
    plain: bytes = _landed[:length]
    return plain


def verify_error_text(error: int) -> str:
    """What OpenSSL says of an *error* of X509_verify_cert(3)."""
    text = getattr(_lib, "X509_verify_cert_error_string", None)
    return f"error {error}" if text is None else _ffi.string(text(error)).decode()


def set_curves(context: SSL.Context, lists: Sequence[str]) -> None:
    """
    Have *context* offer the first of *lists* that OpenSSL knows (groups, best first).

    pyOpenSSL has no public name for it. Without the private one, OpenSSL's own list
    stays.
    """
    set_list = getattr(_lib, "SSL_CTX_set1_curves_list", None)
    raw = getattr(context, "_context", None)
    if set_list is not None and raw is not None:
        any(set_list(raw, names.encode()) for names in lists)


def tls_write_records(
    connection: SSL.Connection, data: bytes | memoryview
) -> tuple[int, bool]:
    """
    Encrypt and send *data* record by record until the socket takes no more. OpenSSL
    reads them where they are. Errors as of `tls_read`.

    :return: how many bytes were taken, and whether TLS has to read something first.
    """
    size, sent = len(data), 0
    has_private = _landing is not None and hasattr(connection, "_ssl")
    try:
        if not has_private:
            view = memoryview(data)
            while sent < size:
                sent += connection.send(view[sent : sent + TLS_RECORD_BYTES])
            return sent, False
        ssl, write, start = connection._ssl, _lib.SSL_write, _ffi.from_buffer(data)
        whole = size - TLS_RECORD_BYTES
        while sent < size:
            count = TLS_RECORD_BYTES if sent <= whole else size - sent
            taken = write(ssl, start + sent, count)
            if taken <= 0:
                connection._raise_ssl_error(ssl, taken)
            sent += taken
    except SSL.WantWriteError:
        pass
    except SSL.WantReadError:
        return sent, True
    return sent, False


def tls_write(connection: SSL.Connection, data: bytes | memoryview) -> int:
    """Encrypt and send *data*: how many bytes were taken. Errors as of `tls_read`."""
    if _landing is None or not hasattr(connection, "_ssl"):
        return connection.send(data)
    source = data if data.__class__ is bytes else _ffi.from_buffer(data)
    length = int(_lib.SSL_write(connection._ssl, source, len(data)))
    if length <= 0:
        connection._raise_ssl_error(connection._ssl, length)
    return length

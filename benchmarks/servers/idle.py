"""
Connections that stay open and do nothing: what each costs in memory.

Each has asked once, as a browser's has. Memory of the kernel is not counted.
"""

from __future__ import annotations

import resource
import socket
import ssl
import time
from contextlib import ExitStack

from local_servers import RunFailed

from ..load import Request
from ..processes import resident_bytes

SPARE_FILES = 200
"""Descriptors for all that is not one of the connections."""

DESCRIPTORS_EACH = 4
"""
File descriptors that are allowed for each connection, because a server may take no more
of these than it has descriptors for, those of files included. Ours reckons with three,
and a tenth more.
"""

CONNECTIONS_PER_ADDRESS = 64
"""Connections from one client address: servers may limit these."""

WARM_UP_SHARE = 4
"""
One connection more for so many is opened before the others, and not counted: they
use up the memory that a start leaves free, and load what is loaded late.
"""

SETTLE_SECONDS = 1.0
"""Between the last answer and the reading of the memory."""

OPENING_SECONDS = 120.0
"""How long opening them all may take: most of it goes to handshakes of TLS."""

HTTP1_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

HTTP2_REQUEST = (
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))  # SETTINGS, without any
    + bytes((0, 0, 14, 1, 5, 0, 0, 0, 1))  # HEADERS of stream 1, all of them, no body
    + b"\x82\x87\x84\x01\x09localhost"  # GET, https, /, and the authority
)
"""The same by HTTP/2 (RFC 9113 section 3.4, RFC 7541 appendix A)."""


def open_files(connections: int) -> int:
    """How many files a process has open that holds so many idle *connections*."""
    return connections + connections // WARM_UP_SHARE + SPARE_FILES


def raise_open_files(wanted: int) -> int:
    """
    Allow as many open files as may be; children inherit that.

    :return: for how many connections that is enough, *wanted* at most.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = max(hard, DESCRIPTORS_EACH * open_files(wanted))
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        left = hard // DESCRIPTORS_EACH - SPARE_FILES
        return left * WARM_UP_SHARE // (WARM_UP_SHARE + 1)
    return wanted


def memory_each(pid: int, port: int, count: int, request: Request) -> tuple[float, str]:
    """
    Bytes that the server *pid* holds for each of *count* connections.

    :param request: says whether they are over TLS, and whether by HTTP/2.
    :return: the bytes, and what went wrong meanwhile.
    :raise RunFailed: when they cannot be opened.
    """
    context = _context(request) if request.secure else None
    asked = HTTP2_REQUEST if request.http2 else HTTP1_REQUEST
    with ExitStack() as stack:
        opened: list[socket.socket] = []
        deadline = time.monotonic() + OPENING_SECONDS
        held = []
        for goal in (count // WARM_UP_SHARE, count + count // WARM_UP_SHARE):
            try:
                while len(opened) < goal and time.monotonic() < deadline:
                    answered = _answered(port, len(opened), context, asked)
                    opened.append(stack.enter_context(answered))
            except OSError as error:
                reason = f"refused after {len(opened):,} connections: {error!r}"
                raise RunFailed(reason) from None
            if len(opened) < goal:
                reason = f"only {len(opened):,} opened in {OPENING_SECONDS:.0f} s"
                raise RunFailed(reason)
            time.sleep(SETTLE_SECONDS)
            held.append(resident_bytes(pid))
        closed = sum(map(_is_closed, opened))
        fault = f"{closed:,} closed meanwhile" if closed else ""
        return (held[1] - held[0]) / count, fault


def _context(request: Request) -> ssl.SSLContext:
    """What encrypts as a client would that believes every certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2" if request.http2 else "http/1.1"])
    return context


def _answered(
    port: int, index: int, context: ssl.SSLContext | None, asked: bytes
) -> socket.socket:
    """A connection that has had its answer."""
    block = index // CONNECTIONS_PER_ADDRESS
    address = f"127.0.{1 + block // 250}.{1 + block % 250}"
    connection = socket.create_connection(("127.0.0.1", port), 10, (address, 0))
    if context is not None:
        connection = context.wrap_socket(connection)
    connection.sendall(asked)
    answer = b""
    while b"Hello, world!" not in answer:
        received = connection.recv(4096)
        if not received:
            connection.close()
            raise ConnectionError("closed without an answer")
        answer += received
    return connection


def _is_closed(connection: socket.socket) -> bool:
    """Whether the server has closed it; what is left of the answer may come first."""
    connection.setblocking(False)
    try:
        while connection.recv(4096):
            pass
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    return True

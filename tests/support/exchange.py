"""
Sends raw bytes over a socket, and reads what the server sends until it closes.
"""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from time import monotonic

from .harness import PATIENCE

PIECE = 65536
"""Bytes that are sent or read at a time."""


def connect(port: int, receive_buffer: int = 0) -> socket.socket:
    """A connection to *port*; a small *receive_buffer*, in bytes, slows the server."""
    connection = socket.socket()
    connection.settimeout(PATIENCE)
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.connect(("127.0.0.1", port))
    return connection


def ready(connection: socket.socket, events: int, seconds: float) -> int:
    """Those of *events* (of `select.poll`) that happen within *seconds*; 0 for none."""
    poll = select.poll()  # select() knows no descriptor beyond 1,023
    poll.register(connection, events)
    found = poll.poll(max(0, seconds) * 1000)
    return found[0][1] if found else 0


def exchange(
    port: int, data: bytes, *, half_close: bool = False, patience: float = PATIENCE
) -> bytes:
    """
    Send *data* and at the same time read, until the server closes the connection.

    A server that refuses a request early stops reading; the rest is then not sent.

    :param half_close: whether the server is told that nothing more will come.
    :param patience: the time in seconds until this is given up.
    :raise TimeoutError: when the server does not close.
    :raise ConnectionResetError: when it cuts the connection.
    """
    with connect(port) as connection:
        return talk(connection, data, half_close=half_close, patience=patience)


def talk(
    connection: socket.socket,
    data: bytes,
    *,
    half_close: bool = False,
    patience: float = PATIENCE,
) -> bytes:
    """Do what `exchange` does on a *connection* that exists."""
    connection.setblocking(False)
    left, came = memoryview(data), bytearray()
    until = monotonic() + patience
    while True:
        events = select.POLLIN | (select.POLLOUT if left else 0)
        now = ready(connection, events, until - monotonic())
        if now & ~select.POLLOUT:
            part = connection.recv(PIECE)
            if not part:
                return bytes(came)
            came += part
        elif now:
            try:
                left = left[connection.send(left[: 4 * PIECE]) :]
            except (BrokenPipeError, ConnectionResetError):
                left = left[:0]
            if half_close and not left:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
        else:
            raise TimeoutError(f"not closed; so far {bytes(came[-200:])!r}")

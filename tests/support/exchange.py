"""
Raw bytes over a socket: sending without waiting, reading to the end.
"""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from time import monotonic

from .harness import PATIENCE

PIECE = 65536


def connect(port: int, receive_buffer: int = 0) -> socket.socket:
    """A connection to *port*; a small *receive_buffer* makes a slow reader."""
    connection = socket.socket()
    connection.settimeout(PATIENCE)
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.connect(("127.0.0.1", port))
    return connection


def ready(connection: socket.socket, events: int, seconds: float) -> int:
    """Which of *events* (of `select.poll`) comes within *seconds*; 0 for none."""
    poll = select.poll()  # select() knows no descriptor beyond 1,023
    poll.register(connection, events)
    found = poll.poll(max(0, seconds) * 1000)
    return found[0][1] if found else 0


def exchange(
    port: int, data: bytes, *, half_close: bool = False, patience: float = PATIENCE
) -> bytes:
    """
    Send *data* while reading all that comes until the server closes.

    A server that refuses early stops reading: what it does not take is left out.

    :param half_close: tell the server that nothing more will come.
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
    """`exchange` on a *connection* that is there."""
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

"""
Connections that stay open and do nothing: what each costs in memory.

Each has asked once, as a browser's has. Memory of the kernel is not counted.
"""

from __future__ import annotations

import resource
import socket
import time
from contextlib import ExitStack

from local_servers import RunFailed

from ..processes import resident_bytes

SPARE_FILES = 200
"""Descriptors for all that is not one of the connections."""

CONNECTIONS_PER_ADDRESS = 64
"""Connections from one client address: servers may limit these."""

WARM_UP_SHARE = 4
"""
One connection more for so many is opened before the others, and not counted: they
use up the memory that a start leaves free, and load what is loaded late.
"""

SETTLE_SECONDS = 1.0
"""Between the last answer and the reading of the memory."""

OPENING_SECONDS = 60.0
"""How long opening them all may take."""


def open_files(connections: int) -> int:
    """How many files a process has open that holds so many idle *connections*."""
    return connections + connections // WARM_UP_SHARE + SPARE_FILES


def raise_open_files(wanted: int) -> int:
    """
    Allow as many open files as may be; children inherit that.

    :return: for how many connections that is enough, *wanted* at most.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = max(hard, open_files(wanted))
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return (hard - SPARE_FILES) * WARM_UP_SHARE // (WARM_UP_SHARE + 1)
    return wanted


def memory_each(pid: int, port: int, count: int) -> tuple[float, str]:
    """
    Bytes that the server *pid* holds for each of *count* connections.

    :return: the bytes, and what went wrong meanwhile.
    :raise RunFailed: when they cannot be opened.
    """
    with ExitStack() as stack:
        opened: list[socket.socket] = []
        deadline = time.monotonic() + OPENING_SECONDS
        held = []
        for goal in (count // WARM_UP_SHARE, count + count // WARM_UP_SHARE):
            try:
                while len(opened) < goal and time.monotonic() < deadline:
                    opened.append(stack.enter_context(_answered(port, len(opened))))
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


def _answered(port: int, index: int) -> socket.socket:
    """A connection that has had its answer."""
    block = index // CONNECTIONS_PER_ADDRESS
    address = f"127.0.{1 + block // 250}.{1 + block % 250}"
    connection = socket.create_connection(("127.0.0.1", port), 10, (address, 0))
    connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
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
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True

"""
Connections that stay open and do nothing: what each costs in memory.

Each has asked once, as a browser's has. Memory of the kernel is not counted.
"""

from __future__ import annotations

import resource
import socket
import time
from contextlib import ExitStack

from . import cpu

SPARE = 200
"""Descriptors for all that is not one of the connections."""

PER_ADDRESS = 64
"""Connections from one client address: servers may bound these, as ours will."""

WARM_UP = 4
"""
One connection more for so many is opened before the others, and not counted: they
use up the room that a start leaves behind, and load what is loaded late.
"""

SETTLE = 1.0
"""Seconds between the last answer and the reading."""

LIMIT = 60.0
"""Seconds for opening them all."""


def descriptors(count: int) -> int:
    """How many files a process has open that holds *count* idle connections."""
    return count + count // WARM_UP + SPARE


def raise_descriptors(wanted: int) -> int:
    """
    Allow as many open files as may be; children inherit that.

    :return: for how many connections that is enough, *wanted* at most.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = max(hard, descriptors(wanted))
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return (hard - SPARE) * WARM_UP // (WARM_UP + 1)
    return wanted


def memory_each(pid: int, port: int, count: int) -> tuple[float, str]:
    """
    Bytes that the server *pid* holds for each of *count* connections.

    :return: the bytes, and what went wrong.
    """
    with ExitStack() as stack:
        opened: list[socket.socket] = []
        deadline = time.monotonic() + LIMIT
        held = []
        for goal in (count // WARM_UP, count + count // WARM_UP):
            try:
                while len(opened) < goal and time.monotonic() < deadline:
                    opened.append(stack.enter_context(_asked(port, len(opened))))
            except OSError as error:
                return 0, f"refused after {len(opened):,} connections: {error!r}"
            if len(opened) < goal:
                return 0, f"only {len(opened):,} opened in {LIMIT:.0f} s"
            time.sleep(SETTLE)
            held.append(cpu.resident(pid))
        closed = sum(map(_is_closed, opened))
        fault = f"{closed:,} closed meanwhile" if closed else ""
        return (held[1] - held[0]) / count, fault


def _asked(port: int, index: int) -> socket.socket:
    """A connection that has had its answer."""
    address = (
        f"127.0.{1 + index // PER_ADDRESS // 250}.{1 + index // PER_ADDRESS % 250}"
    )
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

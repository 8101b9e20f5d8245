"""
What the kernel knows of a client: whether it reads, and whether it has sent anything.

Megabytes may wait in the kernel for a slow client after the last of our writes. That
nothing can be written for a minute says nothing about it; that no byte was
acknowledged for a minute does.
"""

from __future__ import annotations

import socket
import struct
import sys
from fcntl import ioctl
from termios import TIOCOUTQ

BYTES_ACKED_OFFSET = 120
"""Where ``tcpi_bytes_acked`` stands in ``struct tcp_info`` (Linux 4.1 and later)."""

_TCP_INFO = getattr(socket, "TCP_INFO", None)


def acknowledged_bytes(sock: socket.socket) -> int:
    """A number that changes whenever the peer of *sock* has taken bytes."""
    try:
        if _TCP_INFO is not None and sock.family != socket.AF_UNIX:
            info = sock.getsockopt(
                socket.IPPROTO_TCP, _TCP_INFO, BYTES_ACKED_OFFSET + 8
            )
            if len(info) == BYTES_ACKED_OFFSET + 8:
                return int.from_bytes(info[BYTES_ACKED_OFFSET:], sys.byteorder)
        return -unsent_bytes(sock)
    except OSError:
        return 0


def has_unread(sock: socket.socket) -> bool:
    """Whether the peer of *sock* has sent something that was not read yet."""
    try:
        return bool(sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except OSError:
        return False


def unsent_bytes(sock: socket.socket) -> int:
    """How many bytes the kernel holds that the peer of *sock* has not taken."""
    waiting = ioctl(sock.fileno(), TIOCOUTQ, b"\0" * struct.calcsize("i"))
    return int(struct.unpack("i", waiting)[0])

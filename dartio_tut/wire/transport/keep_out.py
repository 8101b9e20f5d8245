"""
A listening socket that lets nobody in any more, and loses nobody who is in.

The kernel resets all clients that wait to be accepted when a socket is closed. They can
be accepted before, but others come meanwhile. So the socket is bound to a network
interface that does not exist: who comes now is refused, as if the port was closed, and
who has sent the first packet before (SYN, RFC 9293 section 3.5) still gets in.
"""

from __future__ import annotations

import socket
import sys
from contextlib import suppress

SO_BINDTOIFINDEX = 62
"""Linux's number, which the module `socket` does not have. Anybody may set it once."""

NO_INTERFACE = 0x7FFFFFFF
"""The highest number there can be: interfaces are numbered from 1."""


def keep_out(port: object) -> None:
    """
    Let no more clients in at *port*, which is about to be closed. Those who are in can
    still be accepted.

    Where the kernel does not allow it, the clients of a moment more are reset: before
    Linux 5.7, and at a link-local address, it allows it to root only. A socket that
    another program listens on afterwards must be left as it is.
    """
    listening = getattr(port, "socket", None)
    if sys.platform != "linux" or not isinstance(listening, socket.socket):
        return
    if listening.family not in (socket.AF_INET, socket.AF_INET6):
        return
    with suppress(OSError):
        listening.setsockopt(socket.SOL_SOCKET, SO_BINDTOIFINDEX, NO_INTERFACE)

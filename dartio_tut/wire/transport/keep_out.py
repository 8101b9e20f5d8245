"""
A listening socket that lets nobody in any more, and loses nobody who is in.

The kernel resets all clients that wait to be accepted when a socket is closed. They can
be accepted before, but others come meanwhile. So the kernel is told to drop the first
packet of each connection from then on (SYN, RFC 9293 section 3.5): who comes now knows
of no server yet, and tries again a second later. By then the port is closed, and the
client is refused, or another process listens there.
"""

from __future__ import annotations

import socket
import struct
import sys
from array import array
from contextlib import suppress

SO_ATTACH_FILTER = 26
"""Linux's number, which the module `socket` does not have (socket(7))."""

# A filter is a program for the kernel: numbers of a code, two jumps and a value.
_PROGRAM = b"".join(
    struct.pack("=HBBI", *instruction)
    for instruction in (
        (0x30, 0, 0, 13),  # load the byte with the flags of the TCP header
        (0x45, 0, 1, 0x02),  # is it a SYN?
        (0x06, 0, 0, 0),  # drop it
        (0x06, 0, 0, 0xFFFFFFFF),  # keep all of it
    )
)
INSTRUCTION_BYTES = 8


def keep_out(port: object) -> None:
    """
    Let no more clients in at *port*, which is about to be closed. Those who are in can
    still be accepted.

    Where the kernel cannot do so, the clients of a moment more are reset. A socket that
    another program listens on afterwards must be left as it is.
    """
    listening = getattr(port, "socket", None)
    if sys.platform != "linux" or not isinstance(listening, socket.socket):
        return
    if listening.family not in (socket.AF_INET, socket.AF_INET6):
        return
    program = array("B", _PROGRAM)  # an array tells where in memory it is
    address, size = program.buffer_info()
    option = struct.pack("HP", size // INSTRUCTION_BYTES, address)
    with suppress(OSError):
        listening.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, option)

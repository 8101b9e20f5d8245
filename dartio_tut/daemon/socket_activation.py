"""
The sockets that systemd has passed (sd_listen_fds(3)).

Twisted ignores them unless they have names, which systemd always gives, but others that
speak the protocol do not: give them the name systemd would. This must happen before
Twisted looks, which is when its endpoints are imported.
"""

from __future__ import annotations

import os
import re
import socket

UNNAMED = "unknown"

WORKER_VARIABLE = "DARTIO_WORKER"
"""What a process has in its environment that is one of several workers."""


_count = re.compile(r"[0-9]{1,5}", re.ASCII).fullmatch


def name_passed_sockets() -> None:
    """
    Give passed sockets a name if they have none. If ``LISTEN_FDS`` is not a number, or
    has more than five digits, there are no passed sockets.
    """
    environ = os.environ
    count = environ.get("LISTEN_FDS")
    if count is None:
        return
    if not _count(count):
        del environ["LISTEN_FDS"]
    elif "LISTEN_FDNAMES" not in environ:
        environ["LISTEN_FDNAMES"] = ":".join([UNNAMED] * int(count))


def take_parents_sockets() -> None:
    """
    Let the sockets that systemd has passed to the parent of this worker be its own.

    ``LISTEN_PID`` says whose they are; no parent knows a number before it is given.
    """
    if WORKER_VARIABLE in os.environ and "LISTEN_FDS" in os.environ:
        os.environ["LISTEN_PID"] = str(os.getpid())


def passed_endpoints(descriptors: list[int]) -> list[str]:
    """
    The endpoint strings of the sockets behind *descriptors*, in their order.

    :raise ValueError: when one is no socket that listens for streams.
    """
    endpoints = []
    for index, descriptor in enumerate(descriptors):
        try:
            with socket.socket(fileno=os.dup(descriptor)) as looked_at:
                family = socket.AddressFamily(looked_at.family).name.removeprefix("AF_")
                listens = looked_at.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        except OSError:
            listens = 0
        if not listens:
            raise ValueError(f"descriptor {descriptor} is no socket that listens")
        endpoints.append(f"systemd:domain={family}:index={index}")
    return endpoints


take_parents_sockets()
name_passed_sockets()

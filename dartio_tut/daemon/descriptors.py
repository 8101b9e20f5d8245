"""
File descriptors: how many this process may have, and how many connections that makes.

Each connection takes one, and one more while it is sent a file or uploads one; by
HTTP/2 it may take several more. When none is left, new clients are reset and files
answered 503; so the connections are kept below.
"""

from __future__ import annotations

import resource

RESERVED_DESCRIPTORS = 64
"""Descriptors of the process itself: logs, listening sockets, stores, threads."""

SHARE_OF_CONNECTIONS = 0.31
"""
The part of the rest that connections may take. As much again is for a file of each, as
much for more files by HTTP/2, and a tenth for those beyond the limit, which are
answered 503.
"""

UNLIMITED_DESCRIPTORS = 1 << 20
"""Descriptors of a process that may have any number."""


def raise_descriptor_limit() -> int:
    """
    Raise the soft limit of file descriptors to the hard one; the limit that holds then.

    The soft limit is 1,024 on most systems only because select(2) cannot have more,
    which is not used here.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:  # where nothing changes, nothing is asked: it may be forbidden
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            hard = soft
    return UNLIMITED_DESCRIPTORS if hard == resource.RLIM_INFINITY else hard


def connections_within(descriptors: int, servers: int = 1) -> int:
    """
    How many connections each of so many *servers* may have.

    :param descriptors: how many file descriptors the process may have, for all.
    """
    rest = max(descriptors - RESERVED_DESCRIPTORS, 0) // servers
    return max(int(rest * SHARE_OF_CONNECTIONS), 1)

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

FOR_EACH_CONNECTION = 3
"""One for itself, one for a file, and one for more files by HTTP/2."""

FOR_EACH_BEYOND = 0.1
LEAST_BEYOND = 64
"""Beyond the limit, a tenth more are answered 503, or so many."""

LEAST_SHARE = 0.25
"""The part of few descriptors that connections have; some may lack a file then."""

REDIRECTED = 0.25
"""Connections that ``--redirect-http`` may have, for each of the server's own."""

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


def connections_within(
    descriptors: int, servers: int = 1, *, redirects: bool = False
) -> int:
    """
    How many connections each of so many *servers* may have.

    :param descriptors: how many file descriptors the process may have, for all.
    :param redirects: whether a port that sends clients to https has some besides.
    """
    rest = max(descriptors - RESERVED_DESCRIPTORS, 0) // servers
    redirected = REDIRECTED if redirects else 0.0
    ports, each = 1 + redirects, FOR_EACH_CONNECTION + redirected
    each += FOR_EACH_BEYOND * (1 + redirected)
    most = (rest - ports * LEAST_BEYOND) / each
    return max(int(max(most, rest * LEAST_SHARE)), 1)

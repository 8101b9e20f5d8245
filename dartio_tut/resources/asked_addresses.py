"""
The host that a request asks for, as it stands in a URL.

A page that links to other ports of its machine must call that machine what its reader
calls it: ``localhost`` leads a reader at another machine to the wrong one.
"""

from __future__ import annotations

import re

from twisted.web.server import Request

from dartio_tut.wire import requested_host

_safe = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+").fullmatch
"""An address of IPv6 may have a zone, in which anything can stand: no link needs it."""

_port = re.compile(rb".*:([0-9]{1,5})", re.DOTALL).fullmatch


def asked_host(request: Request) -> str:
    """
    Return the host that *request* asks for, an address of IPv6 in brackets; if that
    cannot be the name of a host, ``localhost``.
    """
    try:
        host = requested_host(request) or "localhost"
    except ValueError:
        host = "localhost"
    if not _safe(host):
        host = "localhost"
    return f"[{host}]" if ":" in host else host


def asked_authority(request: Request) -> str:
    """Return `asked_host`, with the port if the request names one."""
    field = request.getHeader(b"Host")
    if field is None:
        port = getattr(request.getHost(), "port", None)
        return asked_host(request) + ("" if port is None else f":{port}")
    found = _port(field)
    return asked_host(request) + (f":{int(found[1])}" if found else "")

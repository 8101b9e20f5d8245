"""
Binding an endpoint at once, or saying why not.
"""

from __future__ import annotations

import os
import re
import socket
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocolFactory,
    IStreamServerEndpoint,
)
from twisted.python import context
from twisted.python.failure import Failure
from twisted.python.log import ILogContext

from dartio_tut.wire import keep_out

from .listening import endpoint_parts
from .pem_files import read_certificates, validity_warnings
from .served_certificate import Certificates

T = TypeVar("T")

_of_systemd = re.compile(r"(?:^|[:=])systemd\\*:").search
"""
Finds an endpoint string of a socket of systemd's, which TLS or the PROXY protocol may
lie over.
"""


def endpoint_warnings(text: str, endpoint: IStreamServerEndpoint) -> Sequence[str]:
    """
    What is wrong with *endpoint* although it works: certificates that are not valid.

    :param text: the endpoint string that it was made from.
    """
    if certificate := certificate_of_endpoint(endpoint):
        return certificate.warnings
    found: list[str] = []
    for path in _certificate_files(text):
        with suppress(OSError, ValueError):  # Twisted says what it cannot read
            found += validity_warnings(path, read_certificates(path))
    return found


def certificate_of_endpoint(
    endpoint: IStreamServerEndpoint,
) -> Certificates | None:
    """The certificate of an endpoint ``https:``."""
    found: Certificates | None = getattr(endpoint, "certificate", None)
    return found


def _certificate_files(text: str) -> list[str]:
    """The files with certificates of Twisted's own ``ssl:`` and ``tls:``."""
    kind, first, settings = endpoint_parts(text)
    if kind == "ssl":
        key = settings.get("privateKey", "server.pem")
        named = [settings.get("certKey", key), settings.get("extraCertChain", "")]
        return [path for path in named if path]
    if kind == "tls":
        return sorted(map(str, Path(settings.get("path", first)).glob("*.pem")))
    return []


def bind(endpoint: IStreamServerEndpoint, factory: IProtocolFactory) -> IListeningPort:
    """
    Listen on *endpoint*, now; what goes wrong is raised. A Unix socket of a process
    that was killed is made anew.

    :raise ValueError: when it does not tell at once whether it listens, or is nothing
        that clients connect to, or when another file has the name of a Unix socket.
    """
    try:
        return _bind(endpoint, factory)
    except CannotListenError as error:
        if _is_other_file(error.port):
            what = "a file that is no socket has this name; use another one"
            raise ValueError(f"{os.fsdecode(error.port)}: {what}") from None
        if not _remove_left_socket(error.port):
            raise
    return _bind(endpoint, factory)


def _is_other_file(path: object) -> bool:
    """Whether *path*, where a Unix socket is to be, is something else."""
    if not isinstance(path, bytes):
        return False  # it is the number of a TCP port
    try:
        return not stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def _remove_left_socket(path: object) -> bool:
    """
    Remove the Unix socket *path*, if nobody listens there.

    Twisted does so, if the process is gone whose number is in its lock. But another one
    may have that number by now: in a container, it is mostly the same.
    """
    if not isinstance(path, bytes):
        return False  # it is the number of a TCP port
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return False
        with socket.socket(socket.AF_UNIX) as client:
            client.setblocking(False)
            client.connect(path)
    except (ConnectionRefusedError, FileNotFoundError):
        pass
    except OSError:  # its queue is full, or it is not ours
        return False
    else:
        return False
    for left in (path, path + b".lock"):
        with suppress(OSError):
            os.unlink(left)
    return True


def _bind(endpoint: IStreamServerEndpoint, factory: IProtocolFactory) -> IListeningPort:
    outcome: list[Any] = []
    listening: Deferred[IListeningPort] = listen_quietly(
        lambda: endpoint.listen(factory)
    )
    listening.addBoth(outcome.append)
    if not outcome:
        raise ValueError("this kind of endpoint does not tell at once if it listens")
    if isinstance(outcome[0], Failure):
        outcome[0].raiseException()
    port: IListeningPort = outcome[0]
    if not hasattr(port, "stopListening"):
        raise ValueError("this kind of endpoint is nothing that clients connect to")
    return port


def listen_quietly(listen: Callable[[], T]) -> T:
    """
    Call *listen* without its line in the log.

    Twisted logs "Site starting on 4040" for each port, before anything is answered
    there; the daemon says in words of its own where it listens. An event whose format
    is empty has no text, and log files leave it out.
    """
    silent = {**(context.get(ILogContext) or {}), "log_format": ""}
    called: T = context.call({ILogContext: silent}, listen)
    return called


def close_all(
    ports: Sequence[tuple[str, IListeningPort]], owns_sockets: bool = True
) -> Deferred[list[None]]:
    """
    Close *ports*, each with its endpoint string, for good; fires when they are. Clients
    that the kernel has let in are accepted first.

    :param owns_sockets: whether nobody else listens on them afterwards, but systemd,
        whose sockets outlive the daemon.
    """
    for where, port in ports:
        if owns_sockets and not _of_systemd(where):
            keep_out(port)
    closed = [port.stopListening() or succeed(None) for _, port in ports]
    return gatherResults(closed)

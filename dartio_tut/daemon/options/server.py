"""
The options that every server has: where it listens, its limits, its log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from twisted.internet.defer import Deferred

from ..socket_activation import passed_endpoints  # before Twisted's endpoints

# isort: split
from twisted.plugins.twisted_core import systemdEndpointParser

from dartio_tut.wire import Limits

from ..listening import BACKLOG, addresses, tcp_endpoint
from ..startup import startup_errors
from .declared import DeclaredOptions
from .help_text import LISTENING, LOGS, OTHER
from .limits import LIMIT_OPTIONS, limits_of
from .option import Option, flag, option, repeated_option
from .parsing import log_file, port_number, positive_number


class ServerOptions(DeclaredOptions):
    """
    The options of a server that listens: a lesson adds its port and its own.

    :cvar default_port: the port to use when none is given.
    :ivar closing: what is called when the daemon has stopped listening.
    """

    default_port: ClassVar[int] = 0
    options: ClassVar[Sequence[Option]] = (
        option(
            "port",
            "TCP port; 0 lets the system pick one.",
            port_number,
            letter="p",
            group=LISTENING,
        ),
        option(
            "interface",
            "Address to bind: loopback-v4, loopback-v6, any-v4, any-v6 (IPv4 as "
            "well), an IP address or a host name.",
            str,
            "loopback-v4",
            letter="i",
            group=LISTENING,
        ),
        repeated_option(
            "listen",
            "Twisted endpoint string to listen on, such as unix:/run/x.",
            letter="l",
            group=LISTENING,
        ),
        option(
            "backlog",
            "Connections that the kernel holds until they are accepted.",
            positive_number,
            BACKLOG,
            group=LISTENING,
        ),
        *LIMIT_OPTIONS,
        option(
            "access-log",
            "File to which a line is appended for each request.",
            log_file,
            group=LOGS,
        ),
        flag(
            "check", "Check options, folders and certificates, and exit.", group=OTHER
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.closing: list[Callable[[], Deferred[None]]] = []
        self.set_default("port", self.default_port)

    def postOptions(self) -> None:
        """
        Leave out twistd's PID file when it stays in the foreground.

        Written even with ``-n``, it would keep a second server from starting in
        the same folder. ``--pidfile=FILE`` with another name is kept.
        """
        twistd = self.parent
        if twistd and twistd.get("nodaemon") and twistd.get("pidfile") == "twistd.pid":
            twistd["pidfile"] = ""

    def endpoints(self) -> list[str]:
        """
        The endpoint strings to listen on.

        Those of ``--listen``; ``--port`` and ``--interface`` when they were given.
        With none of these: the sockets systemd passed, else the default port on
        the IPv4 loopback.
        """
        if not self.given & {"port", "interface"}:
            given = self["listen"] or self._passed()
            if given:
                return given
        with startup_errors("--interface"):
            found = addresses(self["interface"])
        own = [self.endpoint(self["port"], address) for address in found]
        return [*self["listen"], *own]

    def endpoint(self, port: int, address: str) -> str:
        """The endpoint string for *port* of *address*; a lesson may choose another."""
        return tcp_endpoint(port, address, self["backlog"])

    def limits(self) -> Limits:
        """What a client may ask of the server."""
        return limits_of(self)

    def _passed(self) -> list[str]:
        """The endpoint strings of the sockets that systemd passed."""
        descriptors = systemdEndpointParser._sddaemon.inheritedDescriptors()
        with startup_errors("cannot listen on what systemd passed"):
            return [self.adopted(e) for e in passed_endpoints(descriptors)]

    def adopted(self, endpoint: str) -> str:
        """The endpoint string to use a socket that systemd passed as *endpoint*."""
        return endpoint

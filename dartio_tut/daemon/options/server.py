"""
The options every server has, and the one line that says which is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, ClassVar

from twisted.internet.defer import Deferred
from twisted.python.usage import Options, UsageError

from dartio_tut.wire import Limits, passed_descriptors

from ..listening import BACKLOG, addresses, port_number, tcp_endpoint
from ..socket_activation import passed_endpoints  # before Twisted's endpoints
from ..startup import coerce_option, fail_startup, log_file, startup_errors
from .limits import LIMIT_PARAMETERS, limits_of, positive

Lists = Sequence[tuple[str, str | None, str, Callable[[str], Any]]]


def _appending(
    name: str, says: str, check: Callable[[str], Any]
) -> Callable[[Any, str], None]:
    """The method for an option that may be given several times."""
    check = coerce_option(f"--{name}", check)

    def append(self: Any, value: str) -> None:
        try:
            self[name].append(check(value))
        except ValueError as error:
            raise UsageError(str(error)) from None

    append.__doc__ = f"{says} (Repeatable.)"
    return append


class DaemonOptions(Options):
    """What any daemon understands, whether it listens once or on many ports."""

    optParameters: ClassVar[Sequence[Sequence[object]]] = [
        [
            "port",
            "p",
            None,
            "TCP port; 0 lets the system pick one.",
            coerce_option("--port", port_number),
        ],
        [
            "interface",
            "i",
            None,
            (
                "Address to bind: loopback-v4 (the default), loopback-v6, any-v4, "
                "any-v6 (IPv4 as well), an IP address or a host name."
            ),
        ],
    ]

    optLists: ClassVar[Lists] = ()
    """Options that may be given several times: name, letter, help and check."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        for name, letter, says, check in cls.optLists:
            append = _appending(name, says, check)
            setattr(cls, f"opt_{name.replace('-', '_')}", append)
            if letter:
                setattr(cls, f"opt_{letter}", append)

    def __init__(self) -> None:
        super().__init__()
        for floor in type(self).__mro__:
            for name, *_ in vars(floor).get("optLists", ()):
                self[name] = []

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        Parse *options*.

        :raise StartupError: when one of them is wrong.
        """
        try:
            super().parseOptions(options)
        except UsageError as error:
            complaint = str(error).removeprefix("Parameter type enforcement failed: ")
            fail_startup(f"{complaint} (see --help)")

    def postOptions(self) -> None:
        """
        Leave out twistd's PID file when it stays in the foreground.

        Written even with ``-n``, it would keep a second server from starting in
        the same folder. ``--pidfile=FILE`` with another name is kept.
        """
        twistd = self.parent
        if twistd and twistd.get("nodaemon") and twistd.get("pidfile") == "twistd.pid":
            twistd["pidfile"] = ""

    def opt_version(self) -> None:
        """Show the version and exit."""
        print(f"dartio-tut {version('dartio-tut')}")  # noqa: T201
        raise SystemExit(0)


class ServerOptions(DaemonOptions):
    """
    The options of a server that listens: a lesson adds its port and its own.

    :cvar defaultPort: the port to use when none is given.
    :ivar closing: what is called when the daemon has stopped listening.
    """

    defaultPort: ClassVar[str] = "0"
    optParameters: ClassVar[Sequence[Sequence[object]]] = (
        (
            "backlog",
            None,
            BACKLOG,
            "Connections the kernel holds until they are accepted.",
            coerce_option("--backlog", positive),
        ),
        *LIMIT_PARAMETERS,
        (
            "access-log",
            None,
            None,
            "File to append a line a request to.",
            coerce_option("--access-log", log_file),
        ),
    )

    optFlags: ClassVar[Sequence[Sequence[object]]] = (
        ("check", None, "Check options, folders and certificates, and exit."),
    )
    optLists: ClassVar[Lists] = (
        ("listen", "l", "Twisted endpoint string, such as unix:/run/x.", str),
    )

    def __init__(self) -> None:
        super().__init__()
        self.closing: list[Callable[[], Deferred[None]]] = []
        self.defaults["port"] = self.defaultPort  # shown by --help

    def endpoints(self) -> list[str]:
        """
        The endpoint strings to listen on.

        Those of ``--listen``; ``--port`` and ``--interface`` when they were given.
        With none of these: the sockets systemd passed, else the default port on
        the IPv4 loopback.
        """
        port, interface = self["port"], self["interface"]
        if port is None and interface is None:
            given = self["listen"] or self._passed()
            if given:
                return given
        if port is None:
            port = port_number(self.defaultPort)
        with startup_errors("--interface"):
            found = addresses(interface or "loopback-v4")
        return [*self["listen"], *(self.endpoint(port, address) for address in found)]

    def endpoint(self, port: int, address: str) -> str:
        """The endpoint string for *port* of *address*; a lesson may choose another."""
        return tcp_endpoint(port, address, self["backlog"])

    def limits(self) -> Limits:
        """What a client may ask of the server."""
        return limits_of(self)

    def _passed(self) -> list[str]:
        """The endpoint strings of the sockets that systemd passed."""
        descriptors = passed_descriptors()
        with startup_errors("cannot listen on what systemd passed"):
            return [self.adopted(e) for e in passed_endpoints(descriptors)]

    def adopted(self, endpoint: str) -> str:
        """The endpoint string to use a socket that systemd passed as *endpoint*."""
        return endpoint

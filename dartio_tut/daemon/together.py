"""
Several servers in one process, for a person at a terminal.

What each would say by itself is said once: who can reach them, and, as the last line,
what to open in a browser.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from twisted.application.service import IService, MultiService
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.logger import Logger

from .checking import exit_after_check
from .listening import local_url, who_can_connect
from .log_output import is_log_on_stdout_json
from .options.server import ServerOptions
from .service import Daemon


class ServerGroup(MultiService):
    """
    Starts *daemons*, all or none, and says once what holds for all.

    :param opened: the one of them that a person opens first.
    :param foreground: whether that is said at all: somebody looks at a terminal.
    """

    _log = Logger()

    def __init__(
        self,
        daemons: Sequence[Daemon],
        opened: Daemon,
        foreground: bool,
        reactor: Any = None,
    ) -> None:
        super().__init__()
        self._daemons = daemons
        self._opened = opened
        self._foreground = foreground
        self._reactor = reactor
        for daemon in daemons:
            daemon.tells_reach = False
            daemon.setServiceParent(self)

    def startService(self) -> None:
        """Start all, and then say what they have not said."""
        if self._reactor is None:
            from twisted.internet import reactor

            self._reactor = reactor
        super().startService()
        self._reactor.callWhenRunning(self._tell)

    def _tell(self) -> None:
        where = [found for daemon in self._daemons for found in daemon.listening()]
        self._log.info("{reach}", reach=who_can_connect(where))
        for endpoint, address in self._opened.listening():
            if self._foreground and isinstance(address, (IPv4Address, IPv6Address)):
                url = local_url(endpoint, address)
                print(f"Open {url} (Ctrl-C ends it)", file=sys.__stdout__, flush=True)
                return


def serve_together(
    services: Sequence[IService], options: ServerOptions, opened: IService
) -> IService:
    """
    Serve what `serve` has returned for several servers as one service.

    :param options: the options that they were made from.
    :param opened: the one of *services* that a person opens first.
    """
    if options["check"]:
        exit_after_check()
    daemons = [service for service in services if isinstance(service, Daemon)]
    first = opened if isinstance(opened, Daemon) else daemons[0]
    looks_on = is_in_foreground(options.parent or {}) and not is_log_on_stdout_json()
    made: IService = ServerGroup(daemons, first, looks_on)
    return made


def is_in_foreground(
    twistd: Mapping[str, object], environ: Mapping[str, str] = os.environ
) -> bool:
    """
    Whether a person started this process and looks on, by *twistd*'s options.

    Not so under systemd, which says where it has connected the output
    (``JOURNAL_STREAM``, systemd.exec(5)).
    """
    if not twistd.get("nodaemon"):
        return False
    output = os.fstat(1)
    return environ.get("JOURNAL_STREAM") != f"{output.st_dev}:{output.st_ino}"

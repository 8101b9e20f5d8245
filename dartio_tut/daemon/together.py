"""
Several servers in one process, for a person at a terminal.

What each would say by itself is said once: who can reach them, and, as the last line,
what to open in a browser.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from twisted.application.service import IService, MultiService
from twisted.logger import Logger

from .checking import exit_after_check
from .listening import who_can_connect
from .log_output import is_log_on_stdout_json
from .options.server import ServerOptions
from .service import Daemon


class ServerGroup(MultiService):
    """
    Starts *daemons*, all or none, and says once what holds for all.

    :param show: called last, when all of them answer.
    :ivar tells_reach: whether it logs who can reach them.
    """

    tells_reach = True

    _log = Logger()

    def __init__(self, daemons: Sequence[Daemon], show: Callable[[], None]) -> None:
        super().__init__()
        self._daemons = daemons
        self._show = show
        self._silent = len(daemons)
        for daemon in daemons:
            daemon.tells_reach = False
            daemon.on_told = self._one_has_told
            daemon.setServiceParent(self)

    def _one_has_told(self) -> None:
        """Say what they have not said, after the last of them."""
        self._silent -= 1
        if not self._silent:
            self._tell()

    def _tell(self) -> None:
        where = [found for daemon in self._daemons for found in daemon.listening()]
        if self.tells_reach:
            self._log.info("{reach}", reach=who_can_connect(where))
        self._show()


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
    looks_on = is_at_terminal(options.parent or {})
    made: IService = ServerGroup(daemons, partial(show_what_to_open, first, looks_on))
    return made


def show_what_to_open(daemon: Daemon, looks_on: bool) -> None:
    """Show the URL of *daemon* to a person, if one *looks_on*."""
    urls = daemon.local_urls()
    if looks_on and urls:
        show(open_line(urls[0]))


def open_line(url: str) -> str:
    """What a person is told to do."""
    return f"Open {url} (Ctrl-C ends it)"


def show(text: str) -> None:
    """Show *text* to a person, beside the log."""
    print(text, file=sys.__stdout__, flush=True)


def is_at_terminal(twistd: Mapping[str, object]) -> bool:
    """Whether a person looks on, by *twistd*'s options, and reads what is printed."""
    return is_in_foreground(twistd) and not is_log_on_stdout_json()


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

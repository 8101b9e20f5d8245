"""
What a person at a terminal is shown of the servers that they have started: where to
look, from this machine and from others.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from twisted.application.service import IService

from .browser import open_in_browser
from .checking import exit_after_check
from .listening import address_towards_network
from .options.terminal import TerminalOptions
from .qr_code import MISSING, can_show_qr_code, qr_code
from .service import Daemon
from .together import ServerGroup, is_at_terminal, open_line, show


class Presentation:
    """
    Shows servers once they answer.

    :param daemons: by their names.
    :param options: what the person has asked for.
    """

    def __init__(
        self,
        daemons: Mapping[str, Daemon],
        options: TerminalOptions,
        reactor: Any = None,
    ) -> None:
        self._daemons = daemons
        self._options = options
        self._reactor = reactor

    def __call__(self) -> None:
        """Show where to look, if anybody looks on, and open a browser if asked to."""
        if is_at_terminal(self._options.parent or {}):
            self._show_here()
            if self._options["lan"]:
                self._show_network()
        urls = [url for daemon in self._daemons.values() for url in daemon.local_urls()]
        if self._options["open"] and urls:
            if self._reactor is None:
                from twisted.internet import reactor

                self._reactor = reactor
            open_in_browser(urls[0], self._reactor)

    def _show_here(self) -> None:
        """The URLs for this machine."""
        if len(self._daemons) == 1:
            (daemon,) = self._daemons.values()
            for url in daemon.local_urls()[:1]:
                show(open_line(url))
            return
        for name, daemon in self._daemons.items():
            show(f"{name}: {', '.join(daemon.local_urls())}")
        show("Ctrl-C ends them")

    def _show_network(self) -> None:
        """The URLs for others, and the first of them as a QR code."""
        shown: list[str] = []
        for name, daemon in self._daemons.items():
            urls = _likeliest_first(daemon.network_urls())
            title = "Others in the network"
            if len(self._daemons) > 1:
                title = f"Others in the network, {name}"
            show(f"{title}: {', '.join(urls)}" if urls else "There is no network here")
            shown += urls
        if shown and sys.__stdout__ and can_show_qr_code(sys.__stdout__, os.environ):
            try:
                show(f"{qr_code(shown[0])}{shown[0]}")
            except ImportError:
                show(MISSING)


def _likeliest_first(urls: Sequence[str]) -> list[str]:
    """*urls*, first the one that others most likely reach."""
    address = address_towards_network()
    return sorted(urls, key=lambda url: f"//{address}:" not in url)


def serve_at_terminal(
    services: Mapping[str, IService], options: TerminalOptions
) -> IService:
    """
    Serve what `serve` has returned for servers that a person has started.

    :param services: by their names.
    :param options: the options that they were made from.
    """
    if options["check"]:
        exit_after_check()
    daemons = {
        name: service
        for name, service in services.items()
        if isinstance(service, Daemon)
    }
    group = ServerGroup(list(daemons.values()), Presentation(daemons, options))
    if options["lan"] and is_at_terminal(options.parent or {}):
        group.tells_reach = False  # the person is shown it
    made: IService = group
    return made

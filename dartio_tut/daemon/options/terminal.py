"""
What a person at a terminal may ask of a server beside its own options.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from twisted.python.usage import UsageError

from ..listening import widest_interface
from .help_text import LISTENING
from .option import Option, flag
from .server import ServerOptions


class TerminalOptions(ServerOptions):
    """
    The options of a server that a person starts to look at something.

    When no port is given and the usual one is taken, the next one is tried.
    """

    next_ports = 20
    options: ClassVar[Sequence[Option]] = (
        flag(
            "lan",
            "Let the network reach it; shows the URLs, and a QR code for telephones.",
            group=LISTENING,
        ),
        flag("open", "Open it in a browser.", group=LISTENING),
    )

    def postOptions(self) -> None:
        """
        Listen for the network if ``--lan`` is given. Answer for this machine's names
        only, unless the server is behind a proxy, which does not ask for these.

        :raise UsageError: when it is also said otherwise where to listen.
        """
        super().postOptions()
        if not self["listen"] and not self["trusted-proxy"]:
            self.allow_own_hosts()
        if not self["lan"]:
            return
        for name in ("interface", "listen"):
            if name in self.given:
                raise UsageError(f"--lan does not go with --{name}")
        self.give("interface", widest_interface())

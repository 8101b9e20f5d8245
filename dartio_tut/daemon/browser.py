"""
Opening a URL in the browser of the person who has started a server.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from twisted.internet.error import ProcessDone
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

OPEN_PROGRAM = (
    "import sys, webbrowser; sys.exit(0 if webbrowser.open(sys.argv[1]) else 1)"
)
"""
Opens a URL with Python's `webbrowser`, which knows ``$BROWSER`` and the desktops.

It is a process of its own, because a browser may be waited for as long as it is open.
"""


class Opening(ProcessProtocol):
    """
    Waits until the browser has been opened.

    :param url: what it shows.
    """

    _log = Logger()

    def __init__(self, url: str) -> None:
        self._url = url

    def processEnded(self, reason: Failure) -> None:
        """Say it if no browser could be opened."""
        if not reason.check(ProcessDone):
            self._log.warn("No browser can be opened here: see {url}", url=self._url)


def open_in_browser(url: str, reactor: Any) -> None:
    """Open *url*, and go on; what the browser prints is left out."""
    program = [sys.executable, "-c", OPEN_PROGRAM, url]
    reactor.spawnProcess(Opening(url), program[0], program, env=dict(os.environ))

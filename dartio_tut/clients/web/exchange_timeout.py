"""
How long an exchange may take.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall

SILENCE_SECONDS = 30
"""
Seconds without a byte after which a client gives up, before a response or within it. A
page that takes longer is rare; an event stream of ours says something more often.
"""


class ExchangeTimeout:
    """
    Two limits to one exchange: to its silence, and to the whole of it.

    :param total: seconds for the whole exchange, redirects and content included; None
        for as long as there is no silence.
    :ivar reason: what has been exceeded, in words; empty before.
    :ivar give_up: what to do then. It changes as the exchange goes on.
    """

    def __init__(self, reactor: Any, total: float | None) -> None:
        self._reactor = reactor
        self._total = total
        self._silence_call: IDelayedCall | None = None
        self._total_call: IDelayedCall | None = None
        self.reason = ""
        self.give_up: Callable[[], Any] = bool

    def start(self) -> None:
        """An exchange begins."""
        self.stop()
        self.reason = ""
        self._silence_call = self._reactor.callLater(
            SILENCE_SECONDS, self._expire, f"within {SILENCE_SECONDS} seconds"
        )
        if self._total is not None:
            plural = "" if self._total == 1 else "s"
            why = f"within {self._total:g} second{plural} (--timeout)"
            self._total_call = self._reactor.callLater(self._total, self._expire, why)

    def heard(self) -> None:
        """The server has sent something."""
        if self._silence_call and self._silence_call.active():
            self._silence_call.reset(SILENCE_SECONDS)

    def stop(self) -> None:
        """The exchange is over."""
        for call in (self._silence_call, self._total_call):
            if call and call.active():
                call.cancel()

    def _expire(self, reason: str) -> None:
        self.stop()
        self.reason = reason
        self.give_up()

"""
Clients that did not come through the TLS handshake: counted, and the first ones logged.

Rule: strangers make as many of these as they like, so a minute has a bounded number of
lines. What else there was is said in one line when the minute is over.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.logger import Logger

from .metrics_numbers import count_reason

LOGGED_OF_A_REASON = 10
LOGGED_IN_ALL = 50
PERIOD_SECONDS = 60.0
"""
Lines in so many seconds. There is a bound for each reason, so that a flood of one kind
does not hide the others, and one for all of them, so that no mixture fills the disk.
"""


class HandshakeLog:
    """
    What has become of handshakes that failed.

    :param reactor: tells the time.
    :ivar counts: how many have failed since the start, by the reason.
    """

    _log = Logger()

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self.counts: dict[str, int] = {}
        self._logged: Counter[str] = Counter()
        self._others: Counter[str] = Counter()
        self._since = float("-inf")
        self._summary: IDelayedCall | None = None

    def failed(self, peer: IAddress, reason: str, detail: str) -> None:
        """The handshake of *peer* has failed; see `ITLSSite.handshake_failed`."""
        count_reason(self.counts, reason)
        now = self._reactor.seconds()
        if now - self._since >= PERIOD_SECONDS:
            self._say_others()
            self._since = now
            self._logged.clear()
        logged = self._logged
        if logged[reason] >= LOGGED_OF_A_REASON or logged.total() >= LOGGED_IN_ALL:
            self._others[reason] += 1
            if self._summary is None:
                left = self._since + PERIOD_SECONDS - now
                self._summary = self._reactor.callLater(left, self._say_others)
            return
        logged[reason] += 1
        self._log.info(
            "{peer}: TLS handshake failed: {reason}{detail}",
            peer=getattr(peer, "host", "a client"),
            reason=reason,
            detail=f" ({detail})" if detail else "",
        )

    def stop(self) -> None:
        """Nobody listens any more: say what is left to say."""
        self._say_others()

    def _say_others(self) -> None:
        summary, self._summary = self._summary, None
        if summary is not None and summary.active():
            summary.cancel()
        others, self._others = self._others, Counter()
        if others:
            kinds = (f"{count} x {reason}" for reason, count in others.most_common())
            self._log.info(
                "More TLS handshakes failed within a minute: {kinds}",
                kinds=", ".join(kinds),
            )

"""
How many frames a client may send that bring it nothing.

A PING, a SETTINGS frame, an empty DATA frame, a WINDOW_UPDATE of one byte: each costs
us more than it costs whoever sends it. Every connection has a budget for them. It grows
with time, and with each byte of a body that is really sent; a client that uses it up is
told to be calm, and the connection ends.

A stream that is reset costs a whole request. So resets have a budget of their own,
those that the client asks for and those that it provokes by breaking the protocol on a
stream (CVE-2023-44487, CVE-2025-8671).
"""

from __future__ import annotations

from .engine import ConnectionFault, ErrorCode

JUNK_COST = 10
"""What a frame costs that brings nothing; the other figures are counted in tenths."""

SMALL_DATA_COST = 1
"""A little DATA brings little: 5,000 frames of one byte, then 1,000 a second."""

BURST = 5_000
PER_SECOND = 1_000
"""
500 such frames at once, which cost about as much as a TLS handshake, then 100 a second.
nghttp2, which spends less on each, has 10,000 and 330.
"""

KIB = 1024
PER_KIB = 10
"""For each KiB of a body, in or out: clients open the windows as they read."""

PER_RESPONSE = 40
"""For each response: curl sends two WINDOW_UPDATEs for every request."""

PER_FRAME = 20
"""
For each DATA frame of ours that was not cut by the client's window: some clients open
both windows for each, however little it brings.
"""

RESET_BURST = 200
RESETS_PER_SECOND = 33
"""
A browser that closes a tab cancels a hundred requests at once. nghttp2 has 1,000 and
33.
"""


class FloodBudget:
    """
    What one connection has left.

    :param now: the time, in seconds.
    """

    __slots__ = ("_resets_left", "_since", "left")

    def __init__(self, now: float) -> None:
        self._since = now
        self.left = BURST
        self._resets_left = float(RESET_BURST)

    def passed(self, now: float) -> None:
        """Time has passed: there is more to spend, up to the burst."""
        if now == self._since:
            return
        seconds, self._since = max(0.0, now - self._since), now
        if self.left < BURST:
            self.left = min(BURST, self.left + int(seconds * PER_SECOND))
        if self._resets_left < RESET_BURST:
            gained = seconds * RESETS_PER_SECOND
            self._resets_left = min(float(RESET_BURST), self._resets_left + gained)

    def earn(self, count: int) -> None:
        """Something useful was done that is worth *count*."""
        if self.left < BURST:
            self.left += count

    def spend_on_junk(self) -> None:
        """
        A frame has come that brings nothing.

        :raise ConnectionFault: when there have been too many.
        """
        self.left -= JUNK_COST
        if self.left < 0:
            raise ConnectionFault(
                ErrorCode.ENHANCE_YOUR_CALM, "too many frames that ask for nothing"
            )

    def spend_on_small_data(self) -> None:
        """
        A DATA frame with a few bytes has come.

        :raise ConnectionFault: when there have been too many.
        """
        self.left -= SMALL_DATA_COST
        if self.left < 0:
            raise ConnectionFault(
                ErrorCode.ENHANCE_YOUR_CALM, "too many frames with a few bytes"
            )

    def spend_on_reset(self) -> None:
        """
        A stream was reset, by the client or because of it.

        :raise ConnectionFault: when there have been too many.
        """
        self._resets_left -= 1
        if self._resets_left < 0:
            raise ConnectionFault(
                ErrorCode.ENHANCE_YOUR_CALM, "too many streams were reset"
            )

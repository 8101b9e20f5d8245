"""
The part of a channel that ends: refusing, lingering, closing.

A refused client may still be sending. Closing at once would reset the connection, and
the reset would overtake the answer; so our half is closed, and the rest is read for a
while and dropped (RFC 9112 section 9.6).
"""

from __future__ import annotations

from twisted.internet import tcp

from .http1.response_head import refusal
from .sending import Sender, pending
from .states import CLOSING, IDLE
from .transport.epoll import LOST
from .transport.tcp import Server


class Ending(Sender):
    """What a channel does to come to an end."""

    _state = IDLE
    _kept = b""
    _asked_to_lose = False
    _leaving = False
    _lingering = False

    def refuse(self, code: int, bodiless: bool = False) -> None:
        """
        Answer what is no good request, and close so that the client sees it.

        :param bodiless: it was a HEAD request: the response has no content.
        """
        if getattr(self.request, "startedWriting", False):
            self.abortConnection()  # what was begun cannot become something else
            return
        self._drop_request()
        root = getattr(self.site, "resource", None)
        self.write(refusal(code, getattr(root, "refusal_fields", ()), bodiless))
        self._linger()

    def _linger(self) -> None:
        """Close, but go on reading a little, so that the client sees the answer."""
        self.persistent = False
        self._kept = b""
        self._state = CLOSING
        self.flush()
        self.deadline = self.deadlines.now + self.limits.linger_time
        if isinstance(self.transport, tcp.Connection) and not self.isSecure():
            self._leaving = self._lingering = True
            self.transport.loseWriteConnection()
        else:
            self._lose()

    def _drop_request(self) -> None:
        request, self.request = self.request, None
        content = getattr(request, "content", None)
        if getattr(request, "body", None) is not None:
            request.connectionLost(LOST)
        elif content is not None:
            content.close()

    def loseConnection(self) -> None:
        """Close once all that was written is sent, and no request behind it taken."""
        self.persistent = False
        self._asked_to_lose = True
        if not self._collecting:
            self.flush()
            self._lose(at_once=False)

    def abortConnection(self) -> None:
        """Close now, whatever is still to be sent."""
        self._state = CLOSING
        self._kept = b""
        self.transport.abortConnection()

    def _close(self) -> None:
        """No more requests here."""
        self._state = CLOSING
        if not self._collecting:
            self._lose()

    def _lose(self, at_once: bool = True) -> None:
        """
        Have the transport close.

        :param at_once: nobody is in the middle of something that its end would end.
        """
        if self._leaving and not self._lingering:
            return
        self._leaving, self._lingering = True, False
        self._state = CLOSING
        self._unsent = pending(self.transport)
        self.deadline = self.deadlines.now + self.limits.write_time
        self._network.unregisterProducer()
        if at_once and isinstance(self.transport, Server):
            self.transport.close_now()
        else:
            self.transport.loseConnection()

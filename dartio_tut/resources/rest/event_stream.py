"""
Notes as they come: server-sent events (HTML standard, section 9.2).

Other processes, and other machines, may append to the same notes: while anybody
follows, the store is asked how many there are, once a second.

Rule: what a client does not take is read again, and never kept for it.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import BAD_REQUEST
from twisted.web.server import Request
from zope.interface import implementer

from dartio_tut.store import Notes, Unavailable

from ..queries import number
from ..responses import HTTPError, error_response, finish_with
from .store_errors import from_store

EVERY = 1.0
"""Seconds until a note of somebody else's is seen."""

SILENCE = 15
"""Turns without a note until a comment is sent: it keeps proxies from giving up."""

FEW = 10
"""Notes read at first; as many more as the client takes them."""

AT_ONCE = 100
"""Notes read at a time at most."""

READERS = 8
"""Followers whose notes are read at the same time: bounds the memory they take."""

_log = Logger()


class Followers:
    """
    Those who follow some notes.

    :param clock: for tests; the reactor unless given.
    """

    def __init__(self, notes: Notes, clock: Any = None) -> None:
        self._notes = notes
        self._all: set[_Follower] = set()
        self._reading = _Reading()
        self._looking = self._again = False
        self._turns = LoopingCall(self._turn)
        if clock is not None:
            self._turns.clock = clock

    def follow(self, request: Request) -> None:
        """
        Send *request* the notes from ``?from=`` on, or after Last-Event-ID; without
        either, those that come from now on.
        """
        Deferred.fromCoroutine(self._follow(request, request.notifyFinish()))

    async def _follow(self, request: Request, finished: Deferred[None]) -> None:
        gone: list[object] = []
        finished.addErrback(gone.append)
        try:
            start = _start(request)
            if start is None:
                # Known before the client is told to wait: what comes then is new.
                start = await from_store(self._notes.count())
        except HTTPError as error:
            finish_with(request, error_response(request, error))
            return
        except Exception:  # noqa: BLE001  (whatever it is, the client gets an answer)
            if not gone:
                request.processingFailed(Failure())
            return
        if not gone:
            self._begin(request, start)

    def _begin(self, request: Request, start: int) -> None:
        request.setHeader(b"Content-Type", b"text/event-stream")
        request.setHeader(b"Cache-Control", b"no-store")
        if request.method == b"HEAD":
            request.finish()
            return
        follower = _Follower(self._notes, self._reading, request, start)
        self._all.add(follower)
        request.notifyFinish().addBoth(lambda _: self._leave(follower))
        request.registerProducer(follower, True)
        request.write(b": notes as they come\n\n")
        if not self._turns.running:
            self._turns.start(EVERY, now=False)
        self.look()

    def look(self) -> None:
        """There may be another note."""
        if self._looking:
            self._again = True
        elif self._all:
            Deferred.fromCoroutine(self._look())

    def _turn(self) -> None:
        for follower in list(self._all):
            follower.keep_alive()
        self.look()

    async def _look(self) -> None:
        self._looking = True
        try:
            self._again = True
            while self._again and self._all:
                self._again = False
                count = await self._notes.count()
                for follower in list(self._all):
                    follower.there_are(count)
        except (OSError, Unavailable):
            pass  # asked again in the next turn
        except Exception:  # noqa: BLE001  (whatever it is, the next turn tries again)
            _log.failure("Cannot tell how many notes there are")
        finally:
            self._looking = False

    def _leave(self, follower: _Follower) -> None:
        follower.stopProducing()
        self._all.discard(follower)
        if not self._all and self._turns.running:
            self._turns.stop()


def _start(request: Request) -> int | None:
    last: bytes | None = request.getHeader(b"Last-Event-ID")
    if last is None:
        asked = number(request, b"from", -1, 10**18)
        return None if asked < 0 else asked
    if not (last.isdigit() and len(last) < 20):
        raise HTTPError(BAD_REQUEST, "Last-Event-ID is no whole number.")
    return int(last) + 1


class _Reading:
    """Lets a few followers read at the same time, all of them in turn."""

    def __init__(self) -> None:
        self._waiting: deque[_Follower] = deque()
        self._busy = 0
        self._going = False

    def wait(self, follower: _Follower) -> None:
        """Let *follower* send some notes when it is its turn."""
        self._waiting.append(follower)
        self._go_on()

    def _go_on(self) -> None:
        if self._going:
            return  # a read that ends at once must not begin the next one in itself
        self._going = True
        while self._waiting and self._busy < READERS:
            self._busy += 1
            follower = self._waiting.popleft()
            sent = Deferred.fromCoroutine(follower.send_some())
            sent.addCallback(self._ended, follower)
        self._going = False

    def _ended(self, more: bool, follower: _Follower) -> None:
        self._busy -= 1
        if more:
            self._waiting.append(follower)
        self._go_on()


@implementer(IPushProducer)
class _Follower:
    """
    Sends notes to one client, as fast as it takes them.

    :param reading: lets it read when it is its turn.
    :param number: the next to send.
    """

    def __init__(
        self,
        notes: Notes,
        reading: _Reading,
        request: Request,
        number: int,
    ) -> None:
        self._notes = notes
        self._reading = reading
        self._request: Request | None = request
        self._number = number
        self._count = 0
        self._at_once = FEW
        self._silent = 0
        self._paused = False
        self._sending = False

    def there_are(self, count: int) -> None:
        """There are *count* notes now."""
        self._count = count
        self._go_on()

    def keep_alive(self) -> None:
        """Another turn has passed."""
        self._silent += 1
        if self._silent >= SILENCE and self._request and not self._paused:
            self._silent = 0
            self._request.write(b":\n\n")

    def _go_on(self) -> None:
        if self._is_due() and not self._sending:
            self._sending = True
            self._reading.wait(self)

    def _is_due(self) -> bool:
        going = self._request is not None and not self._paused
        return going and self._number < self._count

    async def send_some(self) -> bool:
        """Send the next notes; whether there are more to send at once."""
        more = False
        try:
            if self._is_due():
                texts = await self._notes.entries(self._number, self._at_once)
                self._write(texts)
                more = bool(texts) and self._is_due()
        except (OSError, Unavailable):
            pass  # tried again when the store is asked next
        except Exception:  # noqa: BLE001  (as well)
            _log.failure("Cannot read the notes from {number} on", number=self._number)
        self._sending = more
        return more

    def _write(self, texts: Sequence[str]) -> None:
        """Send those of *texts* that the client takes now."""
        sent = 0
        for text in texts:
            if self._request is None or self._paused:
                break
            self._silent = 0
            self._number += 1
            self._request.write(_event(self._number - 1, text))
            sent += 1
        more = 2 * sent if sent == len(texts) else sent
        self._at_once = min(max(more, 1), AT_ONCE)

    def pauseProducing(self) -> None:
        """The client does not keep up."""
        self._paused = True

    def resumeProducing(self) -> None:
        """It does again."""
        self._paused = False
        self._go_on()

    def stopProducing(self) -> None:
        """The client is gone."""
        self._request = None


def _event(number: int, text: str) -> bytes:
    """The event for a note: JSON, in which a line break is no line break."""
    data = json.dumps({"number": number, "text": text}, ensure_ascii=False)
    return f"id: {number}\ndata: {data}\n\n".encode()

"""
Notes as they are stored, in server-sent events (HTML standard, section 9.2).

Other processes, and other machines, may append to the same notes: while a client
follows them, the store is asked once a second how many there are.

Rule: notes that a client is too slow to take are read again later, never kept for it.
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

POLL_SECONDS = 1.0
"""How often the store is asked for notes that other processes have stored."""

SILENT_POLLS = 15
"""After so many without a note, a comment is sent: it keeps proxies from giving up."""

FIRST_READ_NOTES = 10
"""Notes read at first; more when the client takes them quickly."""

MAX_READ_NOTES = 100
"""Notes read at a time at most."""

CONCURRENT_READS = 8
"""Followers for whom notes are read at the same time: it bounds the memory."""

_log = Logger()


class Followers:
    """
    The clients that follow the notes of a store.

    :param clock: for tests; the reactor unless given.
    """

    def __init__(self, notes: Notes, clock: Any = None) -> None:
        self._notes = notes
        self._all: set[_Follower] = set()
        self._reads = _ReadQueue()
        self._looking = self._again = False
        self._polls = LoopingCall(self._poll)
        if clock is not None:
            self._polls.clock = clock

    def follow(self, request: Request) -> None:
        """
        Answer *request* with the notes from ``?from=`` on, or after Last-Event-ID;
        without either, with those that are stored from now on.
        """
        Deferred.fromCoroutine(self._follow(request, request.notifyFinish()))

    async def _follow(self, request: Request, finished: Deferred[None]) -> None:
        gone: list[object] = []
        finished.addErrback(gone.append)
        try:
            start = _start(request)
            if start is None:
                # This is known before the response begins: any later note is new.
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
        follower = _Follower(self._notes, self._reads, request, start)
        self._all.add(follower)
        request.notifyFinish().addBoth(lambda _: self._leave(follower))
        request.registerProducer(follower, True)
        request.write(b": notes as they come\n\n")
        if not self._polls.running:
            self._polls.start(POLL_SECONDS, now=False)
        self.look()

    def look(self) -> None:
        """Ask the store for new notes."""
        if self._looking:
            self._again = True
        elif self._all:
            Deferred.fromCoroutine(self._look())

    def _poll(self) -> None:
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
                    follower.send_up_to(count)
        except (OSError, Unavailable):
            pass  # the next poll asks again
        except Exception:  # noqa: BLE001  (whatever it is, the next poll tries again)
            _log.failure("Cannot tell how many notes there are")
        finally:
            self._looking = False

    def _leave(self, follower: _Follower) -> None:
        follower.stopProducing()
        self._all.discard(follower)
        if not self._all and self._polls.running:
            self._polls.stop()


def _start(request: Request) -> int | None:
    last: bytes | None = request.getHeader(b"Last-Event-ID")
    if last is None:
        asked = number(request, b"from", -1, 10**18)
        return None if asked < 0 else asked
    if not (last.isdigit() and len(last) < 20):
        raise HTTPError(BAD_REQUEST, "Last-Event-ID is no whole number.")
    return int(last) + 1


class _ReadQueue:
    """Lets a few followers read at the same time, and all of them in turn."""

    def __init__(self) -> None:
        self._waiting: deque[_Follower] = deque()
        self._busy = 0
        self._going = False

    def wait(self, follower: _Follower) -> None:
        """Let *follower* read and send some notes when it is its turn."""
        self._waiting.append(follower)
        self._go_on()

    def _go_on(self) -> None:
        if self._going:
            return  # a read that ends at once must not begin the next one within itself
        self._going = True
        while self._waiting and self._busy < CONCURRENT_READS:
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
    Sends notes to one client, as fast as the client takes them.

    :param reads: lets it read when it is its turn.
    :param number: that of the next note to send.
    """

    def __init__(
        self,
        notes: Notes,
        reads: _ReadQueue,
        request: Request,
        number: int,
    ) -> None:
        self._notes = notes
        self._reads = reads
        self._request: Request | None = request
        self._number = number
        self._count = 0
        self._read_notes = FIRST_READ_NOTES
        self._silent = 0
        self._paused = False
        self._sending = False

    def send_up_to(self, count: int) -> None:
        """Send up to the note before *count*, which is how many there are."""
        self._count = count
        self._go_on()

    def keep_alive(self) -> None:
        """Send a comment when there was nothing to send for some polls."""
        self._silent += 1
        if self._silent >= SILENT_POLLS and self._request and not self._paused:
            self._silent = 0
            self._request.write(b":\n\n")

    def _go_on(self) -> None:
        if self._is_due() and not self._sending:
            self._sending = True
            self._reads.wait(self)

    def _is_due(self) -> bool:
        going = self._request is not None and not self._paused
        return going and self._number < self._count

    async def send_some(self) -> bool:
        """Read and send the next notes; tell whether there are more."""
        more = False
        try:
            if self._is_due():
                texts = await self._notes.entries(self._number, self._read_notes)
                self._write(texts)
                more = bool(texts) and self._is_due()
        except (OSError, Unavailable):
            pass  # tried again after the next poll
        except Exception:  # noqa: BLE001  (whatever it is, the next poll tries again)
            _log.failure("Cannot read the notes from {number} on", number=self._number)
        self._sending = more
        return more

    def _write(self, texts: Sequence[str]) -> None:
        """Send as many of *texts* as the client takes now."""
        sent = 0
        for text in texts:
            if self._request is None or self._paused:
                break
            self._silent = 0
            self._number += 1
            self._request.write(_event(self._number - 1, text))
            sent += 1
        more = 2 * sent if sent == len(texts) else sent
        self._read_notes = min(max(more, 1), MAX_READ_NOTES)

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
    """The event for a note. JSON escapes the line breaks, which would end the event."""
    data = json.dumps({"number": number, "text": text}, ensure_ascii=False)
    return f"id: {number}\ndata: {data}\n\n".encode()

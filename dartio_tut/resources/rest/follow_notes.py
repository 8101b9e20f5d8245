"""
Notes as they are stored, as a stream of events.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.http import BAD_REQUEST, CONFLICT
from twisted.web.server import Request

from dartio_tut.store import Notes, NotesState, StoreUnavailable

from ..queries import number_parameter
from ..responses import HTTPError, finish_response, response_for_error
from .event_stream import EventStream, StorePolling, begin_events, format_event
from .store_errors import from_store

FIRST_READ_NOTES = 10
"""Notes read at first; more when the client takes them quickly."""

MAX_READ_NOTES = 100
"""Notes read at a time at most."""

CONCURRENT_READS = 8
"""Followers for whom notes are read at the same time: it bounds the memory."""

_log = Logger()


class NotesFollowers:
    """
    The clients that follow the notes of a store.

    :param clock: for tests; the reactor unless given.
    """

    def __init__(self, notes: Notes, clock: IReactorTime | None = None) -> None:
        self._notes = notes
        self._reads = _ReadQueue()
        self._polling: StorePolling[_NotesFollower] = StorePolling(self._ask, clock)

    def follow(self, request: Request) -> None:
        """
        Answer *request* with the notes from ``?from=`` on, or after Last-Event-ID;
        without either, with those that are stored from now on.
        """
        Deferred.fromCoroutine(self._follow(request, request.notifyFinish()))

    def look(self) -> None:
        """Ask the store for new notes now."""
        self._polling.look()

    async def _follow(self, request: Request, finished: Deferred[None]) -> None:
        gone: list[object] = []
        finished.addErrback(gone.append)
        try:
            # This is known before the response begins: any later note is new.
            start, seen = await self._start(request)
        except Exception as error:  # noqa: BLE001  (whatever it is, it gets a response)
            finish_response(request, response_for_error(request, error))
            return
        if not gone:
            self._begin(request, start, seen)

    async def _start(self, request: Request) -> tuple[int, _Seen]:
        """
        Return the number of the first note to send, and how the log was when the client
        came.
        """
        last = _last_event_id(request)
        first = (
            number_parameter(request, b"from", -1, 10**18) if last is None else last + 1
        )
        try:
            state = await from_store(self._notes.state())
        except HTTPError:
            if first < 0:
                raise
            return first, _Seen(first, None)
        if first > state.count:
            what = "from" if last is None else "Last-Event-ID"
            raise HTTPError(
                CONFLICT,
                f"There are only {state.count} notes, and {what} is beyond the next "
                f"one. Follow them again without {what}.",
            )
        return (state.count if first < 0 else first), _Seen(state.count, state.epoch)

    def _begin(self, request: Request, start: int, seen: _Seen) -> None:
        begin_events(request)
        if request.method == b"HEAD":
            request.finish()
            return
        follower = _NotesFollower(self._notes, self._reads, start, seen)
        follower.stream = EventStream(
            request, follower.go_on, lambda: self._polling.leave(follower)
        )
        follower.stream.begin("notes as they come", str(start - 1) if start else "")
        if follower.stream.is_open:
            self._polling.join(follower)

    async def _ask(self, followers: list[_NotesFollower]) -> None:
        state = await self._notes.state()
        for follower in followers:
            follower.log_is(state)


@dataclass(frozen=True)
class _Seen:
    """
    How a log was when it was last looked at.

    :ivar count: how many notes there were at least.
    :ivar epoch: as in `NotesState`; ``None`` when it is not known.
    """

    count: int
    epoch: int | None

    def is_other(self, now: NotesState) -> bool:
        """Whether notes have gone, or have other numbers, since then."""
        return now.count < self.count or self.epoch not in (None, now.epoch)


def _last_event_id(request: Request) -> int | None:
    """
    Return the number of the last note that the client has, or ``None``.

    A browser sends an empty field when the last event had an empty ``id``.
    """
    last: bytes = (request.getHeader(b"Last-Event-ID") or b"").strip()
    if not last:
        return None
    if not (last.isdigit() and len(last) < 20):
        raise HTTPError(BAD_REQUEST, "Last-Event-ID is no whole number.")
    return int(last)


class _ReadQueue:
    """Lets a few followers read at the same time, and all of them in turn."""

    def __init__(self) -> None:
        self._waiting: deque[_NotesFollower] = deque()
        self._busy = 0
        self._going = False

    def wait(self, follower: _NotesFollower) -> None:
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

    def _ended(self, more: bool, follower: _NotesFollower) -> None:
        self._busy -= 1
        if more:
            self._waiting.append(follower)
        self._go_on()


class _NotesFollower:
    """
    Sends notes to one client, as fast as the client takes them.

    :param reads: lets it read when it is its turn.
    :param number: that of the next note to send.
    :param seen: how the log was when the client came.
    """

    stream: EventStream

    def __init__(
        self, notes: Notes, reads: _ReadQueue, number: int, seen: _Seen
    ) -> None:
        self._notes = notes
        self._reads = reads
        self._number = number
        self._seen = seen
        self._count = 0
        self._read_notes = FIRST_READ_NOTES
        self._is_sending = False

    def log_is(self, state: NotesState) -> None:
        """
        Send what is new. When notes have gone or have other numbers, tell the client
        so, and begin again at the end.
        """
        before, self._seen = self._seen, _Seen(state.count, state.epoch)
        if before.is_other(state):
            self._number = state.count
            last = str(state.count - 1) if state.count else ""
            self.stream.send(format_event({"count": state.count}, last, "reset"))
        self._count = state.count
        self.go_on()

    def keep_alive(self) -> None:
        """Count a poll."""
        self.stream.keep_alive()

    def go_on(self) -> None:
        """Read and send, if there is something and the client takes it."""
        if self._is_due() and not self._is_sending:
            self._is_sending = True
            self._reads.wait(self)

    def _is_due(self) -> bool:
        return self.stream.is_ready and self._number < self._count

    async def send_some(self) -> bool:
        """Read and send the next notes; tell whether there are more."""
        more = False
        start = self._number
        try:
            if self._is_due():
                texts = await self._notes.entries(start, self._read_notes)
                if start == self._number:  # else the log was reset meanwhile
                    self._send(texts)
                more = bool(texts) and self._is_due()
        except (OSError, StoreUnavailable):
            pass  # tried again after the next poll
        except Exception:  # noqa: BLE001  (whatever it is, the next poll tries again)
            _log.failure("Cannot read the notes from {number} on", number=start)
        self._is_sending = more
        return more

    def _send(self, texts: Sequence[str | None]) -> None:
        """Send as many of *texts* as the client takes now."""
        sent = 0
        for text in texts:
            if not self.stream.is_ready:
                break
            number = self._number
            self._number += 1
            if text is not None:  # else the note was deleted
                note = {"number": number, "text": text}
                self.stream.send(format_event(note, str(number)))
            sent += 1
        more = 2 * sent if sent == len(texts) else sent
        self._read_notes = min(max(more, 1), MAX_READ_NOTES)

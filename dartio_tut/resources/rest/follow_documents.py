"""
Changes of documents as they are made, as a stream of events.

A store tells which documents there are, not what was changed: while a client follows,
the list is read again and again, and compared with what it was before.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from time import monotonic
from urllib.parse import quote

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.web.server import Request

from dartio_tut.store import DocumentInfo, Documents

from ..queries import text_parameter
from ..responses import finish_response, response_for_error
from .descriptions import DESCRIPTION_NAME
from .documents_list import as_object
from .event_stream import EventStream, StorePolling, begin_events, format_event
from .store_errors import from_store

KEPT_CHANGES = 10_000
"""Changes that are kept for slow clients; one that needs older ones begins again."""

DOCUMENTS_PER_READ = 1000
"""Documents of the list that are read at a time."""

PAUSE_FACTOR = 10
"""After reading a long list, it is left alone for so many times as long."""

RESET_EVENT = "reset"


class DocumentsFollowers:
    """
    The clients that follow the documents of a store.

    :param clock: for tests; the reactor unless given.
    :param now: tells the time in seconds.
    """

    def __init__(
        self,
        documents: Documents,
        clock: IReactorTime | None = None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._documents = documents
        self._now = now
        self._not_before = 0.0
        self._reading = DeferredLock()
        self._polling: StorePolling[_DocumentsFollower] = StorePolling(self._ask, clock)
        self._following = 0
        self._changes = _Changes()

    def follow(self, request: Request) -> None:
        """
        Answer *request* with the changes from now on, or after those that the client
        has had, as Last-Event-ID says.
        """
        Deferred.fromCoroutine(self._follow(request, request.notifyFinish()))

    async def _follow(self, request: Request, finished: Deferred[None]) -> None:
        gone: list[object] = []
        finished.addErrback(gone.append)
        self._following += 1
        finished.addBoth(lambda _: self._leave())
        try:
            prefix = text_parameter(request, b"prefix")
            # This is known before the response begins: any later change is new.
            changes = await self._known_changes()
        except Exception as error:  # noqa: BLE001  (whatever it is, it gets a response)
            finish_response(request, response_for_error(request, error))
            return
        if not gone:
            self._begin(request, prefix, changes)

    async def _known_changes(self) -> _Changes:
        await self._reading.acquire()
        try:
            if not self._changes.is_begun:
                self._changes.begin(await from_store(self._read()))
        finally:
            self._reading.release()
        return self._changes

    def _begin(self, request: Request, prefix: str, changes: _Changes) -> None:
        begin_events(request)
        if request.method == b"HEAD":
            request.finish()
            return
        last = (request.getHeader(b"Last-Event-ID") or b"").strip().decode("latin-1")
        follower = _DocumentsFollower(prefix, changes, last)
        follower.stream = EventStream(
            request, follower.go_on, lambda: self._polling.leave(follower)
        )
        follower.stream.begin("changes as they are made", follower.last_event_id)
        if follower.stream.is_open:
            self._polling.join(follower)
            follower.go_on()
            follower.tell_place()

    def _leave(self) -> None:
        self._following -= 1
        if not self._following:
            self._changes = _Changes()

    async def _ask(self, followers: list[_DocumentsFollower]) -> None:
        if self._now() < self._not_before:
            return
        began, changes = self._now(), self._changes
        await self._reading.acquire()
        try:
            changes.compare(await self._read())
        finally:
            self._reading.release()
        took = self._now() - began
        self._not_before = self._now() + PAUSE_FACTOR * took
        for follower in followers:
            follower.go_on()

    async def _read(self) -> dict[str, DocumentInfo]:
        """Read the whole list."""
        found: dict[str, DocumentInfo] = {}
        after = ""
        while True:
            some = await self._documents.list("", after, DOCUMENTS_PER_READ)
            found.update((document.name, document) for document in some)
            found.pop(DESCRIPTION_NAME.decode(), None)  # it cannot be reached
            if len(some) < DOCUMENTS_PER_READ:
                return found
            after = some[-1].name


class _Changes:
    """
    The last changes, in their order, each with a number.

    :ivar is_begun: whether it is known which documents there are.
    """

    def __init__(self) -> None:
        self._id = secrets.token_hex(4)  # of these numbers: they begin at 0 each time
        self._known: dict[str, DocumentInfo] = {}
        self._kept: deque[tuple[str, DocumentInfo]] = deque(maxlen=KEPT_CHANGES)
        self.is_begun = False
        self.end = 0

    def begin(self, documents: dict[str, DocumentInfo]) -> None:
        """Begin with the *documents* that there are now."""
        self._known = documents
        self.is_begun = True

    def compare(self, documents: dict[str, DocumentInfo]) -> None:
        """Note what has changed, now that there are these *documents*."""
        before, self._known = self._known, documents
        for name, document in documents.items():
            if before.get(name) != document:
                self._add("put", document)
        for name, document in before.items():
            if name not in documents:
                self._add("delete", document)

    def _add(self, kind: str, document: DocumentInfo) -> None:
        self._kept.append((kind, document))
        self.end += 1

    def get(self, number: int) -> tuple[str, DocumentInfo] | None:
        """Return a change, unless it is no longer kept."""
        place = number - self.end
        return self._kept[place] if -len(self._kept) <= place < 0 else None

    def event_id(self, number: int) -> str:
        """Return the ``id`` of an event: *number* is that of the change behind it."""
        return f"{self._id}-{number}"

    def number_of(self, event_id: str) -> int | None:
        """Return the number of the change behind an event, if it is one of these."""
        own, _, digits = event_id.partition("-")
        if own != self._id or not (digits.isascii() and digits.isdigit()):
            return None
        number = int(digits) if len(digits) < 20 else self.end + 1
        return number if number <= self.end else None


class _DocumentsFollower:
    """
    Sends changes to one client, as fast as the client takes them.

    :param prefix: with which the names begin whose changes are sent.
    :param last: the Last-Event-ID of the client, or ``""``.
    :ivar last_event_id: of what it has had, behind which is what it has missed;
        ``None`` if that is not known any more.
    """

    stream: EventStream

    def __init__(self, prefix: str, changes: _Changes, last: str) -> None:
        self._prefix = prefix
        self._changes = changes
        self._number = changes.number_of(last) if last else changes.end
        known = self._number
        self.last_event_id = None if known is None else changes.event_id(known)

    def keep_alive(self) -> None:
        """Count a poll."""
        self.stream.keep_alive()

    def go_on(self) -> None:
        """Send the next changes, as many as the client takes now."""
        changes = self._changes
        while self.stream.is_ready and self._number != changes.end:
            found = None if self._number is None else changes.get(self._number)
            if self._number is None or found is None:
                # Some changes are not known: the client has to read the list.
                self._number = changes.end
                self._send({}, RESET_EVENT)
                continue
            self._number += 1
            kind, document = found
            if document.name.startswith(self._prefix):
                self._send(_object(kind, document), kind)

    def tell_place(self) -> None:
        """
        Send the id of where the client is, unless the last event had it. What came
        since then was not for this client, and is not to count as missed.
        """
        if self._number is None or not self.stream.is_ready:
            return
        place = self._changes.event_id(self._number)
        if place != self.last_event_id:
            self.last_event_id = place
            self.stream.send(f"id: {place}\n\n".encode())

    def _send(self, data: dict[str, object], kind: str) -> None:
        """Send an event, whose id is the number of the change behind it."""
        self.last_event_id = self._changes.event_id(self._number or 0)
        self.stream.send(format_event(data, self.last_event_id, kind))


def _object(kind: str, document: DocumentInfo) -> dict[str, object]:
    if kind == "put":
        return as_object(document)
    return {"name": document.name, "url": quote(document.name, safe="")}

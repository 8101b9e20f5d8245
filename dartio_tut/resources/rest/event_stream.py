"""
Server-sent events (HTML standard, section 9.2), and the clients that follow them.

Other processes, and other machines, may change the same store: while a client follows,
the store is asked for news once a second.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.web.server import Request
from zope.interface import implementer

from dartio_tut.store import StoreUnavailable
from dartio_tut.wire import Request as WireRequest

POLL_SECONDS = 1.0
"""How often the store is asked for what other processes have changed."""

POLLS_BEFORE_COMMENT = 15
"""After so many without an event, a comment is sent, so that proxies do not give up."""

_log = Logger()


def format_event(data: object, number: str, kind: str = "") -> bytes:
    """
    Return an event that has *data* in JSON, which escapes line breaks: they would end
    the event.

    :param number: what a client that comes back sends as Last-Event-ID.
    :param kind: the type of the event; ``message`` unless given.
    """
    lines = [f"id: {number}", f"data: {json.dumps(data, ensure_ascii=False)}"]
    if kind:
        lines.insert(0, f"event: {kind}")
    return "\n".join([*lines, "", ""]).encode()


@implementer(IPushProducer)
class EventStream:
    """
    The response that carries events to one client.

    Rule: what a client is too slow to take is read again later, never kept for it. So
    look at `is_ready` before each event.

    :param on_ready: called when the client takes events again.
    :param on_close: called when the client has gone away.
    """

    def __init__(
        self,
        request: Request,
        on_ready: Callable[[], None],
        on_close: Callable[[], None],
    ) -> None:
        self._request: Request | None = request
        self._on_ready = on_ready
        self._is_paused = False
        self._silent_polls = 0
        request.notifyFinish().addBoth(lambda _: self._close(on_close))
        request.registerProducer(self, True)
        if isinstance(request, WireRequest):
            request.on_drain = self.end

    @property
    def is_open(self) -> bool:
        """Whether the client is there."""
        return self._request is not None

    def begin(self, comment: str, number: str | None) -> None:
        """
        Send a *comment*, so that the client has the response, and the ``id`` that it
        sends as Last-Event-ID if it comes back before there was an event; ``None``
        leaves it the one that it has.
        """
        line = "" if number is None else f"id: {number}\n"
        self.send(f": {comment}\n{line}\n".encode())

    @property
    def is_ready(self) -> bool:
        """Whether the client is there and takes events."""
        return self._request is not None and not self._is_paused

    def send(self, data: bytes) -> None:
        """Send an event, or a comment."""
        if self._request is not None:
            self._silent_polls = 0
            self._request.write(data)

    def keep_alive(self) -> None:
        """Count a poll, and send a comment when there was no event for a while."""
        self._silent_polls += 1
        if self._silent_polls >= POLLS_BEFORE_COMMENT and self.is_ready:
            self.send(b":\n\n")

    def end(self) -> None:
        """End the response. A client that goes on following connects again."""
        if self._request is not None:
            self._request.unregisterProducer()
            self._request.finish()

    def _close(self, on_close: Callable[[], None]) -> None:
        self._request = None
        on_close()

    def pauseProducing(self) -> None:
        """Wait: the client does not keep up."""
        self._is_paused = True

    def resumeProducing(self) -> None:
        """Go on: the client takes events again."""
        self._is_paused = False
        self._on_ready()

    def stopProducing(self) -> None:
        """End: the client has gone away."""
        self._request = None


def begin_events(request: Request) -> None:
    """Set the header fields of a stream of events."""
    request.setHeader(b"Content-Type", b"text/event-stream")
    request.setHeader(b"Cache-Control", b"no-store")
    # nginx, as a proxy, would hold events back until it has some kilobytes of them.
    request.setHeader(b"X-Accel-Buffering", b"no")


class Follower(Protocol):
    """A client that follows."""

    def keep_alive(self) -> None:
        """Count a poll."""


F = TypeVar("F", bound=Follower)


class StorePolling(Generic[F]):
    """
    Asks a store for news while there are followers.

    :param ask: asks the store, and tells the followers that it is given.
    :param clock: for tests; the reactor unless given.
    """

    def __init__(
        self,
        ask: Callable[[list[F]], Awaitable[None]],
        clock: IReactorTime | None = None,
    ) -> None:
        self._ask = ask
        self._followers: set[F] = set()
        self._is_asking = self._ask_again = False
        self._polls = LoopingCall(self._poll)
        if clock is not None:
            self._polls.clock = clock

    def join(self, follower: F) -> None:
        """Tell *follower* of news from now on."""
        self._followers.add(follower)
        if not self._polls.running:
            self._polls.start(POLL_SECONDS, now=False)
        self.look()

    def leave(self, follower: F) -> None:
        """Tell *follower* no more."""
        self._followers.discard(follower)
        if not self._followers and self._polls.running:
            self._polls.stop()

    def look(self) -> None:
        """Ask the store now."""
        if self._is_asking:
            self._ask_again = True
        elif self._followers:
            Deferred.fromCoroutine(self._look())

    def _poll(self) -> None:
        for follower in list(self._followers):
            follower.keep_alive()
        self.look()

    async def _look(self) -> None:
        self._is_asking = self._ask_again = True
        try:
            while self._ask_again and self._followers:
                self._ask_again = False
                # A follower that joins meanwhile may know more than this answer.
                await self._ask(list(self._followers))
        except (OSError, StoreUnavailable):
            pass  # the next poll asks again
        except Exception:  # noqa: BLE001  (whatever it is, the next poll tries again)
            _log.failure("Cannot ask the store for news")
        finally:
            self._is_asking = False

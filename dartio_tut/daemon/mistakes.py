"""
What the log says of mistakes that show nothing else: a client waits, or gets a 404.

Rule: looking for them costs nothing while a request is served.
"""

from __future__ import annotations

from collections.abc import Iterable
from weakref import WeakKeyDictionary

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.web.resource import IResource, Resource

from dartio_tut.wire import Channel, Request

LOOK_SECONDS = 30.0
"""
Time between two looks for responses that do not go on. It is as long as a client of
ours waits, and some long polls last no longer.
"""

MAX_TOLD = 10
"""Paths that are told of: whoever mends a program does not need more."""

_log = Logger()


def root_warning(root: IResource) -> str | None:
    """What is wrong with *root*, if it can answer no request at all."""
    if not isinstance(root, Resource):
        return None
    kind = type(root)
    if (
        root.isLeaf
        or root.children
        or kind.getChild is not Resource.getChild
        or kind.getChildWithDefault is not Resource.getChildWithDefault
    ):
        return None
    return (
        f"{kind.__qualname__} ({kind.__module__}) gets no request: all of them are "
        "answered with 404. Set isLeaf = True in it, or give it children with putChild."
    )


class UnfinishedResponses:
    """
    Looks for responses that do not go on, and tells of each path once.

    A response that has no end of its own sets ``request.on_drain``, or has a producer.
    One whose client does not read is none of them.

    :param members: all connections.
    """

    def __init__(self, members: Iterable[object], reactor: IReactorTime) -> None:
        self._members = members
        self._reactor = reactor
        self._call: IDelayedCall | None = None
        self._seen: WeakKeyDictionary[Request, int] = WeakKeyDictionary()
        self._told: set[bytes] = set()

    def start(self) -> None:
        """Look from now on."""
        if self._call is None:
            self._call = self._reactor.callLater(LOOK_SECONDS, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _look(self) -> None:
        self._call = None
        before, self._seen = self._seen, WeakKeyDictionary()
        for member in self._members:
            request = member.waiting_request if isinstance(member, Channel) else None
            if not isinstance(request, Request):
                continue
            if request.on_drain is not None or request.producer is not None:
                continue
            self._seen[request] = request.sentLength
            if before.get(request) == request.sentLength:
                self._tell(request)
        if len(self._told) < MAX_TOLD:
            self.start()

    def _tell(self, request: Request) -> None:
        if request.path in self._told or len(self._told) >= MAX_TOLD:
            return
        self._told.add(request.path)
        _log.warn(
            "{method} {path}: for {seconds:.0f} seconds nothing was written, and the "
            "response is not finished. After NOT_DONE_YET, call request.finish() in "
            "every case, also when something fails.",
            method=request.method.decode("ascii", "backslashreplace"),
            path=request.path.decode("ascii", "backslashreplace"),
            seconds=LOOK_SECONDS,
        )

"""
A store without HTTP: as many operations under way as there are clients.

    $ python -m benchmarks.stores.direct append STORE CLIENTS SECONDS PID

*PID* is a server behind the store, whose processor time counts too; 0 when there is
none.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Coroutine
from random import randrange
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater, react

from dartio_tut.store import Documents, Notes, open_documents, open_notes

from .. import cpu
from .samples import DOCUMENT, NAMES, NOTE, name_of
from .turn import WARM_UP

Work = Callable[[int], Deferred[Any]]
"""One operation, given how many were begun before."""

LISTED = 1000
"""Documents in a list: the most that a page over HTTP has."""


class Clients:
    """
    Clients that do one thing after another.

    :param work: what each does.
    :ivar done: how often they did it.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._begun = 0
        self.done = 0
        self.going = True

    async def one(self) -> None:
        """Go on until told to stop."""
        while self.going:
            self._begun += 1
            await self._work(self._begun)
            self.done += 1


async def appending(notes: Notes) -> Work:
    """Add notes."""
    return lambda number: notes.append(NOTE)


async def reading(notes: Notes) -> Work:
    """Read any note there is."""
    count = await notes.count()
    return lambda number: notes.entry(randrange(count))


async def putting(documents: Documents) -> Work:
    """Put documents, over old ones once there are enough."""
    return lambda number: documents.put(name_of(number % NAMES), DOCUMENT)


async def listing(documents: Documents) -> Work:
    """List documents."""
    return lambda number: documents.list(limit=LISTED)


OPENED: dict[str, Callable[[str], Any]] = {
    "append": open_notes,
    "entry": open_notes,
    "put": open_documents,
    "list": open_documents,
}

WORK: dict[str, Callable[[Any], Coroutine[Deferred[Any], Any, Work]]] = {
    "append": appending,
    "entry": reading,
    "put": putting,
    "list": listing,
}
"""What is asked for, on the command line."""


async def measured(
    reactor: Any, kind: str, where: str, clients: int, seconds: int, pid: int
) -> dict[str, float]:
    """The count, the time, and the processor time."""
    store: Any = OPENED[kind](where)
    crowd = Clients(await WORK[kind](store))
    under_way = [Deferred.fromCoroutine(crowd.one()) for _ in range(clients)]
    await deferLater(reactor, WARM_UP)
    begun, before, done = time.monotonic(), _spent(pid), crowd.done
    await deferLater(reactor, seconds)
    taken, spent = time.monotonic() - begun, _spent(pid) - before
    done = crowd.done - done
    crowd.going = False
    await gatherResults(under_way)
    await store.close()
    return {"count": done, "seconds": taken, "cpu": spent}


def _spent(pid: int) -> float:
    """Processor time so far."""
    return time.process_time() + (cpu.seconds(pid) if pid else 0)


def main(reactor: Any, *arguments: str) -> Deferred[None]:
    """Do as the command line says, and print what came of it."""
    kind, where, clients, seconds, pid = arguments
    found = measured(reactor, kind, where, int(clients), int(seconds), int(pid))
    return Deferred.fromCoroutine(found).addCallback(
        lambda said: print(json.dumps(said))
    )


if __name__ == "__main__":
    react(main, sys.argv[1:])

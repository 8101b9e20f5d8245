"""
A store without HTTP: as many operations under way as there are clients.

    append|entry|put|list STORE CLIENTS SECONDS [PID]

*PID* is a server behind the store, whose processor time counts too.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from random import randrange
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater, react

from dartio_tut.store import open_documents, open_notes

from ..samples import DOCUMENT, DOCUMENTS, LISTED, NOTE, WARM_UP_SECONDS, name_of

Operation = Callable[[int], Deferred[Any]]
"""What each client does, given how many were begun before."""


class Clients:
    """
    Clients that do one thing after another.

    :ivar done: how often they did it.
    """

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._begun = 0
        self.done = 0
        self.going = True

    async def run_one(self) -> None:
        """Go on until told to stop."""
        while self.going:
            self._begun += 1
            await self._operation(self._begun)
            self.done += 1


async def opened(kind: str, where: str) -> tuple[Any, Operation]:
    """The store at *where*, and the operation *kind* on it."""
    if kind in ("append", "entry"):
        notes = open_notes(where)
        if kind == "append":
            return notes, lambda number: notes.append(NOTE)
        count = await notes.count()
        return notes, lambda number: notes.entry(randrange(count))
    documents = open_documents(where)
    if kind == "put":
        return documents, lambda n: documents.put(name_of(n % DOCUMENTS), DOCUMENT)
    return documents, lambda number: documents.list(limit=LISTED)


async def measured(
    reactor: Any, kind: str, where: str, clients: str, seconds: str, *pids: str
) -> None:
    """Do it, and print what came of it."""
    store, operation = await opened(kind, where)
    crowd = Clients(operation)
    under_way = [Deferred.fromCoroutine(crowd.run_one()) for _ in range(int(clients))]
    await deferLater(reactor, WARM_UP_SECONDS)
    begun, before, done = time.monotonic(), _spent(pids), crowd.done
    await deferLater(reactor, int(seconds))
    taken, spent = time.monotonic() - begun, _spent(pids) - before
    count = crowd.done - done
    crowd.going = False
    await gatherResults(under_way)
    await store.close()
    print(json.dumps({"count": count, "seconds": taken, "cpu": spent}))


def _spent(pids: tuple[str, ...]) -> float:
    """Processor time so far."""
    if not pids:
        return time.process_time()
    # Only here: an installation that is measured need not have psutil.
    from ...processes import cpu_seconds

    return time.process_time() + cpu_seconds(*map(int, pids))


if __name__ == "__main__":
    react(
        lambda reactor, *line: Deferred.fromCoroutine(measured(reactor, *line)),
        sys.argv[1:],
    )

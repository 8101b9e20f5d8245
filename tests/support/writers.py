"""
Writers who remember: what a store told them, when, and how long it took.

Rule: a writer goes on until it is told to stop, and leaves nothing open: what it had no
answer to it asks again, with the same token, until there is one. Where there are no
tokens it goes on to the next, and remembers what may be stored or not.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

from dartio_tut.store import ABSENT, Conflict, NoSuchEntry, StoreUnavailable

T = TypeVar("T")

DEADLINE_SECONDS = 30.0
"""Within which a store answers, if only that it is unavailable: it allows itself 5 s,
but the machine may be busy with other tests."""


class Written(NamedTuple):
    """What was acknowledged: asked for first at *began*, and answered at *ended*."""

    began: float
    ended: float
    number: int
    text: str


class Writer(threading.Thread):
    """
    One of many.

    :ivar pause_seconds: between two writes.
    :ivar written: what it was told is stored.
    :ivar refused: how often the store was unavailable.
    :ivar slowest: seconds that the slowest call took, whatever came of it.
    :ivar wrong: what must not have happened.
    """

    pause_seconds = 0.0
    slowest = 0.0
    refused = 0

    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.written: list[Written] = []
        self.wrong: list[str] = []
        self.told_to_stop = threading.Event()
        self.told_to_give_up = threading.Event()

    def run(self) -> None:
        """Write until told to stop."""
        try:
            while not self.told_to_stop.wait(self.pause_seconds):
                self.write()
        except Exception as error:  # noqa: BLE001 - it is for the test to see
            self.wrong.append(f"{self.name}: {error!r}")

    def write(self) -> None:
        """Write once."""
        raise NotImplementedError

    def once(self, call: Callable[..., T], *args: Any) -> T:
        """
        Call, and remember how long it took.

        :raise Unavailable: after the pause that the store asks for.
        """
        began, pause = time.monotonic(), 0
        try:
            return call(*args)
        except StoreUnavailable as error:
            self.refused += 1
            pause = error.retry_after
            raise
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)
            time.sleep(pause)

    def insist(self, call: Callable[..., T], *args: Any) -> T:
        """Call until there is an answer."""
        while True:
            try:
                return self.once(call, *args)
            except StoreUnavailable:
                if self.told_to_give_up.is_set():
                    raise


class NoteWriter(Writer):
    """
    Adds notes.

    :param append: adds one, with a token; its number.
    :ivar unknown: what may be stored, or not.
    """

    def __init__(self, name: str, append: Callable[[str, str], int]) -> None:
        super().__init__(name)
        self.append = append
        self.unknown: list[str] = []

    def write(self) -> None:
        """Add a note."""
        text = f"{self.name} {len(self.written) + len(self.unknown)}"
        began = time.monotonic()
        try:
            number = self.insist(self.append, text, uuid4().hex)
        except StoreUnavailable:
            self.unknown.append(text)
        else:
            self.written.append(Written(began, time.monotonic(), number, text))


class Poster:
    """
    Adds notes by HTTP; for one writer.

    :param port: a daemon's, of the notes.
    """

    def __init__(self, port: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)

    def append(self, text: str, token: str) -> int:
        """Add a note; its number."""
        fields = {"Idempotency-Key": token}
        self.connection.request("POST", "/", json.dumps({"myNote": text}), fields)
        response = self.connection.getresponse()
        said = response.read().decode()
        if response.status == 503:
            raise StoreUnavailable(said, int(response.headers["Retry-After"]))
        found = re.fullmatch(r"You have (\d+) notes\.\n", said)
        if not found:
            raise AssertionError(f"{response.status}: {said}")
        return int(found[1]) - 1


class DocumentWriter(Writer):
    """
    Counts its writes in a document where others count theirs: whoever overwrites what
    it has not seen takes another's count back.

    :param documents: a store whose methods block.
    """

    def __init__(self, name: str, documents: Any, document: str) -> None:
        super().__init__(name)
        self.documents = documents
        self.document = document

    def write(self) -> None:
        """Count one more."""
        began = time.monotonic()
        counts, expected = self.insist(self.read)
        if counts.get(self.name, 0) != len(self.written):
            self.wrong.append(f"{self.name}: {len(self.written)} became {counts}")
            self.told_to_stop.set()
            return
        counts[self.name] = number = len(self.written) + 1
        content = json.dumps(counts).encode()
        put = self.documents.put
        try:
            self.insist(put, self.document, content, expected, uuid4().hex)
        except Conflict:
            return
        self.written.append(Written(began, time.monotonic(), number, self.document))

    def read(self) -> tuple[dict[str, int], frozenset[str]]:
        """The counts, and the version they are of."""
        try:
            found = self.documents.get(self.document)
        except NoSuchEntry:
            return {}, ABSENT
        return json.loads(found.content), frozenset({found.version})


@dataclass
class Writers:
    """Writers at work."""

    writers: list[Writer]

    def start(self, pause_seconds: float = 0.0) -> None:
        """Have them write, with a pause between two writes."""
        for writer in self.writers:
            writer.pause_seconds = pause_seconds
            writer.start()

    def stop(self) -> None:
        """Let each finish what it has begun, if there is an end to it."""
        started = [writer for writer in self.writers if writer.ident is not None]
        for writer in started:
            writer.told_to_stop.set()
        end = time.monotonic() + 2 * DEADLINE_SECONDS
        for writer in started:
            writer.join(max(0, end - time.monotonic()))
        for writer in started:
            writer.told_to_give_up.set()
        for writer in started:
            writer.join()

    def wrong(self) -> list[str]:
        """What must not have happened: a store that is silent, for one."""
        silent = [w for w in self.writers if w.slowest > DEADLINE_SECONDS]
        return [
            *(said for writer in self.writers for said in writer.wrong),
            *(f"{w.name}: waited {w.slowest:.1f} s for an answer" for w in silent),
        ]

    def notes(self) -> list[Written]:
        """All notes that were acknowledged, by their number."""
        all_written = [note for w in self.note_writers() for note in list(w.written)]
        return sorted(all_written, key=lambda note: note.number)

    def unknown(self) -> set[str]:
        """The notes that may be stored, or not."""
        return {text for writer in self.note_writers() for text in writer.unknown}

    def note_writers(self) -> list[NoteWriter]:
        """Those of the writers."""
        return [w for w in self.writers if isinstance(w, NoteWriter)]

    def rate(self, since: float, until: float) -> float:
        """Notes a second that were acknowledged in that time."""
        counted = [n for n in self.notes() if since <= n.ended < until]
        return len(counted) / (until - since)

    def stall(self, since: float) -> float:
        """The longest that one waited for the next note's answer, up to now."""
        answers = [
            [note.ended for note in list(w.written)] for w in self.note_writers()
        ]
        return max(
            after - before
            for ended in answers
            for before, after in pairwise(ended)
            if after >= since
        )

"""
Daemons that are killed while they write: what was acknowledged is there, and of all
else, whole notes and documents or nothing.

DARTIO_KILLS says how often (`make soak` makes it thousands), DARTIO_SEED repeats a run
as far as the kernel's scheduling allows.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from itertools import chain, count, islice
from pathlib import Path
from random import Random, SystemRandom
from time import sleep
from unittest import SkipTest

import dartio_tut.store

from .support.accounts import Sent, check_document, check_notes
from .support.forked import ForkedCase, ForkedDaemon
from .support.hammering import (
    Client,
    contents,
    document,
    note,
    read_document,
    read_notes,
)
from .support.harness import PATIENCE

KILLS = int(os.environ.get("DARTIO_KILLS", "60"))
"""How often a daemon is killed, in all tests of this module together."""

SEED = int(os.environ.get("DARTIO_SEED", SystemRandom().randrange(10**9)))

CLIENTS = 6
"""Enough that some wait while another's write is on its way to the disk."""

MAX_LIFE_SECONDS = 0.12
"""Seconds after which a daemon is killed, at the latest: a hundred writes or so."""

EARLY_KILL_EVERY, EARLY_KILL_SECONDS = 5, 0.02
"""One daemon in so many is killed while it starts, within so many seconds."""

KILLS_PER_STORE = 50
"""Kills that one store goes through, so that reading all of it stays short."""

NAMES = ("han.json", "Padmé", "b b", "c")
"""Few, so that they are written again and again, by several at a time."""

PARTS = 5
"""Into so many parts the kills are divided: two each, and one for the last."""

MAX_EXTRA_FILES = 8
"""Files that a store may have beside its documents, however often it was killed."""


class KillCase(ForkedCase):
    """A test that kills daemons."""

    name: str
    encode: Callable[[Sent], bytes]

    def setUp(self) -> None:
        super().setUp()
        print(f"DARTIO_SEED={SEED}", flush=True)
        self.random = Random(f"{SEED} {self.id()}")
        self.labels = count()
        self.acknowledged = self.cut_off = 0

    def stores(self, kills: int) -> Iterator[tuple[Path, int]]:
        """A folder, and how often to kill who writes there; until it makes *kills*."""
        for number, done in enumerate(range(0, kills, KILLS_PER_STORE)):
            yield self.here / f"store-{number}", min(KILLS_PER_STORE, kills - done)
        said = f"{self.acknowledged} acknowledged, {self.cut_off} cut off"
        self.assertTrue(self.acknowledged and self.cut_off, said)

    def sleep_a_moment(self, latest: float = MAX_LIFE_SECONDS) -> None:
        """Let time go by: the kill is to strike anywhere, so nothing is waited for."""
        sleep(self.random.uniform(0, latest))

    def let_them_write(self, clients: list[Client]) -> None:
        """
        Let *clients* write for a moment. Every second time, about, it begins when one
        of them has been told something: where the machine is busy, none might ever be.
        """
        if self.random.randrange(2):
            self.assertTrue(clients[0].told.wait(PATIENCE), "nothing is acknowledged")
        self.sleep_a_moment()

    def killed_early(self, store: Path) -> bool:
        """Now and then, kill a daemon while it starts."""
        if self.random.randrange(EARLY_KILL_EVERY):
            return False
        daemon = self.fork(self.name, "--store", str(store))
        self.sleep_a_moment(EARLY_KILL_SECONDS)
        daemon.kill()
        return True

    def clients(self, daemon: ForkedDaemon, many: int = CLIENTS) -> list[Client]:
        """Clients that write to *daemon* from now on."""
        made = []
        for label in islice(self.labels, many):
            random = Random(self.random.random())
            writes = self.writes(random, label)
            made.append(Client(daemon.port, writes, self.encode))
        for client in made:
            client.start()
        return made

    def writes(self, random: Random, label: int) -> Iterator[Sent]:
        """What the client *label* writes."""
        raise NotImplementedError

    def sent(self, clients: list[Client]) -> list[Sent]:
        """What *clients* have sent, now that they are done."""
        sent = list(chain.from_iterable(client.stop() for client in clients))
        told = sum(write.acknowledged for write in sent)
        self.acknowledged += told
        self.cut_off += len(sent) - told
        return sent


class NotesTests(KillCase):
    """Notes."""

    name = "notes"
    encode = staticmethod(note)

    def writes(self, random: Random, label: int) -> Iterator[Sent]:
        """Notes."""
        for text in contents(random, str(label)):
            yield Sent(label, "", text)

    def check(self, daemon: ForkedDaemon, kept: list[str], sent: list[Sent]) -> None:
        """The notes behind *kept* are of *sent*; add them to *kept*."""
        found = read_notes(daemon.port, len(kept))
        check_notes(found, len(kept), sent)
        kept += found

    def test_acknowledged_notes_survive_kills(self) -> None:
        for store, kills in self.stores(KILLS * 2 // PARTS):
            line = ("notes", "--store", str(store))
            kept: list[str] = []
            sent: list[Sent] = []
            for _ in range(kills):
                if self.killed_early(store):
                    continue
                daemon = self.fork(*line).ready()
                self.check(daemon, kept, sent)
                clients = self.clients(daemon)
                self.let_them_write(clients)
                daemon.kill()
                sent = self.sent(clients)
            daemon = self.fork(*line).ready()
            self.check(daemon, kept, sent)
            self.assertTrue(read_notes(daemon.port, 0) == kept, "notes have changed")
            daemon.kill()

    def test_second_daemon_continues_when_one_is_killed(self) -> None:
        # Stores that tell when they are full take turns, too.
        if not hasattr(dartio_tut.store, "StoreFull"):
            raise SkipTest("NOT TESTED: two daemons on a folder, which this lacks")
        for store, kills in self.stores(KILLS // PARTS):
            line = ("notes", "--store", str(store))
            kept: list[str] = []
            pair = [self.fork(*line).ready() for _ in range(2)]
            for _ in range(kills):
                clients = [self.clients(daemon, CLIENTS // 2) for daemon in pair]
                self.sleep_a_moment()
                victim = self.random.randrange(2)
                pair[victim].kill()
                # Whatever the other one was about, the survivor goes on.
                heir = self.clients(pair[1 - victim], 1)
                self.assertTrue(heir[0].told.wait(PATIENCE), "nothing goes on")
                sent = self.sent(clients[0] + clients[1] + heir)
                for client in clients[1 - victim] + heir:
                    self.assertFalse(client.lost, "the survivor has hung up")
                pair[victim] = self.fork(*line).ready()
                before = list(kept)
                self.check(pair[victim], kept, sent)
                self.check(pair[1 - victim], before, sent)
            for daemon in pair:
                self.assertTrue(read_notes(daemon.port, 0) == kept, "notes changed")
                daemon.kill()


class DocumentTests(KillCase):
    """Documents."""

    name = "writer"
    encode = staticmethod(document)

    def writes(self, random: Random, label: int) -> Iterator[Sent]:
        """Documents of few names."""
        for text in contents(random, str(label)):
            named = {"name": text.partition(":")[0], "text": text}
            content = json.dumps(named, ensure_ascii=False)
            yield Sent(label, random.choice(NAMES), content)

    def check(
        self,
        daemon: ForkedDaemon,
        store: Path,
        kept: dict[str, str | None],
        sent: list[Sent],
    ) -> None:
        """Each document is what *sent* may leave, or as *kept*, which it is now."""
        for name in NAMES:
            found = read_document(daemon.port, store, name)
            here = [write for write in sent if write.name == name]
            check_document(found, kept[name], here)
            kept[name] = found

    def test_acknowledged_documents_survive_kills(self) -> None:
        for store, kills in self.stores(KILLS * 2 // PARTS):
            line = ("writer", "--store", str(store))
            kept: dict[str, str | None] = dict.fromkeys(NAMES)
            sent: list[Sent] = []
            for _ in range(kills):
                if self.killed_early(store):
                    continue
                daemon = self.fork(*line).ready()
                self.check(daemon, store, kept, sent)
                clients = self.clients(daemon)
                self.let_them_write(clients)
                daemon.kill()
                sent = self.sent(clients)
            daemon = self.fork(*line).ready()
            self.check(daemon, store, kept, sent)
            daemon.kill()
            files = [path for path in store.rglob("*") if path.is_file()]
            self.assertLessEqual(len(files), len(NAMES) + MAX_EXTRA_FILES, files)

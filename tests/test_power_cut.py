"""
A power cut after every call to the kernel: what was acknowledged is there.

A daemon is recorded while clients write to it. For every moment of the recording the
disks that a power cut may leave are made, and a daemon is started on each: on each of
some that are chosen by chance, unless DARTIO_CUTS says more (`make soak` has all).
DARTIO_SEED repeats a choice.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from itertools import chain
from pathlib import Path
from random import Random, SystemRandom
from time import monotonic

from dartio_tut.testing import ResponseReader

from .support import disk_calls
from .support.accounts import Sent, as_told, check_document, check_notes
from .support.disk import Disk, Tree
from .support.forked import ForkedCase, ForkedDaemon
from .support.forks import the_forks
from .support.hammering import Client, document, note, read_document, read_notes
from .support.harness import PATIENCE, ask
from .support.tracing import Call, recorded

CUTS = int(os.environ.get("DARTIO_CUTS", "25"))
"""The disks of one recording that a daemon is started on, at most."""

SEED = int(os.environ.get("DARTIO_SEED", SystemRandom().randrange(10**9)))

TEXTS = ("", "one\ntwo\r\n", "back\\nslash \\", "ž😀", "x" * 9_000, "0\n" * 2_000)
"""What is written, beside what makes it unique: some of it larger than a page."""

CLIENTS = range(3)

CLIENTS_AGAIN = range(10, 11)
"""A client that writes after a power cut."""

AT_ONCE = ("sendto", "close")
"""Calls that have their effect when they begin, as far as one can tell."""

CUTS_REPEATED = 2
"""How many of the disks that are mended are cut again, about."""

DELETED = "Deleted %d"
"""What a client was told by the 204 of that number."""

NAMES = ("a.json", "Padmé")

MEMORY_FOLDER = Path("/dev/shm")
"""Where hundreds of disks are made: none of them waits for a real one."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
"""What tells this start of the machine from another."""

Cut = frozenset[tuple[str, bytes | None]]
"""A disk that a power cut may leave."""


class PowerCutCase(ForkedCase):
    """A test that cuts the power."""

    name: str
    in_order = True

    def record(self, store: Path, writes: list[list[Sent]]) -> list[Call]:
        """Have clients send *writes* to a daemon; what it has called."""
        encode = note if self.name == "notes" else document
        with recorded(the_forks().pid, self.folder / "trace") as recording:
            daemon = self.fork(self.name, "--store", str(store)).ready()
            clients = [Client(daemon.port, iter(some), encode) for some in writes]
            for client in clients:
                client.start()
            for client in clients:
                client.join(PATIENCE)
                client.stop()
                self.assertFalse(client.lost)
            self.ends_quietly(daemon)
        for write in chain.from_iterable(writes):
            self.assertTrue(write.acknowledged, write)
        return recording.calls

    def cuts(self, disk: Disk, calls: list[Call]) -> dict[Cut, set[str]]:
        """What may be left at any moment of *calls*, and what had been answered."""
        found: dict[Cut, set[str]] = {}
        said: set[str] = set()
        # An answer counts from its beginning, and a descriptor that is closed may be
        # another's before the call ends; all else counts from its end.
        order = {id(c): c.began if c.name in AT_ONCE else c.ended for c in calls}
        for call in sorted(calls, key=lambda call: order[id(call)]):
            answers = ResponseReader()
            if call.name == "sendto" and call.data.startswith(b"HTTP/1.1 200 "):
                answers.feed(call.data)
                said |= {answer.body.decode() for answer in answers.responses}
            if call.name == "sendto" and call.data.startswith(b"HTTP/1.1 204 "):
                answers.feed(call.data)
                said.add(DELETED % sum(one.startswith(DELETED[:8]) for one in said))
            if answers.responses or disk_calls.apply(call, disk):
                for tree in disk.after_a_cut():
                    found[frozenset(tree.items())] = set(said)
        return found

    def check_all(
        self, store: Path, writes: list[list[Sent]], before: list[Sent] | None = None
    ) -> list[tuple[Tree, list[Sent]]]:
        """
        Record *writes* to *store*, and look at every cut.

        :param before: what was sent until now.
        :return: the disks that a daemon has mended, and what had been sent to each.
        """
        disk = Disk(store, self.in_order)
        cuts = self.cuts(disk, self.record(store, writes))
        sent = list(chain.from_iterable(writes))
        said = set().union(*cuts.values())
        self.assertEqual(said, {write.said for write in sent}, "not all was recorded")
        mended, faults = [], []
        print(f"DARTIO_SEED={SEED}", flush=True)
        chosen = Random(f"{SEED} {self.id()}").sample(
            sorted(cuts.items(), key=repr), min(CUTS, len(cuts))
        )
        for cut, told in chosen:
            tree, account = (
                after_a_start(dict(cut)),
                [*(before or ()), *as_told(sent, told)],
            )
            try:
                if self.reopen(disk, tree, account):
                    mended.append((disk.relative(tree), account))
            except AssertionError as fault:
                faults.append(f"{fault}\nafter: {shown(tree)}")
        if faults:
            first = "\n\n".join(faults[:3])
            self.fail(f"{len(faults)} of {len(chosen)} disks are not well:\n{first}")
        return mended

    def reopen(self, disk: Disk, tree: Tree, sent: list[Sent]) -> bool:
        """Look at what a daemon makes of *tree*; whether it has mended it."""
        where = MEMORY_FOLDER if MEMORY_FOLDER.is_dir() else None
        folder = Path(tempfile.mkdtemp(dir=where))
        disk.write_to(tree, folder)
        daemon = self.fork(self.name, "--store", str(folder))
        try:
            daemon.ready()
            now = dict(Disk(folder).contents())
            self.check(daemon, folder, sent)
            daemon.kill()
        finally:
            daemon.stop()
            shutil.rmtree(folder)
        return any(
            now.get(path) != content
            for path, content in disk.relative(tree).items()
            if content is not None
        )

    def check_mending(self, mended: list[tuple[Tree, list[Sent]]]) -> None:
        """Cut the power while some of the disks are mended, which *mended* tells."""
        few = max(1, len(mended) // CUTS_REPEATED)
        for number, (tree, before) in enumerate(mended[few // 2 :: few]):
            store = self.here / f"mended-{number}"
            disk = Disk(store)
            disk.write_to({str(store / path): c for path, c in tree.items()}, store)
            self.check_all(store, self.writes(CLIENTS_AGAIN), before)

    def writes(self, clients: range) -> list[list[Sent]]:
        """What each of *clients* sends."""
        raise NotImplementedError

    def check(self, daemon: ForkedDaemon, store: Path, sent: list[Sent]) -> None:
        """What *daemon* has in *store* is what it may have of *sent*."""
        raise NotImplementedError


class NotesTests(PowerCutCase):
    """Notes."""

    name = "notes"

    def check(self, daemon: ForkedDaemon, store: Path, sent: list[Sent]) -> None:
        """The notes are those that were sent, and another may follow."""
        found = read_notes(daemon.port, 0)
        check_notes(found, 0, sent)
        response = ask(daemon, "POST", "/", json.dumps({"myNote": "more"}))
        self.assertEqual(response.body, b"You have %d notes.\n" % (len(found) + 1))
        self.assertEqual(read_notes(daemon.port, 0), [*found, "more"])

    def writes(self, clients: range) -> list[list[Sent]]:
        """What each of *clients* sends."""
        return [
            [Sent(one, "", f"{one}.{n}: {text}.") for n, text in enumerate(TEXTS)]
            for one in clients
        ]

    def test_notes_of_one_client_survive(self) -> None:
        self.check_all(self.here / "store", self.writes(range(1)))

    def test_notes_of_several_clients_survive_repeated_cuts(self) -> None:
        mended = self.check_all(self.here / "store", self.writes(CLIENTS))
        self.check_mending(mended)

    def test_notes_survive_pages_written_in_any_order(self) -> None:
        self.in_order = False
        self.check_all(self.here / "store", self.writes(range(1)))


class DeletionTests(PowerCutCase):
    """Notes that are deleted, one after the other."""

    name = "notes"
    texts = ("a longer note", "b", "the third", "", "fifth")
    deleted = (1, 0, 3, 4)

    def record(self, store: Path, writes: list[list[Sent]]) -> list[Call]:
        """Have a client write notes and delete some; what the daemon has called."""
        (sent,) = writes
        with recorded(the_forks().pid, self.folder / "trace") as recording:
            daemon = self.fork("notes", "--rest", "--store", str(store)).ready()
            for write in sent:
                write.began = monotonic()
                if write.name:
                    self.assertEqual(ask(daemon, "DELETE", f"/{write.name}").code, 204)
                else:
                    write.said = ask(daemon, "POST", "/", note(write)).body.decode()
                write.ended = monotonic()
            self.ends_quietly(daemon)
        return recording.calls

    def writes(self, clients: range) -> list[list[Sent]]:
        """Notes, and then their deletions."""
        added = [Sent(0, "", text) for text in self.texts]
        gone = [
            Sent(0, str(number), "", said=DELETED % n)
            for n, number in enumerate(self.deleted)
        ]
        return [[*added, *gone]]

    def check(self, daemon: ForkedDaemon, store: Path, sent: list[Sent]) -> None:
        """Notes are deleted if that was acknowledged, and all others are there."""
        gone = {int(write.name): write.acknowledged for write in sent if write.name}
        added = sum(write.acknowledged for write in sent if not write.name)
        codes = []
        for number, text in enumerate(self.texts):
            asked = {"getNote": number}
            answer = ask(daemon, "POST", "/", json.dumps(asked).encode())
            codes.append(answer.code)
            if answer.code == 200:
                self.assertEqual(answer.body.decode(), text + "\n")
                self.assertFalse(gone.get(number), number)
            elif answer.code == 410:
                self.assertIn(number, gone)
            else:
                self.assertEqual(answer.code, 404)
                self.assertGreaterEqual(number, added)
        count = len(codes) - codes.count(404)
        answer = ask(daemon, "POST", "/", b'{"myNote": "more"}')
        self.assertEqual(answer.body, b"You have %d notes.\n" % (count + 1))

    def test_deletions_survive_a_cut(self) -> None:
        mended = self.check_all(self.here / "store", self.writes(range(1)))
        self.assertTrue(mended)

    def test_deletions_survive_pages_written_in_any_order(self) -> None:
        self.in_order = False
        self.check_all(self.here / "store", self.writes(range(1)))


class DocumentTests(PowerCutCase):
    """Documents."""

    name = "writer"

    def check(self, daemon: ForkedDaemon, store: Path, sent: list[Sent]) -> None:
        """The documents are what was sent, and can be written again."""
        for name in NAMES:
            found = read_document(daemon.port, store, name)
            check_document(found, None, [w for w in sent if w.name == name])
        fields = {"Content-Type": "application/json"}
        response = ask(daemon, "POST", "/a.json", '{"name": 1}', fields)
        self.assertEqual(response.body, b"Wrote data for 1.")
        self.assertEqual(read_document(daemon.port, store, "a.json"), '{"name": 1}')

    def writes(self, clients: range) -> list[list[Sent]]:
        """What each of *clients* sends."""
        return [
            [
                Sent(
                    one, NAMES[n % 2], json.dumps({"name": f"{one}.{n}", "text": text})
                )
                for n, text in enumerate(TEXTS)
            ]
            for one in clients
        ]

    def test_documents_survive_repeated_cuts(self) -> None:
        mended = self.check_all(self.here / "store", self.writes(CLIENTS))
        self.check_mending(mended)


def after_a_start(tree: Tree) -> Tree:
    """
    *tree* as it is to a daemon after the machine has started again.

    A store may have noted which start of the machine it was; here it is always the
    same, so the note is changed.
    """
    return {p: c and c.replace(BOOT_ID, BOOT_ID[::-1]) for p, c in tree.items()}


def shown(tree: Tree) -> str:
    """The files of *tree*, short."""
    return "; ".join(
        f"{Path(path).name}: {len(content)} bytes, ends in {content[-40:]!r}"
        for path, content in sorted(tree.items())
        if content is not None
    )

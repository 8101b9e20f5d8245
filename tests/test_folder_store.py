"""
Stores in one folder, used by several processes that are killed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.store import open_documents, open_notes

ADDING = """
import sys
from twisted.internet.defer import maybeDeferred
from dartio_tut.store import open_notes
folder, name = sys.argv[1:]
notes = open_notes(folder, run=maybeDeferred)
for number in range(100_000):
    text = f"{name}-{number}-" + "x" * (number % 50 * 400)
    token = text if number % 3 == 0 else None
    notes.append(text, token).addCallback(lambda n: print(n, text, flush=True))
"""

PUTTING = """
import sys
from twisted.internet.defer import maybeDeferred
from dartio_tut.store import open_documents
folder, name = sys.argv[1:]
documents = open_documents(folder, run=maybeDeferred)
for number in range(100_000):
    content = b"%d " % number * 2000
    while True:
        found = []
        documents.get("counter").addBoth(found.append)
        expected = {found[0].version}
        told = []
        new = b"%d" % (int(found[0].content) + 1)
        documents.put("counter", new, expected).addBoth(told.append)
        if isinstance(told[0], str):
            break
    documents.put(name, content).addCallback(lambda _: print(number, flush=True))
"""


class KilledTests(SynchronousTestCase):
    """What was acknowledged is there, once; what was not is whole or not there."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()

    def ended(self, deferred: Deferred[Any]) -> Any:
        return self.successResultOf(deferred)

    def told(self, script: str, lines: int) -> list[list[str]]:
        """Run two processes until each has told *lines* lines, then kill them."""
        processes = []
        for name in ("a", "b"):
            command = [sys.executable, "-c", script, str(self.folder), name]
            process = Popen(command, stdout=PIPE)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            processes.append(process)
        told = []
        for process in processes:
            assert process.stdout is not None
            begin = b"".join(process.stdout.readline() for _ in range(lines))
            process.kill()
            rest = process.stdout.read()
            process.stdout.close()
            found = (begin + rest).decode().split("\n")
            told.append(found[:-1])  # the last was being told
        return told

    def test_acknowledged_notes_survive_kill(self) -> None:
        for _ in range(3):
            told = [line for lines in self.told(ADDING, 150) for line in lines]
            notes = open_notes(str(self.folder), run=maybeDeferred)
            there = self.ended(notes.entries(0, 1_000_000))
            for line in told:
                number, text = line.split(" ")
                self.assertEqual(there[int(number)], text)
            for text in there:
                _, number, rest = text.split("-")
                self.assertEqual(rest, "x" * (int(number) % 50 * 400))
            self.assertLessEqual(len(told), len(there))
            for text in there[-3:]:
                again = self.ended(notes.append(text, text))
                self.assertEqual(self.ended(notes.append(text, text)), again)
            self.ended(notes.close())
            (self.folder / "notes.txt").unlink()

    def test_acknowledged_documents_survive_kill(self) -> None:
        documents = open_documents(str(self.folder), run=maybeDeferred)
        self.ended(documents.put("counter", b"0"))
        told = self.told(PUTTING, 50)
        documents = open_documents(str(self.folder), run=maybeDeferred)
        for name, numbers in zip("ab", told, strict=True):
            content = (self.folder / name).read_bytes()
            number = int(content.split(b" ", 1)[0])
            self.assertEqual(content, b"%d " % number * 2000)
            self.assertIn(number - int(numbers[-1]), (0, 1))
        count = int((self.folder / "counter").read_bytes())
        changes = sum(int(numbers[-1]) + 1 for numbers in told)
        self.assertIn(count - changes, (0, 1, 2, 3, 4))
        left = [name for name in os.listdir(self.folder) if name[0] == "."]
        self.assertEqual(left, [])

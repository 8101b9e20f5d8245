"""
Stores in one folder, used by several processes that are killed or stopped.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.store import open_documents, open_notes

from .support.harness import Case, ask

STOPPING = """
import fcntl, os, signal, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print(os.getpid(), flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""
"""A process that is stopped while it holds the lock of a folder."""

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


class StoppedTests(Case):
    """A process is stopped while it holds the lock."""

    def setUp(self) -> None:
        super().setUp()
        self.store = self.here / "store"

    def stop_a_process(self) -> Popen[bytes]:
        command = [sys.executable, "-c", STOPPING, str(self.store)]
        process = Popen(command, stdout=PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        assert process.stdout is not None
        self.addCleanup(process.stdout.close)
        process.stdout.readline()
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        return process

    def test_writes_get_503_and_reads_go_on(self) -> None:
        daemon = self.serve("notes", "--store", str(self.store))
        note = json.dumps({"myNote": "a"})
        self.assertEqual(ask(daemon, "POST", "/", note).code, 200)
        stopped = self.stop_a_process()
        for _ in range(2):
            response = ask(daemon, "POST", "/", note)
            self.assertEqual(response.code, 503)
            self.assertEqual(response.fields["Retry-After"], "5")
        response = ask(daemon, "POST", "/", json.dumps({"getNote": 0}))
        self.assertEqual(response.body, b"a\n")
        daemon.wait_for(f"process {stopped.pid} (")
        stopped.send_signal(signal.SIGCONT)
        stopped.wait()
        daemon.wait_for("The lock is free again")
        response = ask(daemon, "POST", "/", note)
        self.assertEqual((response.code, response.body), (200, b"You have 2 notes.\n"))

    def test_daemon_ends_on_sigterm_and_another_does_not_start(self) -> None:
        line = ("notes", "--store", str(self.store))
        daemon = self.serve(*line)
        self.stop_a_process()
        began = time.monotonic()
        self.assertEqual(daemon.stop(), -signal.SIGTERM)
        self.assertLess(time.monotonic() - began, 20)
        _, error = self.run_program(
            "twistd", "-n", "--pidfile=", *line, "--port", "0", code=1
        )
        self.assertIn("holds the lock of the store's folder", error)
        self.assertEqual(error.count("\n"), 1, error)
        target = str(self.here / "copy")
        _, error = self.run_program(
            "dartio",
            "store",
            "copy",
            str(self.store),
            target,
            "--only",
            "notes",
            code=1,
        )
        self.assertIn("holds the lock", error)
        self.assertIn(str(self.store), error)

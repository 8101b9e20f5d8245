"""
A disk that is full, that fails, that may no longer be written: clients get a plain 5xx
at once, what was acknowledged stays, nothing is there by half, and the daemon serves
again when the cause is gone.
"""

from __future__ import annotations

import contextlib  # its suppress, imported by name, would be trial's own suppress
import errno
import http.client
import json
import os
import resource
import shutil
import signal
import subprocess
from itertools import count
from pathlib import Path

from twisted.trial.unittest import SkipTest

from dartio_tut.testing import Fields, Response

from .support.accounts import Sent, check_document, check_notes
from .support.hammering import Unreadable, read_document, read_notes
from .support.harness import PATIENCE, Case, Daemon, ask
from .support.keep_alive_load import KeepAliveLoad
from .support.privileges import MODES_APPLY
from .support.programs import need_mounts
from .support.tracing import failing

SMALL_DISK = "size=24m"
"""Of a disk that is soon full; a store may leave some 16 MiB of it to others."""

PIECE_BYTES = 500_000
"""Bytes of what is written, so that not all of the last one fits."""

PARTIAL_BYTES = 20_000
"""Bytes of what is to end in the middle."""

SPOOLED_BYTES = 100_000
"""Bytes of a content that waits in a file until all of it has come."""

PIECES = 60
"""Pieces that no small disk has room for."""

THREADS = 10
"""Those of Twisted's pool: one of them at least makes each tenth call."""

FAILURE_CODES = (507, 503, 500)
"""What a client may be told of a disk that fails."""


class FaultCase(Case):
    """A test of a daemon whose disk fails."""

    def setUp(self) -> None:
        super().setUp()
        self.store = self.here / "store"
        self.store.mkdir()
        self.sent: list[Sent] = []
        self.numbers = count()

    def notes(self, *options: str) -> Daemon:
        """Run notes on the store."""
        return self.serve("notes", "--store", str(self.store), *options)

    def writer(self, *options: str) -> Daemon:
        """Run writer on the store."""
        return self.serve("writer", "--store", str(self.store), *options)

    def write(
        self,
        daemon: Daemon,
        name: str = "",
        size: int = 100,
        connection: http.client.HTTPConnection | None = None,
    ) -> Response:
        """
        Post what is unique, and keep account of it; a plain answer.

        :param connection: one that is there, instead of a new one.
        """
        number = next(self.numbers)
        text = f"{number} " + "é" * (size // 2)
        document = {"name": number, "text": text} if name else {"myNote": text}
        body = json.dumps(document, ensure_ascii=False)
        content = body if name else text
        sent = Sent(0, name, content, number)
        fields = {"Content-Type": "application/json"}
        if connection is None:
            response = ask(daemon, "POST", "/" + name, body, fields)
        else:
            connection.request("POST", "/" + name, body.encode(), fields)
            answer = connection.getresponse()
            response = Response(
                answer.status, Fields(answer.getheaders()), bytearray(answer.read())
            )
        self.note(sent, response)
        return response

    def note(self, sent: Sent, response: Response) -> None:
        """Keep account of what was *sent*; the *response* is a plain one."""
        said = response.body.decode()
        self.assertIn(response.code, (200, *FAILURE_CODES), said)
        self.assertLess(len(said), 200)
        for inner in ("Traceback", 'File "', "Errno", str(self.store)):
            self.assertNotIn(inner, said)
        if response.code == 200:
            sent.said, sent.ended = said, sent.began + 0.5
        if response.code in (200, 503):  # which leaves it open whether it was done
            self.sent.append(sent)

    def fails(self, daemon: Daemon, name: str = "", *codes: int) -> None:
        """A write is refused, with one of *codes*, each time."""
        for _ in range(3):
            response = self.write(daemon, name)
            self.assertIn(response.code, codes or FAILURE_CODES, response.body)

    def works(self, daemon: Daemon, name: str = "") -> None:
        """A write is done."""
        response = self.write(daemon, name)
        self.assertEqual(response.code, 200, response.body)

    def check(self, daemon: Daemon, name: str = "", where: Path | None = None) -> None:
        """What was acknowledged is there, and nothing by half."""
        if name:
            found = read_document(daemon.port, where or self.store, name)
            check_document(found, None, [w for w in self.sent if w.name == name])
        else:
            check_notes(read_notes(daemon.port, 0), 0, self.sent)

    def ends_quietly(self, daemon: Daemon) -> None:
        """End *daemon*; what fails is for its log, as long as need be."""
        if not daemon.stopped:
            self.assertEqual(daemon.stop(), -signal.SIGTERM)
            self.assertEqual(daemon.errors(), "")
        self.assertNotIn("Traceback", daemon.output())


class FullTests(FaultCase):
    """A disk that is full."""

    disk = SMALL_DISK

    def small(self, name: str) -> tuple[Daemon, Path]:
        """A daemon with a small disk of its own, and where others see its store."""
        return self.on_small_disk(name, "--store", str(self.store))

    def on_small_disk(self, name: str, *options: str) -> tuple[Daemon, Path]:
        """A daemon that sees a small disk in the place of its store."""
        need_mounts("a full disk")
        mount = f'mount -t tmpfs -o {self.disk} dartio "$0" && exec "$@"'
        self.runner = ("unshare", "-m", "sh", "-c", mount, str(self.store))
        daemon = self.serve(name, *options)
        inside = Path(f"/proc/{daemon.process.pid}/root{self.store}")
        return daemon, inside

    def test_disk_without_inodes_gets_507(self) -> None:
        self.disk = f"{SMALL_DISK},nr_inodes=30"
        for name in ("notes", "writer"):
            daemon, inside = self.small(name)
            document = "a.json" if name == "writer" else ""
            self.works(daemon, document)
            taken: list[Path] = []
            with contextlib.suppress(OSError):
                while True:
                    taken.append(inside / f"taken-{len(taken)}+")
                    taken[-1].touch()
            if name == "notes":
                (inside / "notes.txt").rename(inside / "elsewhere")
                taken[0].write_bytes(b"")  # it takes the inode that there may be
            for _ in range(3):
                response = self.write(daemon, document and "b.json")
                self.assertEqual(response.code, 507, response.body)
            for path in taken[:-1]:
                path.unlink()
            if name == "notes":
                (inside / "elsewhere").rename(inside / "notes.txt")
            self.works(daemon, document and "b.json")
            self.check(daemon, document, inside)
            self.ends_quietly(daemon)
            self.sent.clear()

    def test_another_disk_in_the_place_of_the_stores_is_not_used(self) -> None:
        for name in ("notes", "writer"):
            document = "a.json" if name == "writer" else ""
            daemon, inside = self.small(name)
            self.works(daemon, document)
            before = os.stat(inside)
            mount = f'umount -l "$0"; mount -t tmpfs -o {self.disk} dartio "$0"'
            enter = ("nsenter", "-m", f"-t{daemon.process.pid}", "sh", "-c", mount)
            subprocess.run([*enter, str(self.store)], check=True)
            after = os.stat(inside)
            self.assertEqual(before.st_ino, after.st_ino)  # it is a root, too
            for _ in range(2):
                self.assertEqual(self.write(daemon, document).code, 503)
            self.assertEqual(list(inside.iterdir()), [])
            self.ends_quietly(daemon)
            self.sent.clear()

    def fill(self, inside: Path) -> Path:
        """Take all that is left of a disk."""
        ballast = inside / "ballast.bin"
        with ballast.open("wb", buffering=0) as file:
            for size in (65536, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    self.assertEqual(error.errno, errno.ENOSPC)
        return ballast

    def test_notes_that_fill_the_disk_get_507(self) -> None:
        notes, _ = self.small("notes")
        codes = [self.write(notes, size=PIECE_BYTES).code for _ in range(PIECES)]
        self.assertEqual(codes[0], 200)
        self.assertEqual(sorted(codes), codes, "there is room, and then there is none")
        self.assertNotEqual(codes[-1], 200)
        self.check(notes)
        self.ends_quietly(notes)

    def test_notes_work_again_when_there_is_room(self) -> None:
        notes, inside = self.small("notes")
        self.works(notes)
        ballast = self.fill(inside)
        # What is left of a page is room for a small one.
        self.assertIn(self.write(notes, size=PIECE_BYTES).code, FAILURE_CODES)
        self.check(notes)
        ballast.unlink()
        self.works(notes)
        self.check(notes)
        self.ends_quietly(notes)

    def test_documents_work_again_when_there_is_room(self) -> None:
        writer, inside = self.small("writer")
        self.works(writer, "a.json")
        ballast = self.fill(inside)
        self.fails(writer, "a.json")
        self.fails(writer, "b.json")
        for name in ("a.json", "b.json"):
            self.check(writer, name, inside)
        ballast.unlink()
        for name in ("a.json", "b.json"):
            self.works(writer, name)
            self.check(writer, name, inside)
        self.ends_quietly(writer)

    def test_access_log_costs_no_response_and_says_once_what_was_lost(self) -> None:
        line = ("--access-log", str(self.store / "access.log"))
        hello, inside = self.on_small_disk("hello", *line)
        load = KeepAliveLoad(hello.port)
        self.addCleanup(load.stop)
        load.wait_for(10)
        ballast = self.fill(inside)
        hello.wait_for("Cannot write to the access log")
        load.wait_for(load.answered + 100)
        ballast.unlink()
        said = hello.wait_for("The access log goes on")
        load.stop()
        self.assertEqual(load.failures, [])
        hello.process.send_signal(signal.SIGHUP)  # what waits is written first
        hello.wait_for("Received SIGHUP")
        self.assertEqual(ask(hello).code, 200)
        lost = int(said.partition("; ")[2].split()[0])
        kept = (inside / "access.log").read_text().splitlines()
        self.assertGreater(lost, 0)
        self.assertEqual(len(kept) + lost, load.answered)
        self.assertEqual({len(each.split()) for each in kept}, {12})
        self.ends_quietly(hello)
        self.assertEqual(hello.output().count("Cannot write"), 1)

    def limit(self, daemon: Daemon, size: int) -> None:
        """Let *daemon* make no file larger than *size*: a write ends in the middle."""
        whole = resource.RLIM_INFINITY
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (size, whole))

    def ends_in_the_middle(self, daemon: Daemon, name: str, size: int) -> None:
        """Write what is twice as large as there is room for, beside *size*."""
        self.limit(daemon, size + PARTIAL_BYTES // 2)
        for _ in range(3):
            self.assertIn(self.write(daemon, name, PARTIAL_BYTES).code, FAILURE_CODES)
        self.check(daemon, name)
        self.limit(daemon, resource.RLIM_INFINITY)
        self.works(daemon, name)
        self.check(daemon, name)
        self.ends_quietly(daemon)

    def test_partly_written_note_is_taken_back(self) -> None:
        notes = self.notes()
        self.works(notes)
        size = (self.store / "notes.txt").stat().st_size
        self.ends_in_the_middle(notes, "", size)

    def test_partly_written_document_is_removed(self) -> None:
        writer = self.writer()
        self.works(writer, "a.json")
        self.ends_in_the_middle(writer, "a.json", 0)

    def test_request_body_that_cannot_be_spooled_is_refused(self) -> None:
        notes = self.notes()
        self.works(notes)
        self.limit(notes, SPOOLED_BYTES // 2)
        self.assertIn(self.write(notes, size=SPOOLED_BYTES).code, FAILURE_CODES)
        self.works(notes)
        self.limit(notes, resource.RLIM_INFINITY)
        self.assertEqual(self.write(notes, size=SPOOLED_BYTES).code, 200)
        self.check(notes)
        self.ends_quietly(notes)


class FailingTests(FaultCase):
    """A disk that reports errors, now and then."""

    def survives(
        self, name: str, document: str, calls: str, *how: str, on: Path | None = None
    ) -> None:
        """Write while *calls* fail (*on* a file), in each way that *how* tells."""
        daemon = self.serve(name, "--store", str(self.store))
        self.works(daemon, document)
        for number, when in enumerate(how):
            log = self.folder / f"strace-{number}"
            error = f"error=EIO:when={when}"
            with failing(daemon.process.pid, log, calls, error, on):
                first = int(when.partition("+")[0])  # of the calls of one thread
                for _ in range(max(12, THREADS * first)):
                    self.write(daemon, document)
                    with contextlib.suppress(Unreadable):  # while it lasts
                        self.check(daemon, document)
            self.works(daemon, document)
            self.check(daemon, document)
        self.ends_quietly(daemon)
        again = self.serve(name, "--store", str(self.store))
        self.check(again, document)
        self.works(again, document)
        self.check(again, document)

    def test_notes_survive_failing_flushes(self) -> None:
        self.survives("notes", "", "fsync,fdatasync", "1+1", "1+2", "2+2", "2+3")

    def test_documents_survive_failing_flushes(self) -> None:
        self.survives("writer", "a", "fsync,fdatasync", "1+1")

    def test_documents_survive_failing_flushes_of_the_folder(self) -> None:
        """They are there, and may be gone after a power cut: 503 says so."""
        self.survives("writer", "a", "fsync,fdatasync", "1+1", on=self.store)

    def test_documents_survive_failing_renames(self) -> None:
        self.survives("writer", "a", "rename,renameat,renameat2,linkat", "1+1", "2+2")

    def test_notes_survive_failing_truncation(self) -> None:
        """A flush fails, and what would undo the write fails too."""
        self.survives("notes", "", "fsync,fdatasync,ftruncate", "1+1", "2+3", "3+3")


class NoDescriptorTests(FaultCase):
    """A daemon that may open no more files."""

    def starve(self, daemon: Daemon, name: str) -> None:
        """Write to *daemon* before, while and after it may open nothing."""
        pid = daemon.process.pid
        connection = http.client.HTTPConnection("127.0.0.1", daemon.port, PATIENCE)
        with contextlib.closing(connection):
            self.write(daemon, name, connection=connection)
            whole = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            taken = {int(number) for number in os.listdir(f"/proc/{pid}/fd")}
            lowest = min(set(range(len(taken) + 1)) - taken)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest, whole[1]))
            try:
                codes = [
                    self.write(daemon, name, connection=connection).code
                    for _ in range(5)
                ]
            finally:
                resource.prlimit(pid, resource.RLIMIT_NOFILE, whole)
        self.assertEqual(len(set(codes)), 1, codes)
        self.check(daemon, name)
        self.works(daemon, name)
        self.check(daemon, name)
        self.ends_quietly(daemon)

    def test_notes_fail_until_files_can_be_opened(self) -> None:
        self.starve(self.notes(), "")

    def test_documents_fail_until_files_can_be_opened(self) -> None:
        self.starve(self.writer(), "a.json")


class ForbiddenTests(FaultCase):
    """A folder that may no longer be written, by a daemon to which its mode applies."""

    def setUp(self) -> None:
        super().setUp()
        if os.geteuid() == 0:
            if not shutil.which("setpriv"):
                raise SkipTest("NOT TESTED: a folder that is taken away; no setpriv")
            self.runner = MODES_APPLY

    def forbid(self, daemon: Daemon, name: str, mode: int) -> None:
        """Write to *daemon* before, while and after its folder has *mode*."""
        self.works(daemon, name)
        before = {path: path.stat().st_mode for path in self.store.iterdir()}
        for path in before:
            path.chmod(path.stat().st_mode & 0o444 & mode)
        self.store.chmod(mode)
        codes = [self.write(daemon, name).code for _ in range(3)]
        self.store.chmod(0o755)
        for path, old in before.items():
            path.chmod(old)
        self.assertTrue(set(codes) <= {200} or set(codes) <= set(FAILURE_CODES), codes)
        if name:
            self.assertNotIn(200, codes)
        self.check(daemon, name)
        self.works(daemon, name)
        self.check(daemon, name)
        self.ends_quietly(daemon)

    def test_notes_in_a_read_only_folder_fail_until_it_is_writable(self) -> None:
        self.forbid(self.notes(), "", 0o555)

    def test_notes_in_a_closed_folder_fail_until_it_is_open(self) -> None:
        self.forbid(self.notes(), "", 0o000)

    def test_documents_in_a_read_only_folder_fail_until_it_is_writable(self) -> None:
        self.forbid(self.writer(), "a.json", 0o555)

    def test_documents_in_a_closed_folder_fail_until_it_is_open(self) -> None:
        self.forbid(self.writer(), "a.json", 0o000)

"""
What a folder store has after its process, or the machine, went down at any point.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.store import (
    ABSENT,
    Documents,
    NoSuchEntry,
    Notes,
    open_documents,
    open_notes,
)
from dartio_tut.store.folder import notes_file

from .support.disk_faults import no_flushes
from .support.in_full import IN_FULL
from .support.store_suite import SynchronousResults

CHANGING_CALLS = ("write", "fsync", "ftruncate", "link", "replace", "unlink")
"""The system calls that change what is on the disk."""


class Killed(BaseException):
    """The process ends here."""


class CrashCase(SynchronousResults, SynchronousTestCase):
    """Tests of folders whose process is killed."""

    def setUp(self) -> None:
        no_flushes(self)
        self.base = Path(self.mktemp())

    def folders(self) -> Iterator[Path]:
        number = 0
        while True:
            yield self.base / f"{number}"
            number += 1

    @contextlib.contextmanager
    def killed_at(self, call: int, part: int | None = None) -> Iterator[list[str]]:
        """
        Kill the process before the system call of that number, or, given *part*, when
        that many bytes of it are written. Nothing is done any more after that.
        """
        made: list[str] = []
        patches = []

        def counted(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
            def counted_call(*args: Any, **more: Any) -> Any:
                if len(made) >= call:
                    if len(made) == call and name == "write" and part is not None:
                        original(args[0], bytes(args[1][:part]))
                    made.append(f"{name}, never")
                    raise Killed
                made.append(name)
                return original(*args, **more)

            return counted_call

        for name in CHANGING_CALLS:
            patches.append(self.patch(os, name, counted(name, getattr(os, name))))
        try:
            yield made
        finally:
            for patch in patches:
                patch.restore()

    def told(self, deferred: Any) -> bool:
        """Whether the write was acknowledged."""
        outcome: list[object] = []
        deferred.addBoth(outcome.append)
        self.assertEqual(len(outcome), 1)
        failure = outcome[0]
        if isinstance(failure, (int, str)):
            return True
        failure.trap(Killed)  # type: ignore[attr-defined]
        return False


class NotesCrashTests(CrashCase):
    """Notes."""

    def open(self, folder: Path) -> Notes:
        return open_notes(str(folder), run=maybeDeferred)

    def test_killed_at_any_system_call_keeps_all_or_nothing(self) -> None:
        for token in (None, "t"):
            for part in (None, 3):
                for call, folder in enumerate(self.folders()):
                    folder = folder.with_name(f"{token}{part}{call}")
                    if self.killed_while_adding(folder, call, part, token):
                        break
                self.assertGreater(call, 3)

    def killed_while_adding(
        self, folder: Path, call: int, part: int | None, token: str | None
    ) -> bool:
        """Kill it at that call; whether it was not reached."""
        notes = self.open(folder)
        self.result_of(notes.append("one", "first"))
        with self.killed_at(call, part) as calls:
            told = self.told(notes.append("two\ntwo", token))
        if not any("never" in made for made in calls):
            self.assertTrue(told)
            return True
        self.assertFalse(told)
        again = self.open(folder)
        there = self.result_of(again.entries(0, 9))
        self.assertIn(there, (["one"], ["one", "two\ntwo"]), calls)
        # Another's note of the same text is not taken for it.
        self.result_of(again.append("two\ntwo"))
        number = self.result_of(again.append("two\ntwo", token))
        if token:
            self.assertEqual(self.result_of(again.count()), 3, calls)
            self.assertEqual(
                self.result_of(self.open(folder).append("two\ntwo", token)), number
            )
        self.assertEqual(self.result_of(again.append("one", "first")), 0)
        return False

    def test_killed_while_opening_keeps_all_notes(self) -> None:
        for call, folder in enumerate(self.folders()):
            folder.mkdir(parents=True)
            (folder / "notes.txt").write_bytes(b"by hand\nopen")
            with self.killed_at(call) as calls, contextlib.suppress(Killed):
                self.open(folder)
            notes = self.open(folder)
            self.assertEqual(self.result_of(notes.entries(0, 9)), ["by hand", "open"])
            if not any("never" in made for made in calls):
                break

    def after_a_power_cut(self, content: bytes, closed: bool) -> list[str]:
        """The notes when the file has *content* and the machine is started again."""
        folder = next(self.folders())
        notes = self.open(folder)
        for note in ("one", "two", "three"):
            self.result_of(notes.append(note, note))
        if closed:
            self.result_of(notes.close())
        (folder / "notes.txt").write_bytes(content)
        self.patch(notes_file, "boot_id", lambda: "another")
        again = self.open(folder)
        found: list[str] = self.result_of(again.entries(0, 9))
        self.assertEqual(self.result_of(again.append("new")), len(found))
        # After an orderly end, whatever is in the place of a note is its correction.
        number = 2 if closed else len(found) + 1
        self.assertEqual(self.result_of(again.append("three", "three")), number)
        self.assertEqual(self.result_of(again.append("one", "one")), 0)
        return found

    def test_half_a_line_after_a_power_cut_goes_to_notes_torn(self) -> None:
        with capturedLogs() as logged:
            found = self.after_a_power_cut(b"one\ntwo\nthr", False)
        self.assertEqual(found, ["one", "two"])
        torn = next(self.folders()) / "notes.torn"
        self.assertEqual(torn.read_bytes(), b"thr\n")
        said = "\n".join(map(formatEvent, logged))
        self.assertIn(f"the torn end of notes.txt is now in {torn.resolve()}", said)

    def test_open_last_line_after_an_orderly_end_is_kept(self) -> None:
        self.assertEqual(
            self.after_a_power_cut(b"one\ntwo\nopen", True), ["one", "two", "open"]
        )

    def test_open_last_line_is_torn_when_the_journal_is_damaged(self) -> None:
        folder = next(self.folders())
        self.result_of(self.open(folder).append("one"))
        for spoiled in (b"\0" * 256, b"done 1 2 3", b"\xff" * 300):
            (folder / ".notes").write_bytes(spoiled)
            with (folder / "notes.txt").open("ab") as file:
                file.write(b"half")
            self.assertEqual(self.result_of(self.open(folder).entries(0, 9)), ["one"])

    def test_line_of_a_person_is_not_taken_for_a_note_that_a_crash_took(self) -> None:
        for killed in (True, False):
            folder = next(self.folders()).with_name(f"{killed}")
            notes = self.open(folder)
            self.result_of(notes.append("one", "one"))
            tokens = (folder / ".notes-tokens").stat().st_size
            with self.killed_at(100 if not killed else 3) as calls:
                self.told(notes.append("two", "two"))
            self.assertGreater((folder / ".notes-tokens").stat().st_size, tokens, calls)
            if not killed:  # the power went before the note was on the disk
                self.patch(notes_file, "boot_id", lambda: "another")
            (folder / "notes.txt").write_bytes(b"one\nby hand\n")
            again = self.open(folder)
            self.assertEqual(self.result_of(again.append("two", "two")), 2)
            self.assertEqual(self.result_of(again.append("one", "one")), 0)

    def test_a_torn_token_line_is_ignored(self) -> None:
        folder = next(self.folders())
        self.result_of(self.open(folder).append("one", "t"))
        tokens = folder / ".notes-tokens"
        for torn in (b"123 ab", b"\xff\n123", b"garbage\n"):
            content = tokens.read_bytes()
            tokens.write_bytes(content + torn)
            self.assertEqual(self.result_of(self.open(folder).append("one", "t")), 0)
            self.result_of(self.open(folder).append("more", repr(torn)))
            number = self.result_of(self.open(folder).count())
            self.assertEqual(
                self.result_of(self.open(folder).append("more", repr(torn))), number - 1
            )

    def test_damaged_token_lines_are_ignored(self) -> None:
        folder = next(self.folders())
        self.result_of(self.open(folder).append("one", "t"))
        tokens = folder / ".notes-tokens"
        whole = tokens.read_bytes()
        self.result_of(self.open(folder).append("two", "u"))
        for damaged in damaged_token_lines(tokens.read_bytes()):
            tokens.write_bytes(whole + damaged)
            (folder / ".notes").write_bytes(b"damaged")  # all is looked at then
            notes = self.open(folder)
            self.assertEqual(self.result_of(notes.append("one", "t")), 0, damaged)
            number = self.result_of(notes.append("more", repr(damaged)))
            self.assertEqual(
                self.result_of(notes.append("more", repr(damaged))), number
            )


def damaged_token_lines(whole: bytes) -> Iterator[bytes]:
    """
    Lines that a disk may have after a power cut: the last of *whole* with a part of it
    missing or overwritten with NULs.
    """
    line = whole.splitlines(keepends=True)[-1]
    for start in range(0, len(line) - 1, 7 if IN_FULL else 17):
        yield line[:start] + b"\n"
        yield line[:start] + line[start + 2 :]
        yield line[:start] + bytes(2) + line[start + 2 :]
        yield line[:start] + bytes(len(line) - start - 1) + b"\n"
        yield line[:start] + b" " + line[start + 1 :]
    yield b"doubt " + b"9" * 5000 + b"\n"
    yield b"doubt \xb2\n"


class DocumentsCrashTests(CrashCase):
    """Documents."""

    def open(self, folder: Path) -> Documents:
        return open_documents(str(folder), run=maybeDeferred)

    def test_killed_at_any_system_call_keeps_all_or_nothing(self) -> None:
        for part in (None, 3):
            for call, folder in enumerate(self.folders()):
                folder = folder.with_name(f"{part}{call}")
                if self.killed_while_putting(folder, call, part):
                    break
            self.assertGreater(call, 4)

    def killed_while_putting(self, folder: Path, call: int, part: int | None) -> bool:
        """Kill it at that call; whether it was not reached."""
        documents = self.open(folder)
        self.result_of(documents.put("other", b"1", None, "first"))
        with self.killed_at(call, part) as calls:
            told = self.told(documents.put("a", b"new content", ABSENT, "t"))
        if not any("never" in made for made in calls):
            self.assertTrue(told)
            return True
        again = self.open(folder)
        try:
            there = self.result_of(again.get("a")).content
        except self.failureException:
            self.failure_of(again.get("a"), NoSuchEntry)
        else:
            self.assertEqual(there, b"new content")
        self.result_of(again.put("a", b"new content", ABSENT, "t"))
        self.result_of(again.put("a", b"newer"))
        self.result_of(self.open(folder).put("a", b"new content", ABSENT, "t"))
        self.assertEqual(self.result_of(again.get("a")).content, b"newer")
        return False

    def test_damaged_token_lines_are_ignored(self) -> None:
        folder = next(self.folders())
        self.result_of(self.open(folder).put("one", b"1", None, "t"))
        tokens = folder / ".documents-tokens"
        whole = tokens.read_bytes()
        self.result_of(self.open(folder).put("other", b"2", None, "u"))
        added = tokens.read_bytes().removesuffix(b"settled\n")
        for damaged in damaged_token_lines(added):
            tokens.write_bytes(whole + damaged)
            documents = self.open(folder)
            version = self.result_of(documents.put("one", b"1", None, "t"))
            self.assertEqual(version, self.result_of(documents.get("one")).version)
            self.result_of(documents.put("two", b"2", None, repr(damaged)))
            self.assertEqual(self.result_of(self.open(folder).get("two")).content, b"2")

"""
What the log says of a disk that fails: one line, and one more when it works again.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from errno import EACCES, EIO
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import LogLevel, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.store import (
    NoSuchEntry,
    StoreFailed,
    StoreFull,
    StoreUnavailable,
)
from dartio_tut.store.faults import SECONDS_BETWEEN_REPORTS, FaultReport

from .support.folder_case import FolderCase

BROKEN = os.strerror(EIO)


def log_kept(case: SynchronousTestCase) -> list[str]:
    """The lines that are logged from now on, errors with their level."""
    lines: list[str] = []

    def kept(event: Any) -> None:
        level = event["log_level"]
        if level >= LogLevel.warn or "works again" in formatEvent(event):
            lines.append(f"{level.name}: {formatEvent(event)}")
        case.assertNotIn("log_failure", event)

    observe: Any = kept
    globalLogPublisher.addObserver(observe)
    case.addCleanup(globalLogPublisher.removeObserver, observe)
    return lines


class ReportTests(SynchronousTestCase):
    """`FaultReport`, with a clock of the test's."""

    def setUp(self) -> None:
        self.lines = log_kept(self)
        self.clock = Clock()
        self.report = FaultReport("Writing to x", self.clock.seconds)

    def test_fault_is_said_once_and_its_end_with_the_number(self) -> None:
        for _ in range(3):
            self.report.failure(OSError(EIO, os.strerror(EIO), "/x/a"))
            self.clock.advance(1000)
        self.assertEqual(
            self.lines, ["error: Writing to x fails: /x/a: Input/output error"]
        )
        self.assertTrue(self.report.is_failing)
        self.report.success()
        self.assertFalse(self.report.is_failing)
        self.assertEqual(
            self.lines[1:],
            ["info: Writing to x works again. Operations that had failed: 3"],
        )

    def test_fault_that_comes_and_goes_is_said_once_a_minute(self) -> None:
        for _ in range(SECONDS_BETWEEN_REPORTS):
            self.report.failure(OSError(EIO, "broken"))
            if self.report.is_failing:
                self.report.success()
            self.clock.advance(1)
        self.assertEqual(len(self.lines), 2)
        self.report.failure(OSError(EIO, "broken"))
        self.assertEqual(len(self.lines), 3)
        self.report.success()
        self.assertIn(f"failed: {SECONDS_BETWEEN_REPORTS}", self.lines[3])

    def test_another_fault_is_said_after_a_minute(self) -> None:
        self.report.failure(OSError(EIO, "broken"))
        self.report.failure(OSError(EACCES, "closed"))
        self.assertEqual(len(self.lines), 1)
        self.clock.advance(SECONDS_BETWEEN_REPORTS)
        self.report.failure(OSError(EACCES, "closed"))
        self.assertIn("fails: closed", self.lines[1])

    def test_what_only_clients_did_wrong_is_not_said(self) -> None:
        for error in (NoSuchEntry("a"), StoreFull("b"), StoreUnavailable("c")):
            self.assertIs(self.report.failure(error), error)
        self.assertEqual(self.lines, [])

    def test_failed_flush_is_said_and_stays_unavailable(self) -> None:
        why = StoreUnavailable("it cannot be flushed")
        why.__cause__ = OSError(EIO, "broken")
        self.assertIs(self.report.failure(why), why)
        self.assertEqual(self.lines, ["error: Writing to x fails: broken"])

    def test_error_keeps_what_it_says(self) -> None:
        failed = self.report.failure(OSError(EIO, "broken", "/x"))
        self.assertIsInstance(failed, StoreFailed)
        self.assertEqual(str(failed), f"[Errno {EIO}] broken: '/x'")
        failed = self.report.failure(OSError("the database\nrefuses"))
        self.assertEqual(str(failed), "the database\nrefuses")


class FolderTests(FolderCase):
    """Stores in a folder on a disk that fails."""

    def setUp(self) -> None:
        super().setUp()
        self.lines = log_kept(self)

    def failing(self, work: Callable[[], Any], call: str) -> None:
        """Call *work* some times, while the system's *call* fails."""

        def broken(*args: Any, **more: Any) -> Any:
            raise OSError(EIO, os.strerror(EIO))

        patch = self.patch(os, call, broken)
        for _ in range(5):
            self.failure_of(work(), OSError, StoreUnavailable)
        patch.restore()

    def test_notes_say_once_that_they_cannot_be_written(self) -> None:
        notes = self.with_notes("a")
        self.failing(lambda: notes.append("b"), "fsync")
        self.assertEqual(
            [line for line in self.lines if " fails: " in line],
            [f"error: Writing to the store in {self.folder} fails: Input/output error"],
        )
        self.result_of(notes.entry(0))
        self.assertNotIn("works again", str(self.lines))  # reading never failed
        self.result_of(notes.append("c"))
        self.assertIn("works again. Operations that had failed: 5", self.lines[-1])

    def test_notes_say_once_that_they_cannot_be_read(self) -> None:
        notes = self.with_notes("a")
        self.failing(lambda: notes.entry(0), "pread")
        self.result_of(notes.entry(0))
        self.assertEqual(len(self.lines), 2)
        self.assertIn("Reading from the store in ", self.lines[0])

    def test_documents_say_once_that_they_cannot_be_written(self) -> None:
        documents = self.documents()
        for call in ("write", "replace"):
            self.lines.clear()
            documents = self.documents()
            self.failing(lambda: documents.put("a", b"1"), call)  # noqa: B023
            self.result_of(documents.put("a", b"1"))
            self.assertEqual(len(self.lines), 2, call)
            self.assertIn("failed: 5", self.lines[1])

    def test_documents_say_once_that_the_folder_cannot_be_flushed(self) -> None:
        documents = self.documents()

        def broken(descriptor: int) -> None:
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise OSError(EIO, os.strerror(EIO))

        self.patch(os, "fsync", broken)
        for _ in range(3):
            self.failure_of(documents.put("a", b"1"), StoreUnavailable)
        self.assertEqual(len(self.lines), 1)
        self.assertIn("Writing to the store in ", self.lines[0])

    def test_documents_say_once_that_they_cannot_be_read(self) -> None:
        documents = self.documents()
        self.result_of(documents.put("a", b"1"))
        self.failing(lambda: documents.get("a"), "pread")
        self.result_of(documents.get("a"))
        self.assertEqual(len(self.lines), 2)

    def test_notes_that_cannot_be_opened_any_more_are_closed_quietly(self) -> None:
        notes = self.with_notes("a")

        def refused(*args: Any, **more: Any) -> Any:
            raise OSError(EACCES, os.strerror(EACCES))

        patch = self.patch(os, "open", refused)
        self.result_of(notes.close())
        patch.restore()
        self.assertEqual(self.result_of(self.notes().count()), 1)

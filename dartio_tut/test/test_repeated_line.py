"""
What fails because of the machine, for everybody, has one line a minute in the log.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import IO, Any, cast

from twisted.internet.task import Clock
from twisted.logger import ILogObserver, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from dartio_tut.daemon import Site
from dartio_tut.resources.files import read_errors
from dartio_tut.resources.files.safe_open import LINK_POLICIES
from dartio_tut.testing import CLIENT_ADDRESS, Connection
from dartio_tut.wire import RepeatedLine, request_with_body
from dartio_tut.wire.repeated_line import REPEATED_AFTER_SECONDS

from .support.file_case import FileCase
from .support.full_file import LateFullFile
from .support.memory_client import ask

CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"


class RepeatedLineTests(SynchronousTestCase):
    """When there is to be a line."""

    def test_the_first_has_one_and_then_one_a_minute_with_their_number(self) -> None:
        clock = Clock()
        line = RepeatedLine(clock.seconds)
        self.assertEqual([line.count() for _ in range(4)], [1, 0, 0, 0])
        clock.advance(REPEATED_AFTER_SECONDS - 1)
        self.assertEqual(line.count(), 0)
        clock.advance(1)
        self.assertEqual([line.count(), line.count()], [5, 0])


class LoggedCase(SynchronousTestCase):
    """Keeps the texts of the log."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.texts: list[str] = []

        def keep(event: Any) -> None:
            if event["log_namespace"].startswith("dartio_tut"):
                self.texts.append(formatEvent(event))

        observer = cast("ILogObserver", keep)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)


class BodyTests(LoggedCase):
    """Bodies that cannot be held."""

    def setUp(self) -> None:
        super().setUp()
        line = RepeatedLine(self.clock.seconds)
        self.patch(request_with_body, "_not_held", line)
        self.site = Site(Resource(), reactor=self.clock)

        def refuse(length: int | None) -> IO[bytes]:
            class Full:
                def write(self, data: bytes) -> int:
                    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

                def close(self) -> None:
                    pass

            full: Any = Full()
            return full  # type: ignore[no-any-return]

        self.site.getContentFile = refuse  # type: ignore[method-assign]

    def refused(self) -> bytes:
        """What the client of such a body gets."""
        connection = Connection(self.site.buildProtocol(CLIENT_ADDRESS), self.clock)
        return connection.send(POST + b"x" * 50)

    def test_each_client_is_told_and_the_log_once(self) -> None:
        for _ in range(20):
            self.assertIn(b"507", self.refused().partition(b"\r\n")[0])
        begin = "Cannot hold a body: Too many open files"
        self.assertEqual(self.texts, [f"{begin} (1 since the last line)"])
        self.clock.advance(REPEATED_AFTER_SECONDS)
        self.refused()
        self.assertEqual(self.texts[1:], [f"{begin} (20 since the last line)"])

    def test_body_whose_end_finds_no_room_is_refused_as_well(self) -> None:
        self.site.getContentFile = lambda length: LateFullFile()  # type: ignore[method-assign]
        for sent in (
            POST + bytes(100_000),
            b"POST / HTTP/1.1\r\nHost: a\r\n" + CHUNKED,
        ):
            connection = Connection(self.site.buildProtocol(CLIENT_ADDRESS), self.clock)
            self.assertIn(b"507", connection.send(sent).partition(b"\r\n")[0])
        said = "Cannot hold a body: No space left on device (1 since the last line)"
        self.assertEqual(self.texts, [said])

    def test_body_that_is_dropped_needs_no_room(self) -> None:
        self.site.getContentFile = lambda length: LateFullFile()  # type: ignore[method-assign]
        connection = Connection(self.site.buildProtocol(CLIENT_ADDRESS), self.clock)
        connection.send(POST + bytes(50))
        connection.leave()
        self.assertEqual(self.texts, [])


class FileErrorTests(FileCase, LoggedCase):
    """Files that cannot be opened."""

    def setUp(self) -> None:
        FileCase.setUp(self)
        LoggedCase.setUp(self)
        line = RepeatedLine(self.clock.seconds)
        self.patch(read_errors, "_of_the_machine", line)

    def codes(self, number: int) -> list[int]:
        """Five responses, while each file fails with the error *number*."""

        def refuse(root: bytes, names: Sequence[bytes]) -> Any:
            raise OSError(number, os.strerror(number))

        LINK_POLICIES["test"] = refuse
        self.addCleanup(LINK_POLICIES.pop, "test")
        files = self.files(links="test")
        return [ask(files, "GET", f"/{n}.txt").code for n in range(5)]

    def test_without_descriptors_all_are_503_and_the_log_has_one_line(self) -> None:
        self.assertEqual(self.codes(errno.EMFILE), [503] * 5)
        self.assertEqual(len(self.texts), 1)
        self.assertIn("Too many open files (1 since the last line)", self.texts[0])

    def test_a_fault_of_the_disk_has_a_line_for_each_file(self) -> None:
        self.assertEqual(self.codes(errno.EIO), [503] * 5)
        self.assertEqual(len(self.texts), 5)
        self.assertIn("/4.txt", self.texts[4])

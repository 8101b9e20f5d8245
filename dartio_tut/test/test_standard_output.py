"""
Standard output whose reader does not read: `dartio_tut.daemon.standard_output`.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from typing import IO, Any

from twisted.internet.task import Clock
from twisted.logger import FileLogObserver, LogEvent, Logger, LogPublisher, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import standard_output
from dartio_tut.daemon.standard_output import (
    RETRY_SECONDS,
    LogStream,
    StandardOutput,
)


class Read(SynchronousTestCase):
    """A test in which standard output has a reader."""

    def pipe(self) -> IO[bytes]:
        """Standard output is a pipe; its end."""
        reading, writing = os.pipe()
        return self.output(os.fdopen(reading, "rb", 0), os.fdopen(writing, "w"))

    def socket(self) -> IO[bytes]:
        """Standard output is a socket, as it is under systemd; its other end."""
        here, there = socket.socketpair()
        with here, there:
            return self.output(there.makefile("rb", 0), here.makefile("w"))

    def output(self, reading: Any, writing: IO[str]) -> IO[bytes]:
        """*writing* is standard output, and *reading* its other end."""
        os.set_blocking(reading.fileno(), False)
        self.addCleanup(reading.close)
        self.addCleanup(writing.close)
        self.patch(sys, "__stdout__", writing)
        read: IO[bytes] = reading
        return read

    kinds = (pipe, socket)


def all_of(reading: IO[bytes]) -> bytes:
    """All that is to be read now."""
    found = b""
    while more := reading.read(65536):
        found += more
    return found


class StandardOutputTests(Read):
    """Who writes waits for no reader."""

    def test_what_the_reader_does_not_take_at_once_is_refused(self) -> None:
        for kind in self.kinds:
            reading = kind(self)
            output = StandardOutput()
            self.addCleanup(output.close)
            self.assertTrue(output.has_reader)
            written = 0
            with self.assertRaises(BlockingIOError):
                while True:
                    written += output.write(b"a line\n" * 1000)
            self.assertEqual(len(all_of(reading)), written)
            self.assertEqual(output.write(b"the last"), 8)

    def test_for_others_it_stays_as_it_is(self) -> None:
        for kind in self.kinds:
            kind(self)
            self.addCleanup(StandardOutput().close)
            assert sys.__stdout__ is not None
            self.assertTrue(os.get_blocking(sys.__stdout__.fileno()))

    def test_a_file_has_no_reader(self) -> None:
        path = self.mktemp()
        with open(path, "w") as file:
            self.patch(sys, "__stdout__", file)
            output = StandardOutput()
            self.assertFalse(output.has_reader)
            output.write(b"a line\n")
            output.close()
            file.write("another\n")
        with open(path) as written:
            self.assertEqual(written.read(), "a line\nanother\n")

    def test_one_that_is_closed_is_an_error(self) -> None:
        self.patch(sys, "__stdout__", None)
        error = self.assertRaises(OSError, StandardOutput)
        self.assertEqual(error.strerror, "standard output is closed")


class LogStreamTests(Read):
    """The log goes on when its reader does."""

    def log(self, kind: Callable[[Read], IO[bytes]]) -> IO[bytes]:
        """Log to a standard output of that kind; its other end."""
        reading = kind(self)
        output = StandardOutput()
        self.addCleanup(output.close)
        self.clock = Clock()
        stream: Any = LogStream(output, self.clock.callLater)
        self.publisher = LogPublisher(FileLogObserver(stream, _text))
        self.say = Logger("a.place", observer=self.publisher).info
        self.patch(LogStream, "_log", Logger("its", observer=self.publisher))
        return reading

    def fill(self, lines: int = 500) -> list[str]:
        """Log more lines than the kernel keeps; all of them."""
        said = [f"{number} " + 1000 * "x" for number in range(lines)]
        for line in said:
            self.say(line)
        return said

    def test_lines_are_read_as_they_come(self) -> None:
        for kind in self.kinds:
            reading = self.log(kind)
            self.say("a line with \N{EURO SIGN}")
            self.assertEqual(all_of(reading), "a line with \N{EURO SIGN}\n".encode())
            self.assertEqual(self.clock.calls, [])

    def test_all_lines_come_whole_and_in_order_when_the_reader_goes_on(self) -> None:
        for kind in self.kinds:
            reading = self.log(kind)
            said = self.fill()
            found = b""
            for _ in range(20):
                found += all_of(reading)
                self.clock.advance(RETRY_SECONDS)
            self.assertEqual(found.decode().splitlines(), said)
            self.assertEqual(self.clock.calls, [])

    def test_lines_beyond_a_bound_are_lost_and_counted(self) -> None:
        self.patch(standard_output, "MAX_WAITING_LINES", 100)
        for kind in self.kinds:
            reading = self.log(kind)
            said = self.fill(1000)
            found = b""
            for _ in range(20):
                found += all_of(reading)
                self.clock.advance(RETRY_SECONDS)
            *lines, last = found.decode().splitlines()
            self.assertEqual(lines, said[: len(lines)])
            self.assertEqual(
                last,
                f"Its reader did not read: {len(said) - len(lines)} lines of this log "
                "are lost",
            )

    def test_a_reader_that_has_gone_is_no_fault(self) -> None:
        for kind in self.kinds:
            reading = self.log(kind)
            reading.close()
            self.say("to nobody")
            self.say("to nobody again")
            self.assertEqual(self.clock.calls, [])


def _text(event: LogEvent) -> str:
    return formatEvent(event) + "\n"

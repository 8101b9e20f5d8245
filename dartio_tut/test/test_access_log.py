"""
`dartio_tut.daemon.access_log`: the lines that it makes of events, and how they are
written.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from datetime import UTC, datetime
from errno import ENOSPC
from pathlib import Path
from typing import Any, cast

from twisted.internet.address import UNIXAddress
from twisted.internet.testing import StringTransport
from twisted.logger import (
    ILogObserver,
    LogEvent,
    capturedLogs,
    formatEvent,
    globalLogPublisher,
)
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import access_log, access_log_format
from dartio_tut.daemon.access_log import LAST_TRIES, AccessLog
from dartio_tut.daemon.access_log_format import CombinedFormat
from dartio_tut.daemon.standard_output import RETRY_SECONDS
from dartio_tut.testing import CLIENT_ADDRESS
from dartio_tut.wire import Ending, ExchangeDone, events
from dartio_tut.wire.event_batch import NOTED_AT_MOST, NOTED_SECONDS

from .test_events import GET, POST, EventCase

LONG_GET = GET.replace(b"GET /a", b"GET /" + b"a" * 150)

TOO_MANY = 900
"""Their lines are too much for a pipe, and for `WAITING_BYTES` that wait for it."""

WAITING_BYTES = 64 * 1024


class AccessLogTests(EventCase):
    """`AccessLog`."""

    in_batches = True

    def setUp(self) -> None:
        super().setUp()
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        self.path = folder / "access.log"
        self.log = AccessLog(str(self.path), self.clock)
        self.site.add_batch_observer(self.log)

    def lines(self) -> list[str]:
        """The lines in the file, after its second."""
        self.clock.advance(NOTED_SECONDS)
        return self.path.read_text().splitlines()

    def test_a_complete_exchange_has_a_line_in_combined_format(self) -> None:
        self.connect().send(GET.replace(b"\r\n\r\n", b"\r\nReferer: http://b/\r\n\r\n"))
        (line,) = self.lines()
        self.assertRegex(
            line,
            r"^127\.0\.0\.1 - - \[\d{2}/[A-Z][a-z]{2}/\d{4}(:\d{2}){3} \+0000\] "
            r'"GET /a\?b HTTP/1\.1" 200 5 "http://b/" "test"$',
        )

    def test_time_is_that_of_the_clock_as_it_is_set_when_the_line_is_written(
        self,
    ) -> None:
        connection = self.connect()
        for year in (2031, 2026, 2030):
            now = datetime(year, 6, 7, 8, 9, 10, tzinfo=UTC).timestamp()
            self.patch(events, "time", lambda now=now: now)
            connection.send(GET)
            self.assertRegex(self.lines()[-1], rf"\[0[67]/Jun/{year}:0[78]:\d\d:")

    def test_a_505_a_400_and_a_413_have_a_line_with_the_reason(self) -> None:
        for request in (b"GET / HTTP/9.9\r\n\r\n", b"oops\r\n\r\n", POST % 101):
            self.connect().send(request)
        lines = self.lines()
        found = [re.search(r'" (\d{3}) (\d+) .*"(refused: .*)"$', x) for x in lines]
        self.assertEqual([one and one[1] for one in found], ["505", "400", "413"])
        self.assertIn("version not supported (RFC 9110 section 15.6.6)", lines[0])
        self.assertIn('"oops" 400', lines[1])

    def test_exchange_that_ends_when_the_log_is_closed_has_a_line(self) -> None:
        self.render = self.hold
        connection = self.connect()
        connection.send(GET)
        self.site.stopFactory()
        self.successResultOf(self.log.close())
        self.assertEqual(self.path.read_text(), "")
        connection.leave()  # as all connections do when the reactor stops
        (line,) = self.path.read_text().splitlines()  # written at once
        self.assertIn('" 000 0 "-" "test" "cut off"', line)

    def test_standard_output_that_is_closed_is_no_log(self) -> None:
        self.patch(sys, "__stdout__", None)
        error = self.assertRaises(OSError, AccessLog, "-", self.clock)
        self.assertEqual(error.strerror, "standard output is closed")

    def test_nobody_waits_for_the_reader_of_standard_output(self) -> None:
        self.patch(access_log, "MAX_WAITING_BYTES", WAITING_BYTES)
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        output = os.fdopen(writing, "w")
        self.addCleanup(output.close)
        self.patch(sys, "__stdout__", output)
        log = AccessLog("-", self.clock)
        self.site.add_batch_observer(log)
        connection = self.connect()
        with capturedLogs() as logged:
            for _ in range(TOO_MANY):
                connection.send(LONG_GET)
            self.clock.advance(NOTED_SECONDS)
        self.assertGreater(log._lost, 0)
        (event,) = logged  # however many lines there are
        self.assertEqual(event["error"], "its reader does not read")

    def test_a_client_that_has_gone_has_a_line(self) -> None:
        self.render = self.hold
        connection = self.connect()
        connection.send(GET)
        connection.leave()
        (line,) = self.lines()
        self.assertIn('" 499 0 "-" "test" "client gone"', line)

    def test_nothing_that_a_client_sends_breaks_a_line(self) -> None:
        hostile = b'GET /"\\x HTTP/1.1\r\nHost: a\r\nUser-Agent: a"b\\\t\xe4\r\n\r\n'
        self.connect().send(hostile)
        self.connect().send(b"GET /\x1b[2J\n\x00 HTTP/1.1\r\n\r\n")
        first, second = self.lines()
        self.assertIn(r'"GET /\x22\x5cx HTTP/1.1"', first)
        self.assertIn(r'"a\x22b\x5c\x09\xe4"', first)
        self.assertIn(r"\x1b[2J\x0a", second)

    def test_lines_are_written_each_second_and_at_the_end(self) -> None:
        connection = self.connect()
        connection.send(GET)
        self.assertEqual(self.path.read_text(), "")
        self.assertEqual(len(self.lines()), 1)
        connection.send(GET)
        self.site.stopFactory()
        self.assertEqual(len(self.path.read_text().splitlines()), 2)

    def test_many_lines_are_written_before_the_second_is_over(self) -> None:
        connection = self.connect()
        for _ in range(1000):
            connection.send(GET)
        self.assertGreater(len(self.path.read_text().splitlines()), 400)

    def test_a_renamed_file_is_made_anew(self) -> None:
        connection = self.connect()
        connection.send(GET)
        self.lines()
        old = self.path.rename(self.path.with_suffix(".1"))
        connection.send(GET)
        self.assertEqual(len(self.lines()), 1)
        self.assertEqual(len(old.read_text().splitlines()), 1)

    def test_file_that_is_made_anew_has_the_mode_that_it_had(self) -> None:
        mode = self.path.stat().st_mode
        before = os.umask(0o077)
        self.addCleanup(os.umask, before)
        for number in (1, 2):
            self.path.rename(self.path.with_suffix(f".{number}")).chmod(0o400)
            self.log.reopen()
            self.assertEqual(self.path.stat().st_mode, mode)

    def test_file_that_was_renamed_is_left_at_once_when_it_is_to_be_reopened(
        self,
    ) -> None:
        old = self.path.rename(self.path.with_suffix(".1"))
        self.log.reopen()
        self.assertTrue(self.path.exists())
        self.assertFalse(os.path.sameopenfile(self.log._descriptor, self.opened(old)))

    def test_reopening_a_file_that_cannot_be_made_is_said_and_the_old_one_stays(
        self,
    ) -> None:
        old = self.path.rename(self.path.with_suffix(".1"))
        self.path.mkdir()
        said: list[LogEvent] = []
        observer = cast("ILogObserver", said.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.log.reopen()
        self.assertIn("Cannot write to the access log", formatEvent(said[-1]))
        self.assertTrue(os.path.sameopenfile(self.log._descriptor, self.opened(old)))

    def opened(self, path: Path) -> int:
        """A descriptor of the file at *path*."""
        descriptor = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        return descriptor

    def test_fifo_whose_reader_reads_nothing_loses_whole_lines_and_does_not_wait(
        self,
    ) -> None:
        self.patch(access_log, "MAX_WAITING_BYTES", WAITING_BYTES)
        fifo = self.path.with_suffix(".fifo")
        os.mkfifo(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.log = AccessLog(str(fifo), self.clock)
        self.assertFalse(os.get_blocking(self.log._descriptor))
        self.site.add_batch_observer(self.log)
        connection = self.connect()
        for _ in range(TOO_MANY):
            self.assertIn(b" 200 ", connection.send(LONG_GET))
        self.clock.advance(NOTED_SECONDS)
        lost = self.log._lost
        self.assertGreater(lost, 0)
        found = b""
        for number in range(20):
            with contextlib.suppress(BlockingIOError):
                while more := os.read(reader, 1024 * 1024):
                    found += more
            if number < 10:
                connection.send(LONG_GET)
            self.clock.advance(NOTED_SECONDS)
        lines = found.decode().splitlines()
        self.assertEqual({len(line) for line in lines}, {len(lines[0])})
        self.assertGreaterEqual(len(lines) + lost, TOO_MANY)
        self.assertEqual(self.log._lost, 0)

    def full_fifo(self, suffix: str) -> tuple[int, AccessLog]:
        """A log with more lines than fit into its FIFO, and who may read there."""
        fifo = self.path.with_suffix(suffix)
        os.mkfifo(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        log = AccessLog(str(fifo), self.clock)
        self.site.add_batch_observer(log)
        connection = self.connect()
        for _ in range(TOO_MANY):
            connection.send(LONG_GET)
        self.clock.advance(NOTED_SECONDS)
        return reader, log

    def test_others_who_write_to_the_same_pipe_do_so_between_lines(self) -> None:
        reader, _ = self.full_fifo(".fifo")
        other = os.open(self.path.with_suffix(".fifo"), os.O_WRONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, other)
        found = b""
        for _ in range(200):  # a reader that reads a little now and then
            with contextlib.suppress(BlockingIOError):
                found += os.read(reader, 5000)
            with contextlib.suppress(BlockingIOError):
                os.write(other, b"another\n")
            self.clock.advance(RETRY_SECONDS)
        lines = re.sub(r"\[.*?\]", "[time]", found.decode()).splitlines()
        self.assertEqual(len({*lines}), 2, {*lines})
        self.assertEqual(len(lines) - lines.count("another"), TOO_MANY)

    def test_at_the_end_a_reader_has_some_time_and_what_it_leaves_is_said(self) -> None:
        for reads in (True, False):
            reader, log = self.full_fifo(f".{reads}")
            found = b""
            with capturedLogs() as logged:
                closed = log.close()
                for _ in range(LAST_TRIES):
                    self.assertNoResult(closed)
                    if reads and len(found) < 2 * 65536:
                        found += os.read(reader, 65536)
                    self.clock.advance(RETRY_SECONDS)
                    if closed.called:
                        break
            self.successResultOf(closed)
            found += os.read(reader, 1024 * 1024)
            lost = sum(event.get("lost", 0) for event in logged)
            self.assertEqual(found.count(b"\n") + lost, TOO_MANY)
            self.assertEqual(bool(lost), not reads)

    def test_what_cannot_be_written_is_lost_and_said_once(self) -> None:
        connection = self.connect()
        os.close(self.log._descriptor)
        self.log._descriptor = os.open("/dev/full", os.O_WRONLY)
        self.log._path = "/dev/full"
        for _ in range(3):
            self.assertIn(b" 200 ", connection.send(GET))
            self.clock.advance(NOTED_SECONDS)
        self.assertEqual(self.log._lost, 3)
        self.log._path = str(self.path)
        connection.send(GET)
        self.assertEqual(len(self.lines()), 1)
        self.assertEqual(self.log._lost, 0)

    def test_a_client_without_an_address_is_a_dash(self) -> None:
        channel = self.site.buildProtocol(None)
        channel.makeConnection(StringTransport(peerAddress=UNIXAddress(None)))
        channel.dataReceived(GET)
        (line,) = self.lines()
        self.assertTrue(line.startswith("- - - ["), line)

    def test_a_line_that_was_cut_by_a_full_disk_is_finished_before_the_next(
        self,
    ) -> None:
        connection = self.connect()
        for _ in range(3):
            connection.send(GET)
        room = [100, 0]
        whole = os.write

        def write(descriptor: int, data: bytes) -> int:
            if not room:
                return whole(descriptor, data)
            taken = room.pop(0)
            if not taken:
                raise OSError(ENOSPC, "full")
            return whole(descriptor, data[:taken])

        self.patch(os, "write", write)
        self.assertEqual(len(self.lines()), 2)  # one, and the beginning of another
        self.assertEqual(self.log._lost, 1)
        connection.send(GET)
        lines = self.lines()
        self.assertEqual(len(lines), 3)
        self.assertEqual({len(line) for line in lines}, {len(lines[0])})

    def test_the_rest_of_a_cut_line_does_not_go_into_another_file(self) -> None:
        connection = self.connect()
        connection.send(GET)
        self.log._is_cut, self.log._waiting = True, b"the rest\n"
        self.path.rename(self.path.with_suffix(".1"))
        (line,) = self.lines()
        self.assertTrue(line.startswith("127.0.0.1 "), line)

    def test_a_fault_in_making_lines_does_not_end_the_exchange(self) -> None:
        self.patch(self.log, "_make_lines", lambda events: 1 / 0)
        connection = self.connect()
        for _ in range(NOTED_AT_MOST):
            self.assertIn(b" 200 ", connection.send(GET))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class LogOfEventsTests(AccessLogTests):
    """It is the same if exchanges are not told in short."""

    in_batches = False


class JSONLogTests(EventCase):
    """`AccessLog` with one JSON object a line."""

    in_batches = True

    def setUp(self) -> None:
        super().setUp()
        self.path = Path(self.mktemp())
        self.log = AccessLog(str(self.path), self.clock, format="json")
        self.site.add_batch_observer(self.log)

    def objects(self) -> list[dict[str, Any]]:
        """The objects in the file, after its second."""
        self.clock.advance(NOTED_SECONDS)
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def test_setting_the_clock_changes_the_time_and_no_duration(self) -> None:
        connection = self.connect()
        self.render = self.hold
        for year in (2031, 2026):
            connection.send(GET)
            now = datetime(year, 6, 7, 8, 9, 10, tzinfo=UTC).timestamp()
            self.patch(events, "time", lambda now=now: now)
            self.held[-1].finish()
            found = self.objects()[-1]
            self.assertRegex(found["time"], f"^{year}-06-0")
            self.assertLess(found["duration"], 60.0)
            self.assertGreaterEqual(found["duration"], found["first_byte"])
            self.assertGreaterEqual(found["first_byte"], 0.0)

    def test_a_complete_exchange_has_all_members(self) -> None:
        self.connect().send(GET.replace(b"\r\n\r\n", b"\r\nX-Request-ID: r1\r\n\r\n"))
        (found,) = self.objects()
        self.assertRegex(found.pop("time"), r"^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$")
        self.assertRegex(found.pop("id"), r"^[0-9a-f]{12}-1$")
        self.assertGreaterEqual(found.pop("duration"), found.pop("first_byte"))
        self.assertEqual(found, {
            "client": "127.0.0.1", "method": "GET", "target": "/a?b",
            "version": "HTTP/1.1", "host": "a", "status": 200, "bytes": 5,
            "request_bytes": 0, "tls": None, "tls_client": None, "referer": None,
            "user_agent": "test",
            "request_id": "r1", "ending": "complete",
        })  # fmt: skip

    def test_each_exchange_has_another_id(self) -> None:
        connection = self.connect()
        for _ in range(3):
            connection.send(GET)
        self.assertEqual(len({found["id"] for found in self.objects()}), 3)

    def test_a_refused_request_has_its_reason_and_clause(self) -> None:
        self.connect().send(b"GET / HTTP/9.9\r\n\r\n")
        (found,) = self.objects()
        self.assertEqual((found["status"], found["ending"]), (505, "refused"))
        self.assertEqual(found["reason"], "version not supported")
        self.assertEqual(found["clause"], "RFC 9110 section 15.6.6")

    def test_a_client_that_has_gone_has_no_status(self) -> None:
        self.render = self.hold
        connection = self.connect()
        connection.send(GET)
        connection.leave()
        (found,) = self.objects()
        self.assertEqual((found["status"], found["first_byte"]), (0, None))
        self.assertEqual(found["ending"], "client gone")

    def test_nothing_that_a_client_sends_breaks_an_object(self) -> None:
        self.connect().send(
            b'GET /"\\ HTTP/1.1\r\nHost: a\r\nUser-Agent: "\xe4\xc3\xa4\x85}\r\n\r\n'
        )
        self.connect().send(b"GET /\x1b[2J\n\x00\xe2\x80\xa8 HTTP/1.1\r\n\r\n")
        first, second = self.objects()
        self.assertEqual(first["target"], '/"\\')
        self.assertEqual(first["user_agent"], '"\\xe4\u00e4\\x85}')
        self.assertIn("\x1b[2J", second["target"])


class CombinedFormatTests(SynchronousTestCase):
    """`CombinedFormat`."""

    def test_more_values_than_are_kept_are_quoted_all_the_same(self) -> None:
        self.patch(access_log_format, "KEPT_VALUES", 3)
        made = CombinedFormat()
        agents = [b"one", b'"', b"three", b"four", b'"', b"x" * 600, b""]
        events = []
        for agent in agents:
            fields = {b"user-agent": agent}.get
            what = (CLIENT_ADDRESS, b"GET", b"/", b"HTTP/1.1", fields, 200, 0, 5)
            events.append(ExchangeDone(*what, 0.0, 0.0, 0.0, Ending.COMPLETE))
        found = [line.split(b'"')[-2] for line in made(events)]
        long = b"x" * 600
        expected = [b"one", rb"\x22", b"three", b"four", rb"\x22", long, b"-"]
        self.assertEqual(found, expected)
        self.assertEqual([line.split(b'"')[-2] for line in made(events)], expected)

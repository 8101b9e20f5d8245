"""
The table of raw requests against the site in memory and against a daemon.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from dartio_tut.daemon import Site
from dartio_tut.test.support.conformance import (
    Row,
    WrongResponse,
    check,
    check_connection,
    read_table,
    verdict_of,
)
from dartio_tut.test.support.ratchet import Faults, fallen, read_verdicts
from dartio_tut.test.support.recording import RecordedConnection, Recorder
from dartio_tut.test.support.three_ways import judge
from dartio_tut.testing import FramingError, ResponseReader

from .support.exchange import exchange
from .support.harness import Case

TABLE = Path(__file__).with_name("conformance.toml")
VERDICTS = Path(__file__).with_name("conformance_verdicts.toml")

MEMORY, SOCKET = "memory", "socket"

LAST = b"GET /next HTTP/1.1\r\nHost: next\r\nConnection: close\r\n\r\n"
"""Behind each row over a socket, so that the server closes in the end."""

AT_ONCE = 16
"""Rows under way at a time: a wrong one may leave its client waiting."""

PATIENCE = 30.0
"""Seconds until a row over a socket counts as left without an answer."""


def connect() -> RecordedConnection:
    """A connection in memory to the site, with a clock of its own."""
    clock = Clock()
    recorder = Recorder(clock.callLater)
    site = Site(recorder, reactor=clock)
    protocol = site.buildProtocol(IPv4Address("TCP", "127.0.0.1", 50000))
    assert protocol is not None
    return RecordedConnection(protocol, clock, recorder.seen)


def rows(house: str) -> list[Row]:
    """The rows that are judged in *house*."""
    return [row for row in read_table(TABLE) if row.house in ("", house)]


def faults(asked: Iterable[Row], judge_one: Callable[[Row], None]) -> Faults:
    """Why rows are wrong, by their names, when *judge_one* judges."""
    found = {}
    for row in asked:
        try:
            judge_one(row)
        except WrongResponse as error:
            found[row.name] = f"{error} ({row.clause})"
    return found


def memory_faults() -> Faults:
    """What is wrong with the site in memory."""
    return faults(rows(MEMORY), lambda row: judge(row, connect))


def socket_faults(port: int) -> Faults:
    """What is wrong with the daemon at *port*, which serves ``hello``."""
    found: dict[str, str] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        each = pool.map(
            lambda row: faults([row], lambda row: judge_socket(row, port)), rows(SOCKET)
        )
        for one in each:
            found |= one
    return found


def judge_socket(row: Row, port: int) -> None:
    """
    Send *row* whole, with a good request behind it where one may follow.

    :raise WrongResponse: when it is not answered as it should be.
    """
    open_ended = any(row.verdict_with_next(verdict) is None for verdict in row.accept)
    data = row.request if open_ended else row.request + LAST
    answers = ResponseReader(row.methods)
    try:
        answers.feed(exchange(port, data, half_close=open_ended, patience=PATIENCE))
        answers.end()
        verdict = verdict_of(answers, True)
        check(row, verdict, answers.responses, accepted(row, open_ended))
        if not open_ended:
            check_connection(row, verdict, answers.responses)
    except (FramingError, OSError) as error:
        raise WrongResponse(f"{type(error).__name__}: {error}") from error


def accepted(row: Row, open_ended: bool) -> list[str]:
    """
    The verdicts of *row* as a client on a socket sees them.

    What ends in the middle of a message may be refused (RFC 9112 section 8).
    """
    closing = []
    for verdict in row.accept:
        then = verdict if open_ended else row.verdict_with_next(verdict) or ""
        said = then.removesuffix("close").removesuffix("wait").strip()
        closing.append(f"{said} close".strip())
        if open_ended:
            closing.append(f"{said} 400 close".strip())
    return closing


class TableTests(TestCase):
    """The table itself."""

    def test_each_row_has_a_name_of_its_own_and_a_clause(self) -> None:
        names = [row.name for row in read_table(TABLE)]
        self.assertEqual(len(names), len(set(names)))
        for row in read_table(TABLE):
            self.assertRegex(row.clause, r"^RFC \d{4} [\dC]+(\.\d+)*$", row.name)
            self.assertTrue(row.accept, row.name)

    def test_the_record_names_the_rows_of_the_table(self) -> None:
        for house in (MEMORY, SOCKET):
            names = {row.name for row in rows(house)}
            self.assertEqual(set(read_verdicts(VERDICTS, house)), names)


class MemoryTests(TestCase):
    """Each row whole, in pieces, and with the next one behind it."""

    def test_no_verdict_falls(self) -> None:
        found = fallen(read_verdicts(VERDICTS, MEMORY), memory_faults())
        self.assertFalse(found, json.dumps(found, indent=1))


class SocketTests(Case):
    """A running daemon."""

    def test_no_verdict_falls(self) -> None:
        found = fallen(
            read_verdicts(VERDICTS, SOCKET), socket_faults(self.serve("hello").port)
        )
        self.assertFalse(found, json.dumps(found, indent=1))

    def answers(
        self, port: int, data: bytes, *, half_close: bool = False
    ) -> ResponseReader:
        """The answers to *data* on one connection, which the server closes."""
        answers = ResponseReader()
        answers.feed(exchange(port, data, half_close=half_close))
        answers.end()
        return answers

    def test_a_client_that_has_said_all_gets_its_answers(self) -> None:
        request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        answers = self.answers(self.serve("hello").port, request * 3, half_close=True)
        self.assertEqual(answers.codes, [200, 200, 200])

    def test_with_half_close_a_client_that_has_ended_gets_late_responses(
        self,
    ) -> None:
        asked = note({"myNote": "x"}, "Content-Length: %d\r\n")
        notes = self.serve("notes", "--half-close")
        answers = self.answers(notes.port, asked * 3, half_close=True)
        said = [answer.body for answer in answers.responses]
        self.assertEqual(said, [b"You have %d notes.\n" % n for n in (1, 2, 3)])

    def test_a_refused_upload_still_sees_why(self) -> None:
        size = 16 * 1024 * 1024
        head = b"POST / HTTP/1.1\r\nHost: a\r\n"
        upload = head + b"Content-Length: %d\r\n\r\n%b" % (size, bytes(size))
        writer = self.serve("writer").port
        for _ in range(10):
            self.assertEqual(self.answers(writer, upload).codes, [413])

    def test_bodies_arrive_as_they_were_sent(self) -> None:
        notes = self.serve("notes").port
        text = "\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"
        chunked = "Transfer-Encoding: chunked\r\n"
        for number, request in enumerate(
            [
                note({"myNote": text}, "Content-Length: %d\r\n"),
                note({"myNote": text}, chunked, size=1),
                note({"myNote": text}, chunked, size=7, extension=b';a="b;c"'),
                note({"myNote": text}, chunked, size=1000, trailer=b"X: y\r\n"),
            ]
        ):
            asked = note({"getNote": number}, "Content-Length: %d\r\n")
            answers = self.answers(notes, request + asked + LAST)
            self.assertEqual(answers.codes, [200, 200, 404])
            self.assertEqual(answers.responses[1].body.decode(), text + "\n")

    def test_answers_without_a_body(self) -> None:
        preflight = b"OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n"
        notes = self.answers(self.serve("notes").port, preflight * 2 + LAST)
        self.assertEqual(notes.codes, [204, 204, 404])
        since = b"If-Modified-Since: Fri, 31 Dec 2100 23:59:59 GMT\r\n"
        asked = b"GET / HTTP/1.1\r\nHost: a\r\n%b\r\n"
        file = self.serve("basic-file").port
        now = self.answers(file, asked % b"" * 2, half_close=True).responses[-1]
        for condition in (since, b"If-Modified-Since: %b\r\n", b"If-None-Match: *\r\n"):
            dated = condition.replace(b"%b", now.fields["last-modified"].encode())
            codes = self.answers(file, asked % dated * 2, half_close=True).codes
            self.assertIn(codes, ([304, 304], [200, 200]), dated)


def note(
    value: object,
    framing: str,
    *,
    size: int = 0,
    extension: bytes = b"",
    trailer: bytes = b"",
) -> bytes:
    """A request to ``notes``; with a *size* its body goes in chunks of that."""
    body = json.dumps(value).encode()
    head = b"POST / HTTP/1.1\r\nHost: a\r\n"
    if not size:
        return head + framing.encode() % len(body) + b"\r\n" + body
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    chunks = [b"%x%b\r\n%b\r\n" % (len(p), extension, p) for p in pieces]
    return b"".join(
        [head, framing.encode(), b"\r\n", *chunks, b"0\r\n", trailer, b"\r\n"]
    )

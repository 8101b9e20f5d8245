"""
Clients that mean harm, or are merely broken: each takes what it can get, others
are served meanwhile, and afterwards the daemon is as large as it was.
"""

from __future__ import annotations

import contextlib  # its suppress, imported by name, would be trial's own suppress
import json
import os
import resource
import select
import socket
from contextlib import ExitStack
from unittest import SkipTest

from dartio_tut.testing import ResponseReader

from .support.abuse import (
    BEAT,
    BODY_TIMEOUT,
    CROWD,
    GET,
    HEAD,
    HEADER_TIMEOUT,
    IDLE_TIMEOUT,
    LAST,
    MAX_BODY,
    MAX_CONNECTIONS,
    MAX_PER_CLIENT,
    MIB,
    POST,
    SHORT,
    SOON,
    SPARE,
    WRITE_TIMEOUT,
    AbuseCase,
    comes,
    cut,
    descriptors,
    memory,
    trickle,
)
from .support.exchange import connect, exchange, ready
from .support.harness import PATIENCE, Daemon, ask


class SlowTests(AbuseCase):
    """Clients that take their time."""

    def test_headers_that_trickle_are_ended(self) -> None:
        hello = self.serve("hello", HEADER_TIMEOUT, SHORT)
        with self.survives(hello), ExitStack() as stack:
            others = [stack.enter_context(connect(hello.port)) for _ in range(50)]
            for other in others:
                other.sendall(HEAD)
            with connect(hello.port) as slow:
                slow.sendall(HEAD)
                said = trickle(slow, b"X: y\r\n")
            self.assertEqual(said[:13], b"HTTP/1.1 408 ")
            for other in others:
                self.assertEqual((comes(other, SOON) or b"")[9:12], b"408")

    def test_a_line_that_trickles_is_ended(self) -> None:
        hello = self.serve("hello", HEADER_TIMEOUT, SHORT)
        for start in (b"G", b"GET /", b"\r\n"):
            with connect(hello.port) as slow:
                slow.sendall(start)
                said = trickle(slow, b"x")
                self.assertIn(said[9:12], (b"", b"400", b"408"))
        self.served(hello)

    def test_a_second_request_that_trickles_is_ended(self) -> None:
        hello = self.serve("hello", HEADER_TIMEOUT, SHORT)
        with connect(hello.port) as slow:
            slow.sendall(GET + HEAD)
            answers = ResponseReader()
            answers.feed(trickle(slow, b"X: y\r\n"))
            self.assertEqual(answers.codes, [200, 408])

    def test_a_connection_that_says_nothing_is_ended(self) -> None:
        times = (HEADER_TIMEOUT, SHORT, IDLE_TIMEOUT, SHORT)
        hello = self.serve("hello", *times)
        with self.survives(hello):
            for first in (b"", GET):
                with connect(hello.port) as idle:
                    idle.sendall(first)
                    while part := comes(idle, SOON):
                        self.assertTrue(first, part)
                    self.assertEqual(part, b"", "an idle connection stays open")

    def test_an_idle_connection_is_kept_as_long_as_it_may_be(self) -> None:
        hello = self.serve("hello", HEADER_TIMEOUT, SHORT, IDLE_TIMEOUT, "60")
        with connect(hello.port) as idle:
            idle.sendall(GET)
            self.assertTrue(comes(idle, SOON))
            self.assertIsNone(comes(idle, 4.0), "ended by the wrong limit")
            idle.sendall(GET)
            self.assertTrue(comes(idle, SOON))

    def test_a_body_that_stalls_is_ended(self) -> None:
        hello = self.serve("hello", BODY_TIMEOUT, SHORT)
        chunked = b"Transfer-Encoding: chunked\r\n\r\n"
        with self.survives(hello), ExitStack() as stack:
            slow = [stack.enter_context(connect(hello.port)) for _ in range(50)]
            for number, connection in enumerate(slow):
                sized = b"Content-Length: 1000000\r\n\r\nx"
                connection.sendall(POST + (chunked + b"5\r\nx", sized)[number % 2])
            for connection in slow:
                self.assertEqual((comes(connection, SOON) or b"")[9:12], b"408")

    def test_a_body_that_trickles_is_ended(self) -> None:
        hello = self.serve("hello", BODY_TIMEOUT, SHORT)
        for framing, piece in (
            (b"Content-Length: 1000000", b"x"),
            (b"Transfer-Encoding: chunked", b"1\r\nx\r\n"),
        ):
            with connect(hello.port) as slow:
                slow.sendall(POST + framing + b"\r\n\r\n")
                said = trickle(slow, piece, 3 * SOON)
                self.assertIn(said[9:12], (b"", b"408"))
        self.served(hello)

    def test_a_body_that_is_slow_but_goes_on_is_taken(self) -> None:
        hello = self.serve("hello", BODY_TIMEOUT, SHORT)
        pieces = 45
        with connect(hello.port) as slow:
            slow.sendall(POST + b"Content-Length: %d\r\n\r\n" % (pieces * 1000))
            for _ in range(pieces):
                slow.sendall(bytes(1000))
                said = comes(slow, BEAT)
                if said is not None:
                    break
            self.assertIn(b" 200 OK", said or comes(slow, SOON) or b"")

    def large(self, size: int) -> tuple[str, ...]:
        """The options to serve a file of *size* bytes, and stop slow readers."""
        with (self.here / "index.html").open("wb") as file:
            file.truncate(size)
        return ("--root", str(self.here), WRITE_TIMEOUT, SHORT)

    def test_readers_of_a_large_file_that_stall_are_ended(self) -> None:
        size = 64 * MIB
        server = self.serve("basic-file", *self.large(size))
        with self.survives(server), ExitStack() as stack:
            files = descriptors(server)
            for _ in range(20):
                slow = stack.enter_context(connect(server.port, receive_buffer=4096))
                slow.sendall(GET)
                self.assertTrue(comes(slow, SOON))
            self.assertLess(memory(server), 20 * 20 * MIB)
            self.becomes(
                server, lambda: descriptors(server) <= files + 1, "not one is ended"
            )
            came = 0
            while part := comes(slow, SOON):
                came += len(part)
            self.assertLess(came, size)

    def test_a_reader_that_is_slow_but_goes_on_gets_all(self) -> None:
        size = 8 * MIB
        server = self.serve("basic-file", *self.large(size))
        answers = ResponseReader()
        with (
            connect(server.port, receive_buffer=65536) as slow,
            connect(server.port) as quiet,
        ):
            slow.sendall(LAST)
            while part := slow.recv(256 * 1024):
                answers.feed(part)
                if len(answers.responses[0].body) < size / 2:
                    comes(quiet, BEAT / 4)
        answers.end()
        self.assertEqual(len(answers.responses[0].body), size)


class FloodTests(AbuseCase):
    """Clients that send too much."""

    def test_idle_connections_are_not_felt_by_others(self) -> None:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard < CROWD + 100:
            raise SkipTest(f"NOT TESTED: a crowd; no more than {hard} descriptors")
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        limits = resource.RLIMIT_NOFILE, (soft, hard)
        self.addCleanup(resource.setrlimit, *limits)
        many = str(2 * CROWD)
        hello = self.serve("hello", MAX_CONNECTIONS, many, MAX_PER_CLIENT, many)
        self.crowd(hello)  # what it takes once, it may keep
        with self.survives(hello, 4 * MIB):
            self.crowd(hello)

    def crowd(self, hello: Daemon) -> None:
        """Open many connections, half of them used; then leave."""
        with ExitStack() as stack:
            all_ = [stack.enter_context(connect(hello.port)) for _ in range(CROWD)]
            used = all_[::2]
            for connection in used:
                connection.sendall(GET)
            for connection in used:
                self.assertIn(b" 200 OK", comes(connection, PATIENCE) or b"")
            for _ in range(20):
                self.served(hello)
            self.assertGreater(descriptors(hello), CROWD)
            self.assertLess(memory(hello), 150 * MIB)

    def test_connections_beyond_the_limit_of_a_client_get_503(self) -> None:
        """When one leaves, it is 200 again."""
        hello = self.serve("hello", MAX_PER_CLIENT, "10")
        with ExitStack() as stack:
            for _ in range(10):
                connection = stack.enter_context(connect(hello.port))
                connection.sendall(GET)
                self.assertIn(b" 200 OK", comes(connection, SOON) or b"")
            for _ in range(3):
                self.refused(hello)
            connection.sendall(GET)
            self.assertIn(b" 200 OK", comes(connection, SOON) or b"")
        self.becomes(hello, lambda: ask(hello).code == 200, "it stays full")

    def test_connections_beyond_the_limit_get_503(self) -> None:
        hello = self.serve("hello", MAX_CONNECTIONS, "10")
        with ExitStack() as stack:
            for _ in range(10):
                busy = stack.enter_context(connect(hello.port))
                busy.sendall(
                    POST + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n"
                )
                self.assertIn(b" 100 ", comes(busy, SOON) or b"")
            for _ in range(3):
                self.refused(hello)
        self.becomes(hello, lambda: ask(hello).code == 200, "it stays full")

    def test_some_idle_connections_give_way_to_new_ones(self) -> None:
        hello = self.serve("hello", MAX_CONNECTIONS, "10")
        with ExitStack() as stack:
            idle = [stack.enter_context(connect(hello.port)) for _ in range(10)]
            for connection in idle:
                connection.sendall(GET)
                self.assertIn(b" 200 OK", comes(connection, SOON) or b"")
            new = stack.enter_context(connect(hello.port))
            new.sendall(GET)
            self.assertIn(b" 200 OK", comes(new, SOON) or b"")
            closed = [comes(connection, BEAT) == b"" for connection in idle]
            self.assertIn(True, closed)
            self.assertIn(False, closed)

    def refused(self, hello: Daemon) -> None:
        """One connection more is answered 503, and closed."""
        answers = ResponseReader()
        answers.feed(exchange(hello.port, GET, patience=SOON))
        self.assertEqual(answers.codes, [503])
        self.assertTrue(answers.responses[0].has_connection_option("close"))

    def test_floods_of_header_fields_are_refused(self) -> None:
        hello = self.serve("hello")
        chunked = POST + b"Transfer-Encoding: chunked\r\n\r\n"
        floods = {
            b"GET /" + b"a" * MIB: (414,),
            HEAD + b"X: y\r\n" * 200_000: (431,),
            HEAD + b"X: " + b"y" * MIB: (431,),
            HEAD + b"X" * MIB: (400, 431),
            b"\r\n" * 500_000: (400, 408, 414, 431),
            chunked + b"1;" + b"a" * MIB: (400, 413, 431),
            chunked + b"0" * MIB: (400, 413, 431),
            chunked + b"0\r\n" + b"X: y\r\n" * 200_000: (400, 413, 431),
        }
        with self.survives(hello):
            for _ in range(10):
                for flood, codes in floods.items():
                    answers = ResponseReader()
                    answers.feed(exchange(hello.port, flood, half_close=True))
                    answers.end()
                    self.assertEqual(len(answers.responses), 1, flood[:60])
                    self.assertIn(answers.codes[0], codes, flood[:60])

    def test_bodies_left_half_way_leave_nothing_behind(self) -> None:
        hello = self.serve("hello", MAX_BODY, str(8 * MIB))
        head = POST + b"Content-Length: %d\r\n\r\n" % (8 * MIB)
        with self.survives(hello):
            for number in range(40):
                connection = connect(hello.port)
                connection.sendall(head + bytes(4 * MIB))
                (cut if number % 2 else socket.socket.close)(connection)

    def test_a_body_beyond_the_limit_that_was_set(self) -> None:
        hello = self.serve("hello", MAX_BODY, "1000")
        for length, code in ((1000, 200), (1001, 413)):
            sized = POST + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % length
            answers = ResponseReader()
            answers.feed(exchange(hello.port, sized + bytes(length)))
            self.assertEqual(answers.codes, [code])


class PipelineTests(AbuseCase):
    """Clients that do not wait for answers."""

    def test_a_thousand_requests_are_answered_in_order(self) -> None:
        notes = self.serve("notes")
        with self.survives(notes):
            asked = [b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(1000)]
            answers = ResponseReader()
            answers.feed(exchange(notes.port, b"".join([*asked, LAST])))
            answers.end()
            bodies = [a.body.rpartition(b"/")[2] for a in answers.responses]
            self.assertEqual(bodies, [*(b"%d" % n for n in range(1000)), b""])

    def test_a_thousand_answers_that_come_later_stay_in_order(self) -> None:
        notes = self.serve("notes")
        with self.survives(notes):
            body = json.dumps({"myNote": "x"}).encode()
            asked = POST + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            answers = ResponseReader()
            answers.feed(exchange(notes.port, asked * 1000 + LAST))
            answers.end()
            bodies = [bytes(answer.body) for answer in answers.responses[:-1]]
            wanted = [b"You have %d notes.\n" % (n + 1) for n in range(1000)]
            self.assertEqual(bodies, wanted)

    def test_files_large_and_small_stay_in_order(self) -> None:
        sizes = [0, 1, 1000, 40_000, 300_000]
        for size in sizes:
            (self.here / f"{size}.bin").write_bytes(os.urandom(size))
        static = self.serve("static", "--root", str(self.here))
        names = [f"{size}.bin" for size in sizes * 20]
        asked = b"".join(
            f"GET /{name} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for name in names
        )
        with self.survives(static):
            answers = ResponseReader()
            answers.feed(exchange(static.port, asked + LAST))
            answers.end()
            self.assertEqual(len(answers.responses), len(names) + 1)
            for name, answer in zip(names, answers.responses, strict=False):
                self.assertTrue(answer.body == (self.here / name).read_bytes(), name)

    def test_a_client_that_does_not_read_is_not_read_from(self) -> None:
        hello = self.serve("hello", WRITE_TIMEOUT, "60")
        with self.survives(hello), connect(hello.port, receive_buffer=4096) as deaf:
            size, sent = memory(hello), 0
            deaf.setblocking(False)
            while sent < 64 * MIB and ready(deaf, select.POLLOUT, 1.0):
                with contextlib.suppress(BlockingIOError):
                    sent += deaf.send(GET * 1000)
            self.assertLess(sent, 64 * MIB, "answers pile up without end")
            self.assertLess(memory(hello), size + 2 * SPARE)
            self.served(hello)


class ResetTests(AbuseCase):
    """Clients that go away."""

    def test_clients_that_reset_in_the_middle_of_a_response_leave_nothing_behind(
        self,
    ) -> None:
        with (self.here / "index.html").open("wb") as file:
            file.truncate(32 * MIB)
        server = self.serve("basic-file", "--root", str(self.here))
        with self.survives(server):
            for number in range(200):
                connection = connect(server.port)
                connection.sendall(GET * (1 + number % 3))
                if number % 4:
                    self.assertTrue(comes(connection, SOON))
                (socket.socket.close if number % 5 else cut)(connection)
                if number % 50 == 0:
                    self.served(server)

    def test_clients_that_reset_in_the_middle_of_a_request_leave_nothing_behind(
        self,
    ) -> None:
        hello = self.serve("hello")
        with self.survives(hello):
            for number in range(400):
                connection = connect(hello.port)
                whole = POST + b"Content-Length: 100000\r\n\r\n" + bytes(1000)
                connection.sendall(whole[: number * 3])
                (cut if number % 2 else socket.socket.close)(connection)

    def test_clients_that_reset_before_a_late_response_leave_nothing_behind(
        self,
    ) -> None:
        notes = self.serve("notes")
        body = json.dumps({"myNote": "x" * 1000}).encode()
        asked = POST + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        with self.survives(notes):
            for number in range(200):
                connection = connect(notes.port)
                connection.sendall(asked * 3)
                (cut if number % 2 else socket.socket.close)(connection)
            with connect(notes.port) as last:
                last.sendall(asked)
                said = comes(last, SOON) or b""
            self.assertIn(b"You have ", said)

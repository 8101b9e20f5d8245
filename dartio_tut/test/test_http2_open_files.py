"""
`dartio_tut.wire.http2.open_files`: few clients cannot keep all descriptors.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IPullProducer
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from dartio_tut.daemon import Limits
from dartio_tut.wire import Ending
from dartio_tut.wire.http2.engines import EngineChoice
from dartio_tut.wire.http2.large_bodies import LargeBodies
from dartio_tut.wire.http2.open_files import ConnectionFiles, OpenFiles

from .support.http2_client import (
    END_HEADERS,
    HTTP2Client,
    data_frame,
    engines,
    reset_frame,
    window_frame,
)
from .test_http2_streams import HTTP2Case

MOST = 5
FILE_BYTES = 100_000
KNOWN = range(1, 21, 2)
"""The streams of ten requests."""


def open_files(path: Path) -> int:
    """How many descriptors of this process are of the file at *path*."""
    found = 0
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found += os.path.samefile(entry, path)
    return found


class Body:
    """A large body."""

    goes_on = False

    def go_on(self) -> None:
        """It may become large."""
        self.goes_on = True


class OpenFilesTests(HTTP2Case):
    """When as many are open as there may be, each connection has one at a time."""

    limits = Limits(connections=MOST, streams=20, body_in_memory=100, body_time=1000)

    def setUp(self) -> None:
        super().setUp()
        self.path = Path(self.mktemp())
        self.path.write_bytes(bytes(FILE_BYTES))

    def send_file(self, request: Any) -> int:
        """Send the file."""
        descriptor = os.open(self.path, os.O_RDONLY)
        request.send_file(descriptor, 0, FILE_BYTES)
        return NOT_DONE_YET

    def pull(self, request: Any) -> int:
        """Send a file as `twisted.web.static.File` does."""

        @implementer(IPullProducer)
        class Reading:
            def resumeProducing(self) -> None:
                request.write(bytes(FILE_BYTES))

            def stopProducing(self) -> None:
                pass

        request.registerProducer(Reading(), False)
        return NOT_DONE_YET

    def clients(self, engine: EngineChoice, render: Any) -> list[HTTP2Client]:
        """Three of one site, which read nothing."""
        closed = {"INITIAL_WINDOW_SIZE": 0}
        first = self.client(engine, render, settings=closed)
        first.site.http2.files.most = MOST  # else as many as streams
        others = [self.another(first, engine) for _ in range(2)]
        return [first, *others]

    def another(self, client: HTTP2Client, engine: EngineChoice) -> HTTP2Client:
        """One more client of the same site."""
        closed = {"INITIAL_WINDOW_SIZE": 0}
        return HTTP2Client(
            client.site.resource, engine, settings=closed, site=client.site
        )

    def refused(self, client: HTTP2Client, numbers: range = KNOWN) -> list[int]:
        """The streams of *client* whose response is 503."""
        return [n for n in numbers if client.answer(n).status == 503]

    def test_each_connection_has_one_when_there_are_too_many(self) -> None:
        for engine in engines():
            for render in (self.send_file, self.pull):
                greedy, second, third = self.clients(engine, render)
                for client in (greedy, second, third):
                    client.send(*(client.head(number) for number in KNOWN))
                self.assertEqual(self.refused(greedy), list(KNOWN)[MOST:])
                for client in (second, third):
                    self.assertEqual(self.refused(client), list(KNOWN)[1:])
                    self.assertEqual(client.answer(1).status, 200)
                for client in (greedy, second, third):
                    client.leave()
                done = self.exchanges()
                told = {e.reason for e in done if e.ending is Ending.REFUSED}
                self.assertEqual(told, {"too many open files"})
                self.assertEqual(greedy.site.http2.files.count, 0)
                self.assertEqual(open_files(self.path), 0)

    def test_files_that_are_known_late_count_too(self) -> None:
        for engine in engines():
            client, *_ = self.clients(engine, self.send_file)
            for number in KNOWN:  # requests whose bodies have not come
                client.send(client.head(number, flags=END_HEADERS))
            client.send(*(data_frame(number, b"") for number in KNOWN))
            self.assertEqual(open_files(self.path), MOST)
            client.leave()
            client, *_ = self.clients(engine, self.hold)
            client.send(*(client.head(number) for number in KNOWN))
            for request in self.held:  # resources that respond later
                self.send_file(request)
            self.assertEqual(open_files(self.path), MOST)
            self.assertEqual(self.refused(client.read()), list(KNOWN)[MOST:])
            client.leave()
            self.held.clear()
            self.errors.clear()

    def test_a_page_has_all_its_files_at_once(self) -> None:
        for engine in engines():
            client = self.client(engine, self.send_file)
            numbers = range(1, 41, 2)
            client.send(*(client.head(number) for number in numbers))
            self.assertEqual(self.refused(client, numbers), [])
            client.leave()

    def test_what_ends_makes_room(self) -> None:
        for engine in engines():
            client, *_ = self.clients(engine, self.send_file)
            client.send(*(client.head(number) for number in KNOWN))
            client.send(reset_frame(1), client.head(21), client.head(23))
            self.assertEqual(self.refused(client, range(21, 25, 2)), [23])
            client.send(window_frame(0, 10 * FILE_BYTES))
            client.send(window_frame(3, FILE_BYTES))
            self.assertEqual(len(client.answer(3).body), FILE_BYTES)
            client.send(client.head(25), client.head(27))
            self.assertEqual(self.refused(client, range(25, 29, 2)), [27])
            client.leave()
            self.assertEqual(client.site.http2.files.count, 0)

    def test_small_responses_of_others_are_sent(self) -> None:
        def render(request: Any) -> Any:
            return b"small" if request.uri == b"/small" else self.send_file(request)

        for engine in engines():
            greedy, other, _ = self.clients(engine, render)
            greedy.send(*(greedy.head(number) for number in KNOWN))
            numbers = range(1, 41, 2)
            for client in (other, greedy):
                client.send(*(client.head(n, path=b"/small") for n in numbers[10:15]))
                self.assertEqual(self.refused(client, numbers[10:15]), [])
                self.assertEqual(client.answer(29).status, 200)

    def test_bodies_that_wait_have_the_room_that_becomes_free(self) -> None:
        files = OpenFiles(MOST)
        own, others = ConnectionFiles(files), ConnectionFiles(files)
        bodies = LargeBodies(own)
        for _ in range(MOST):
            others.opened()
        waiting = [Body() for _ in range(6)]
        may = [bodies.enter(body) for body in waiting]
        self.assertEqual(may, [True, False, False, False, False, False])
        for _ in range(MOST):
            others.closed()
        newcomer = Body()
        self.assertFalse(bodies.enter(newcomer))
        bodies.leave(waiting[0])
        self.assertEqual([body.goes_on for body in waiting[1:]], [True] * 5)
        self.assertFalse(newcomer.goes_on)
        bodies.leave(waiting[1])
        self.assertTrue(newcomer.goes_on)

    def test_large_bodies_count_too_and_wait(self) -> None:
        for engine in engines():
            first, second, _ = self.clients(engine, lambda _: b"taken")
            for client in (first, second):
                for number in KNOWN:
                    head = client.head(number, method=b"POST", flags=END_HEADERS)
                    client.send(head)
                for number in KNOWN:
                    client.send(data_frame(number, bytes(150), 0))
            self.assertEqual(first.site.http2.files.count, MOST + 1)
            for client in (second, first):
                client.send(window_frame(0, 10_000))
                for number in KNOWN:
                    client.send(data_frame(number, bytes(10)))
                    client.send(window_frame(number, 1000))
                    self.assertEqual(client.answer(number).body, b"taken")
            self.assertEqual(first.site.http2.files.count, 0)

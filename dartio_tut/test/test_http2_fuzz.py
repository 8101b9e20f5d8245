"""
`dartio_tut.wire.http2` under frames that nobody has thought of.

Whatever comes, nothing is raised, nothing is logged as a failure, no file stays open,
and what is sent back can be read.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import Limits
from dartio_tut.wire import Event, ExchangeDone
from dartio_tut.wire.http2.engine import ErrorCode
from dartio_tut.wire.http2.engines import EngineChoice
from dartio_tut.wire.http2.frames import Kind

from .support.any_input import usual
from .support.function_resource import FunctionResource
from .support.http2_client import HTTP2Client, engines, request_fields
from .support.http2_table import FrameWriter, frame_bytes

LINES = (
    "GET 1 /",
    "GET 3 /file",
    "GET 5 /hold",
    "POST 7 /stream",
    "POST 9 /",
    "DATA 7 abc",
    "DATA 7 END_STREAM abc",
    "DATA 9 zeros 9000",
    "DATA 9 END_STREAM",
    "DATA 1 late",
    "HEADERS 9 END_STREAM | x-sum: 1",
    "HEADERS 11 OPEN | :method: GET | :scheme: https",
    "CONTINUATION 11 | :authority: a | :path: /",
    "HEADERS 13 END_STREAM | :method: GET | x: y",
    "RST_STREAM 1 CANCEL",
    "RST_STREAM 3 CANCEL",
    "RST_STREAM 7 NO_ERROR",
    "SETTINGS INITIAL_WINDOW_SIZE=0",
    "SETTINGS INITIAL_WINDOW_SIZE=70000 HEADER_TABLE_SIZE=0",
    "SETTINGS ACK",
    "WINDOW_UPDATE 0 100000",
    "WINDOW_UPDATE 3 1",
    "WINDOW_UPDATE 3 100000",
    "PRIORITY 3 0",
    "PING abcdefgh",
    "GOAWAY 0 NO_ERROR",
    "TYPE44 3 what",
)

lines = some.lists(some.sampled_from(LINES), min_size=1, max_size=14)


class Site:
    """A resource with all kinds of responses, and what became of its requests."""

    def __init__(self, path: Path, chance: random.Random) -> None:
        self.path = path
        self._chance = chance
        self.open: list[int] = []
        self.held: list[Any] = []
        self.resource = FunctionResource(self.render)
        self.resource.streams_up_to = 5000  # type: ignore[attr-defined]

    def render(self, request: Any) -> Any:
        """Respond at once, by a file, later or never."""
        if request.path == b"/file":
            descriptor = os.open(self.path, os.O_RDONLY)
            self.open.append(descriptor)
            request.send_file(descriptor, 0, self.path.stat().st_size)
            return NOT_DONE_YET
        if request.path in (b"/hold", b"/stream"):
            request.notifyFinish().addErrback(lambda _: None)
            self.held.append(request)
            return NOT_DONE_YET
        return b"x" * self._chance.choice([0, 1, 5000])

    def go_on(self) -> None:
        """Do something with what is held, as resources do."""
        for request in self.held:
            if getattr(request, "channel", None) is None or request.finished:
                continue
            what = self._chance.randrange(5)
            if what == 0:
                request.write(b"y" * 1000)
            elif what == 1:
                request.finish()
            elif what == 2:
                request.transport.abortConnection()
            elif what == 3:
                request.transport.loseConnection()

    def left_open(self) -> int:
        """How many of its files are open."""
        left = 0
        for descriptor in self.open:
            try:
                os.fstat(descriptor)
                left += 1
            except OSError:
                pass
        return left


class FuzzTests(SynchronousTestCase):
    """See the module."""

    limits = Limits(body=10_000, header_time=3, body_time=3, write_time=3, idle_time=5)

    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        self.path.write_bytes(bytes(200_000))

    def run_with(
        self, engine: EngineChoice, data: bytes, chance: random.Random
    ) -> None:
        """Send *data* in pieces, let time pass, and look at what is left."""
        events: list[Event] = []
        site = Site(self.path, chance)
        client = HTTP2Client(site.resource, engine, limits=self.limits, streaming=True)
        client.site.observer = events.append
        again = HTTP2Client(site.resource, engine, site=client.site)
        while data:
            size = chance.choice([1, 7, 100, 5000, len(data)])
            again.send(data[:size])
            data = data[size:]
            site.go_on()
            again.read()
            if chance.random() < 0.1:
                again.protocol.pauseProducing()
                again.protocol.resumeProducing()
        again.wait(chance.choice([0, 2, 12]))
        again.leave()
        again.clock.advance(0)
        self.assertEqual(site.left_open(), 0)
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEqual(client.site.connection_limit.count, 1)
        done = [event for event in events if isinstance(event, ExchangeDone)]
        self.assertLessEqual(len(done), 200)
        for request in site.held:
            self.assertTrue(
                getattr(request, "channel", None) is None or request.finished
            )

    @usual
    @given(lines, some.integers(0, 2**32))
    def test_frames_in_any_order(self, said: list[str], seed: int) -> None:
        for engine in engines():
            writer = FrameWriter()
            data = b"".join(writer.bytes_of(line) for line in said)
            self.run_with(engine, data, random.Random(seed))

    @usual
    @given(lines, some.integers(0, 2**32))
    def test_frames_with_wrong_bytes(self, said: list[str], seed: int) -> None:
        for engine in engines():
            chance, writer = random.Random(seed), FrameWriter()
            data = bytearray(b"".join(writer.bytes_of(line) for line in said))
            for _ in range(chance.randrange(1, 6)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            self.run_with(engine, bytes(data), chance)

    @usual
    @given(some.integers(0, 2**32))
    def test_frames_of_any_kind_and_payload(self, seed: int) -> None:
        for engine in engines():
            chance = random.Random(seed)
            data = b"".join(
                frame_bytes(
                    chance.randrange(11),
                    chance.choice([0, 1, 1, 2, 3, 3, 5, 2**31 - 1]),
                    chance.choice([0, 1, 4, 5, 8, 0x20, 255]),
                    chance.randbytes(chance.choice([0, 1, 4, 5, 6, 8, 9, 100])),
                )
                for _ in range(chance.randrange(1, 20))
            )
            self.run_with(engine, data, chance)

    @usual
    @given(some.binary(max_size=300), some.integers(0, 2**32))
    def test_header_sections_of_any_bytes(self, block: bytes, seed: int) -> None:
        for engine in engines():
            chance, writer = random.Random(seed), FrameWriter()
            head = bytes(writer._encoder.encode(request_fields()))
            data = frame_bytes(Kind.HEADERS, 1, 5, head + block)
            self.run_with(engine, data + writer.bytes_of("GET 3 /"), chance)

    def test_error_codes_are_those_of_the_rfc(self) -> None:
        self.assertEqual(len(ErrorCode), 14)

"""
`dartio_tut.wire.read_fault`: files that cannot be read while they are sent.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from twisted.logger import capturedLogs, formatEvent
from twisted.web.server import NOT_DONE_YET

from dartio_tut.testing import connect
from dartio_tut.wire import RepeatedLine, read_fault, send_parts, set_length
from dartio_tut.wire.file_sending import MAX_READ_AT_ONCE
from dartio_tut.wire.http2.engine import ErrorCode
from dartio_tut.wire.http2.engines import EngineChoice

from .support.function_resource import FunctionResource
from .support.http2_client import engines
from .test_http2_streams import HTTP2Case

LENGTHS = (100, 100_000)
"""Bytes of files that are sent with the head, and piece by piece."""


class ReadFaultTests(HTTP2Case):
    """A folder stands for a file whose disk fails: nothing can be read of it."""

    def setUp(self) -> None:
        super().setUp()
        self.path = Path(self.mktemp()).absolute()
        self.path.mkdir(parents=True)
        self.length = 0

    def whole(self, request: Any) -> int:
        """Send the file."""
        request.send_file(os.open(self.path, os.O_RDONLY), 0, self.length)
        return NOT_DONE_YET

    def parts(self, request: Any) -> int:
        """Send two parts of it."""
        set_length(request, 2 * self.length)
        parts = [(0, self.length), (self.length, self.length)]
        send_parts(request, os.open(self.path, os.O_RDONLY), parts)
        return NOT_DONE_YET

    def assert_one_line(self, render: Callable[[Any], int], ask: Any) -> None:
        """One line tells of two responses, and no file stays open."""
        for self.length in LENGTHS:
            self.patch(read_fault, "_told", RepeatedLine())
            opened = len(os.listdir("/proc/self/fd"))
            with capturedLogs() as events:
                ask(render)
                ask(render)
            line = f"{self.path} cannot be sent to its end: Is a directory"
            told = [formatEvent(event) for event in events]
            self.assertEqual(told, [f"{line} (1 since the last line)"])
            self.assertEqual(len(os.listdir("/proc/self/fd")), opened)

    def test_connection_is_cut_and_the_log_says_why(self) -> None:
        def ask(render: Callable[[Any], int]) -> None:
            connection = connect(FunctionResource(render))
            said = connection.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            if self.is_small(render):
                self.assertIn(b" 500 ", said)
                return
            self.assertTrue(connection.transport.disconnecting)
            self.assertEqual(said.partition(b"\r\n\r\n")[2], b"")

        for render in (self.whole, self.parts):
            self.assert_one_line(render, ask)

    def test_stream_is_reset_and_the_log_says_why(self) -> None:
        for engine in engines():
            ask = partial(self.is_reset, engine)
            for render in (self.whole, self.parts):
                self.assert_one_line(render, ask)

    def is_reset(self, engine: EngineChoice, render: Callable[[Any], int]) -> None:
        """Ask; the stream is reset, and nothing of a body has come."""
        client = self.client(engine, render)
        answer = client.send(client.head(1)).answer(1)
        if self.is_small(render):
            self.assertEqual((answer.status, answer.reset), (500, None))
            return
        self.assertEqual(answer.reset, ErrorCode.INTERNAL_ERROR)
        self.assertEqual(answer.body, b"")

    def is_small(self, render: Callable[[Any], int]) -> bool:
        """Whether it is read before anything is sent."""
        return render == self.whole and self.length < MAX_READ_AT_ONCE

    def test_where_proc_is_not_mounted_the_path_is_left_out(self) -> None:
        self.patch(read_fault, "_told", RepeatedLine())
        self.patch(os, "readlink", lambda path: os.stat("/nowhere"))
        with capturedLogs() as events:
            read_fault.report_read_fault(3, OSError(5, "Input/output error"))
        self.assertIn("A file cannot be sent to its end", formatEvent(events[0]))

"""
Answers from an open file, over real sockets: whole, in time, and nothing left open.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs, formatEvent
from twisted.web.server import NOT_DONE_YET

from dartio_tut.testing import ResponseReader
from dartio_tut.wire import RepeatedLine, read_fault

from .support.exchange import connect
from .support.serving import ServingCase, open_on, reset

MIB = 1024 * 1024
SIZE = 8 * MIB
NARROW = 16 * 1024
"""Bytes of a slow client's receive buffer: far less than the file."""

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class FileTests(ServingCase):
    """`send_file` on our own port."""

    def setUp(self) -> None:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        self.path = folder / "file"
        self.data = os.urandom(MIB) * (SIZE // MIB)
        self.path.write_bytes(self.data)
        self.offset, self.length = 0, SIZE

    def send(self, request: Any) -> int:
        """Answer with the file."""
        descriptor = os.open(self.path, os.O_RDONLY)
        request.send_file(descriptor, self.offset, self.length)
        return NOT_DONE_YET

    async def answers(self, port: int, data: bytes, *methods: str) -> ResponseReader:
        """The answers to *data*; afterwards no file is open."""
        answers = ResponseReader(methods)
        answers.feed(await self.exchange(port, data))
        answers.end()
        await self.closes()
        return answers

    async def closes(self) -> None:
        """The file is closed."""
        await self.until(lambda: not open_on(self.path))

    async def test_parts_of_a_file_are_sent_exactly(self) -> None:
        port = self.serve(self.send)
        for offset, length in [
            (0, 0),
            (0, 1),
            (7, 32 * 1024),
            (7, 32 * 1024 + 1),
            (1, SIZE - 1),
            (SIZE - 40_000, 40_000),
        ]:
            self.offset, self.length = offset, length
            (answer,) = (await self.answers(port, LAST)).responses
            self.assertEqual(answer.fields["content-length"], str(length))
            self.assertTrue(answer.body == self.data[offset : offset + length])

    async def test_a_head_request_gets_the_length_of_the_part(self) -> None:
        port = self.serve(self.send)
        for self.length in (0, 100, SIZE):
            ask = LAST.replace(b"GET", b"HEAD")
            (answer,) = (await self.answers(port, ask, "HEAD")).responses
            self.assertEqual(answer.fields["content-length"], str(self.length))

    async def test_pipelined_requests_get_their_files_in_order(self) -> None:
        port = self.serve(self.send)
        self.length = MIB
        found = await self.answers(port, 5 * GET + LAST)
        self.assertTrue(all(one.body == self.data[:MIB] for one in found.responses))
        self.assertEqual(len(found.responses), 6)

    async def test_where_sendfile_does_not_work_the_file_is_read_and_sent(self) -> None:
        for error in (errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP):

            def fail(*arguments: Any, error: int = error) -> int:
                raise OSError(error, os.strerror(error))

            self.patch(os, "sendfile", fail)
            port = self.serve(self.send)
            (response,) = (await self.answers(port, LAST)).responses
            self.assertTrue(response.body == self.data, error)

    async def test_an_http10_client_gets_the_file(self) -> None:
        port = self.serve(self.send)
        (answer,) = (await self.answers(port, b"GET / HTTP/1.0\r\n\r\n")).responses
        self.assertTrue(answer.body == self.data)

    async def test_a_client_that_closed_its_half_gets_the_file(self) -> None:
        port = self.serve(self.send)
        said = await self.exchange(port, GET, half_close=True)
        self.assertTrue(said.endswith(self.data))
        await self.closes()

    async def test_a_slow_client_holds_nobody_up(self) -> None:
        port = self.serve(self.send)
        with connect(port, NARROW) as slow:
            slow.sendall(LAST)
            await self.until(lambda: open_on(self.path))
            (answer,) = (await self.answers_beside(port)).responses
            self.assertTrue(answer.body == self.data)
            self.assertEqual(open_on(self.path), 1)
            self.assertLess(self.buffered(), 256 * 1024)
            slow.settimeout(30)
            said = await deferToThread(drain, slow)
        self.assertTrue(said.endswith(self.data))
        await self.closes()

    async def answers_beside(self, port: int) -> ResponseReader:
        """The answers to another client."""
        answers = ResponseReader()
        answers.feed(await self.exchange(port, LAST))
        answers.end()
        return answers

    def buffered(self) -> int:
        """Bytes that wait in this process, in all connections."""
        members: Any = self.site.deadlines.members
        return sum(
            len(one.transport.dataBuffer) + one.transport._tempDataLen
            for one in members
        )

    async def test_a_file_that_shrinks_cuts_the_connection(self) -> None:
        port = self.serve(self.send)
        with connect(port, NARROW) as slow:
            slow.sendall(GET)
            await self.until(lambda: open_on(self.path))
            os.truncate(self.path, MIB)
            said = await deferToThread(drain, slow)
        self.assertLess(len(said), SIZE)
        head, _, body = said.partition(b"\r\n\r\n")
        self.assertIn(b"Content-Length: %d" % SIZE, head)
        # What was cut off is not sent; what was on its way already may be blank.
        self.assertTrue(self.data[:MIB].startswith(body[:MIB]))
        await self.closes()

    async def test_a_file_shorter_than_announced_cuts_the_connection(self) -> None:
        for size in (10, 100_000):
            self.path.write_bytes(b"x" * size)
            port = self.serve(self.send)
            self.length = size + 1
            with connect(port) as connection:
                connection.sendall(GET)
                said = await deferToThread(drain, connection)
            self.assertFalse(said.endswith(b"x" * (size + 1)))
            await self.closes()

    async def test_the_file_is_closed_when_the_client_leaves(self) -> None:
        port = self.serve(self.send)
        for leave in (lambda one: one.close(), reset):
            connection = connect(port, NARROW)
            connection.sendall(GET)
            await self.until(lambda: open_on(self.path))
            leave(connection)
            await self.closes()
            await self.until(lambda: not self.site.connection_limit.count)

    async def test_the_file_is_closed_when_the_client_had_left_before(self) -> None:
        held: list[Any] = []

        def hold(request: Any) -> int:
            held.append(request)
            return NOT_DONE_YET

        port = self.serve(hold)
        for self.length in (100, SIZE):
            connection = connect(port)
            connection.sendall(GET)
            await self.until(lambda: held)
            reset(connection)
            await self.until(lambda: not self.site.connection_limit.count)
            try:
                self.send(held.pop())
            except RuntimeError:  # as finish() does, when nobody is there
                self.assertEqual(self.length, 100)
            await self.closes()

    async def test_a_file_that_cannot_be_read_is_closed(self) -> None:
        port = self.serve(self.send)
        self.path.unlink()
        self.path.mkdir()
        for self.length in (100, SIZE):
            self.patch(read_fault, "_told", RepeatedLine())
            with capturedLogs() as events, connect(port) as connection:
                connection.sendall(LAST)
                said = await deferToThread(drain, connection)
                await self.closes()
            self.assertLess(len(said), SIZE)
            told = [formatEvent(event) for event in events]
            line = f"{self.path} cannot be sent to its end: Is a directory"
            self.assertEqual(told, [f"{line} (1 since the last line)"])

    async def test_no_file_stays_open_after_many_requests(self) -> None:
        port = self.serve(self.send)
        await self.answers(port, LAST)  # the reactor has its own by now
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(10):
            connections = [connect(port, NARROW) for _ in range(20)]
            for connection in connections:
                connection.sendall(GET)
            await self.until(lambda: open_on(self.path) == 20)
            for connection in connections:
                reset(connection)
            await self.closes()
        await self.until(lambda: not self.site.connection_limit.count)
        self.assertLessEqual(len(os.listdir("/proc/self/fd")), before)


class StockPortTests(FileTests):
    """`send_file` on Twisted's own port."""

    stock = True


def drain(connection: Any) -> bytes:
    """All that comes until the server closes, or cuts, the connection."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)

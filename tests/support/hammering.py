"""
Clients that write as fast as they are answered, until the daemon is killed, and that
keep account of what they were told.

Rule: what a client sends is unique, so that whatever turns up later tells where it
comes from; a line in the account is written before the request goes out.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from threading import Event, Thread
from time import monotonic
from urllib.parse import quote

from dartio_tut.testing import Response, ResponseReader

from .accounts import Sent
from .exchange import connect
from .harness import PATIENCE, ask

PIECES = (
    "",
    "one\ntwo",
    "\r\n",
    "tab\tbell\x07nul\x00",
    "\\n is no line break\\",
    "ž😀",
)
"""What a careless store would stumble over."""

LARGE_BYTES = 300_000
"""Bytes, about, of a large content: the kernel writes it in many pieces."""

FIRST_NOTES, MAX_NOTES = 16, 256
"""Notes that are asked for at a time: at first, and when there turn out to be many."""

LONG_EVERY, LARGE_EVERY = 8, 60
"""One content in so many is of several pages, and one in so many is large."""


class Unreadable(AssertionError):
    """Notes are not given back, and the answers say so."""


def contents(random: Random, label: str) -> Iterator[str]:
    """Texts without end, no two alike, of all kinds and sizes."""
    number = 0
    while True:
        text = f"{label}.{number}: {random.choice(PIECES)}"
        if not random.randrange(LONG_EVERY):
            text += random.choice("xé") * random.randrange(10_000)
        if not random.randrange(LARGE_EVERY):
            text += f"{number} " * (random.randrange(LARGE_BYTES) // 8)
        yield text + "."
        number += 1


def post(path: str, body: bytes) -> bytes:
    """A request that posts JSON to *path*, on a connection that stays."""
    return (
        b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (quote(path).encode(), len(body), body)
    )


def next_answer(connection: socket.socket, answers: ResponseReader) -> Response:
    """
    The next of *answers*, which is taken out of it.

    :raise ConnectionError: when the server goes away before.
    """
    while not answers.responses or answers.is_unfinished:
        part = connection.recv(1024 * 1024)
        if not part:
            raise ConnectionError("closed before an answer")
        answers.feed(part)
    return answers.responses.pop(0)


class Client(Thread):
    """
    A client that writes until the daemon goes away, or it is told to stop.

    :param port: where the daemon is.
    :param writes: what it shall write.
    :param body: the request's content for a write.
    :ivar sent: what it has written.
    :ivar told: whether any of it was acknowledged.
    :ivar lost: whether the daemon went away.
    :ivar fault: what should not have happened.
    """

    lost = False
    fault: BaseException | None = None

    def __init__(
        self, port: int, writes: Iterator[Sent], body: Callable[[Sent], bytes]
    ) -> None:
        super().__init__(daemon=True)
        self.port, self.writes, self.body = port, writes, body
        self.sent: list[Sent] = []
        self.told, self.enough = Event(), Event()

    def run(self) -> None:
        """Write."""
        try:
            with connect(self.port) as connection:
                self._write(connection)
        except ConnectionError:
            self.lost = True
        except BaseException as fault:  # noqa: BLE001  (it is raised where it is seen)
            self.fault = fault

    def _write(self, connection: socket.socket) -> None:
        answers = ResponseReader()
        for write in self.writes:
            if self.enough.is_set():
                return
            request = post(f"/{write.name}", self.body(write))
            write.began = monotonic()
            self.sent.append(write)
            connection.sendall(request)
            answer = next_answer(connection, answers)
            if answer.code != 200:
                raise AssertionError(f"{answer.code}: {bytes(answer.body)!r}")
            write.said = answer.body.decode()
            write.ended = monotonic()
            self.told.set()

    def stop(self) -> list[Sent]:
        """Stop after the present write, unless the daemon is gone; what it sent."""
        self.enough.set()
        self.join(PATIENCE)
        if self.is_alive():
            raise AssertionError("a client is not answered")
        if self.fault is not None:
            raise self.fault
        return self.sent


def note(write: Sent) -> bytes:
    """The content that posts a note."""
    return json.dumps({"myNote": write.content}, ensure_ascii=False).encode()


def document(write: Sent) -> bytes:
    """The content that is a document."""
    return write.content.encode()


def read_notes(port: int, start: int) -> list[str]:
    """
    The notes from *start* to the last.

    :raise Unreadable: when the answer to a question is a 5xx.
    """
    found: list[str] = []
    count = FIRST_NOTES
    with connect(port) as connection:
        answers = ResponseReader()
        while True:
            first = start + len(found)
            asked = (json.dumps({"getNote": n}) for n in range(first, first + count))
            connection.sendall(b"".join(post("/", body.encode()) for body in asked))
            batch = [next_answer(connection, answers) for _ in range(count)]
            codes = [answer.code for answer in batch]
            there = codes.count(200)
            if refused := {500, 503} & set(codes):
                raise Unreadable(f"a note is answered with {refused}")
            # Dense: behind the first that is not there, none is.
            assert codes == [200] * there + [404] * (count - there), codes
            found += [answer.body.decode()[:-1] for answer in batch[:there]]
            if there < count:
                return found
            count = min(2 * count, MAX_NOTES)


def read_document(port: int, store: Path, name: str) -> str | None:
    """
    The document *name*, or ``None`` when it does not exist.

    A daemon that does not give them back has them as files of their names.
    """
    response = ask(port, "GET", "/" + quote(name))
    if response.code != 405:
        assert response.code in (200, 404), response
        return response.body.decode() if response.code == 200 else None
    try:
        return (store / name).read_bytes().decode()
    except FileNotFoundError:
        return None

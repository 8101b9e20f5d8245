"""
Feeding a server a row three ways: whole, in pieces, with the next one behind it.

A parser that depends on how the network cuts its bytes disagrees with itself,
and a refusal that leaves the connection open serves what was hidden behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from .conformance import Row, Wrong, check, check_connection, raw, verdict_of
from .recording import Seen
from .response_reader import Answer, Answers, Misframed

NEXT = b"GET /next HTTP/1.1\r\nHost: next\r\n\r\n"
"""The good request that goes behind a row."""

SINGLY = 45_000
"""Longer rows go in pieces of `PIECE` bytes: a MiB byte by byte takes a minute."""

PIECE = 997
"""Prime, so that the cuts fall at ever other places."""


class Wire(Protocol):
    """A connection to the server that is judged."""

    @property
    def seen(self) -> list[Seen]:
        """What the resource behind it was given."""

    @property
    def closed(self) -> bool:
        """Whether the server has closed it."""

    def send(self, data: bytes) -> bytes:
        """Deliver *data*; the bytes that the server has written since."""

    def leave(self) -> None:
        """The connection is gone, whoever closed it."""


Connect = Callable[[], Wire]


def judge(row: Row, connect: Connect) -> None:
    """
    Feed *row* three ways, each on a new connection.

    :raise Wrong: at the first way that is answered as it must not be.
    """
    verdict = _fed("whole", row, [row.request], connect, row.accept)
    size = 1 if len(row.request) <= SINGLY else PIECE
    pieces = (row.request[i : i + size] for i in range(0, len(row.request), size))
    # When the bytes of a body come late, 100 is said where it was not before.
    same = (verdict, f"100 {verdict}", verdict.replace("100 ", "", 1))
    _fed("in pieces", row, pieces, connect, [v for v in same if v in row.accept])
    then = row.asked_next(verdict)
    if then is not None:
        _fed("with one behind", row, [row.request + NEXT], connect, [then])


def _fed(
    way: str,
    row: Row,
    pieces: Iterable[bytes],
    connect: Connect,
    accept: Collection[str],
) -> str:
    """Feed *row* one way: the verdict, which is one of *accept*."""
    try:
        wire, answers = connect(), Answers(row.methods)
        for piece in pieces:
            answers.feed(wire.send(piece))
        if wire.closed:
            answers.end()
            if late := wire.send(NEXT):
                raise Wrong(f"writes when it has closed: {late[:60]!r}")
        verdict = verdict_of(answers, wire.closed)
        check(row, verdict, answers.all, accept)
        check_connection(row, verdict, answers.all)
        _check_seen(row, answers.all, wire.seen)
        wire.leave()
    except (Wrong, Misframed) as error:
        raise Wrong(f"{way}: {error}") from error
    except Exception as error:  # (no input may make a server raise)
        raise Wrong(f"{way}: raises {error!r}") from error
    return verdict


def _check_seen(row: Row, answers: list[Answer], seen: list[Seen]) -> None:
    """Whether the resource was given just what was answered, and as it should be."""
    served = [answer for answer in answers if 200 <= answer.code < 400]
    if row.seen and len(seen) != len(served):
        raise Wrong(f"{len(seen)} requests seen, {len(served)} served")
    extra = bool(seen) and seen[-1].target == b"/next"
    if row.saw and served and len(served) != len(row.saw) + extra:
        raise Wrong(f"{len(served)} requests served, not {len(row.saw)}")
    for wanted, given in zip(row.saw, seen, strict=False):
        for part, value in wanted.items():
            _check_part(part, value, given)


def _check_part(part: str, value: str | int, given: Seen) -> None:
    got = len(given.body) if part == "length" else getattr(given, part)
    if got != (value if isinstance(value, int) else raw(value)):
        raise Wrong(f"{part} seen as {str(got)[:80]}, not {value}")

"""
Feeds a server a row of the table three ways: whole, in pieces, and with another
request after it.

A parser must not depend on how the network cuts its bytes, and a refusal that leaves
the connection open would serve a request that was hidden after the refused one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from dartio_tut.testing import FramingError, Response, ResponseReader

from .conformance import (
    Row,
    WrongResponse,
    check,
    check_connection,
    unescaped,
    verdict_of,
)
from .recording import SeenRequest

NEXT_REQUEST = b"GET /next HTTP/1.1\r\nHost: next\r\n\r\n"
"""The good request that is sent after a row."""

SINGLE_BYTES_LIMIT = 45_000
"""Longer rows go in pieces of `PIECE_BYTES`: a MiB byte by byte takes a minute."""

PIECE_BYTES = 997
"""A prime number, so that the cuts fall in ever other places."""


class Wire(Protocol):
    """A connection to the server that is tested."""

    @property
    def seen(self) -> list[SeenRequest]:
        """The requests that its resource was given."""

    @property
    def closed(self) -> bool:
        """Whether the server has closed it."""

    def send(self, data: bytes) -> bytes:
        """Deliver *data*; return the bytes that the server has written since."""

    def leave(self) -> None:
        """Lose the connection, whoever closed it."""


Connect = Callable[[], Wire]


def judge(
    row: Row, connect: Connect, single_bytes_limit: int = SINGLE_BYTES_LIMIT
) -> None:
    """
    Feed *row* three ways, each on a new connection.

    :param single_bytes_limit: longer rows go in pieces of `PIECE_BYTES`.
    :raise WrongResponse: at the first way that gets a wrong response.
    """
    verdict = _fed("whole", row, [row.request], connect, row.accept)
    size = 1 if len(row.request) <= single_bytes_limit else PIECE_BYTES
    pieces = (row.request[i : i + size] for i in range(0, len(row.request), size))
    # When the bytes of a body arrive late, a 100 is sent where there was none before.
    same = (verdict, f"100 {verdict}", verdict.replace("100 ", "", 1))
    _fed("in pieces", row, pieces, connect, [v for v in same if v in row.accept])
    then = row.verdict_with_next(verdict)
    if then is not None:
        _fed(
            "with another after it", row, [row.request + NEXT_REQUEST], connect, [then]
        )


def _fed(
    way: str,
    row: Row,
    pieces: Iterable[bytes],
    connect: Connect,
    accept: Collection[str],
) -> str:
    """Feed *row* one way; return the verdict, which is one of *accept*."""
    try:
        wire, reader = connect(), ResponseReader(row.methods)
        for piece in pieces:
            reader.feed(wire.send(piece))
        if wire.closed:
            reader.end()
            if late := wire.send(NEXT_REQUEST):
                raise WrongResponse(f"bytes after it has closed: {late[:60]!r}")
        verdict = verdict_of(reader, wire.closed)
        check(row, verdict, reader.responses, accept)
        check_connection(row, verdict, reader.responses)
        _check_seen(row, reader.responses, wire.seen)
        wire.leave()
    except (WrongResponse, FramingError) as error:
        raise WrongResponse(f"{way}: {error}") from error
    except Exception as error:  # no input may make a server raise
        raise WrongResponse(f"{way}: raises {error!r}") from error
    return verdict


def _check_seen(row: Row, responses: list[Response], seen: list[SeenRequest]) -> None:
    """Check that the resource was given the requests that were served, and rightly."""
    served = [response for response in responses if 200 <= response.code < 400]
    if row.seen and len(seen) != len(served):
        raise WrongResponse(f"{len(seen)} requests seen, {len(served)} served")
    extra = bool(seen) and seen[-1].target == b"/next"
    if row.saw and served and len(served) != len(row.saw) + extra:
        raise WrongResponse(f"{len(served)} requests served, not {len(row.saw)}")
    for wanted, given in zip(row.saw, seen, strict=False):
        for part, value in wanted.items():
            _check_part(part, value, given)


def _check_part(part: str, value: str | int, given: SeenRequest) -> None:
    got = len(given.body) if part == "length" else getattr(given, part)
    if got != (value if isinstance(value, int) else unescaped(value)):
        raise WrongResponse(f"{part} seen as {str(got)[:80]}, not {value}")

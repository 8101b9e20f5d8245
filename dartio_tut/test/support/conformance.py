"""
The table of raw requests, and what makes an answer to one of them right.

Rule: it needs nothing of a server but the bytes it has sent; who carried them,
a transport in memory or a socket, is another's matter.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .response_reader import Answer, Answers

DATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|"
    r"Oct|Nov|Dec) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
)


class Wrong(Exception):
    """A row was answered as it must not be; the text says how."""


@dataclass(frozen=True)
class Row:
    """One row of the table; the head of ``conformance.toml`` explains the parts."""

    name: str
    clause: str
    request: bytes
    accept: tuple[str, ...]
    saw: tuple[Mapping[str, str | int], ...] = ()
    says: str = ""
    methods: tuple[str, ...] = ()
    then: bool = True
    seen: bool = True
    house: str = ""

    @property
    def is_old(self) -> bool:
        """Whether an HTTP/1.0 client sends it."""
        return self.request.partition(b"\r\n")[0].endswith(b" HTTP/1.0")

    def asked_next(self, verdict: str) -> str | None:
        """The verdict when a good request follows; None when it cannot follow."""
        if verdict.endswith("close"):
            return verdict
        if not self.then or verdict.endswith(("wait", "100")):
            return None
        return f"{verdict} 200"


def table(path: Path) -> list[Row]:
    """The rows of the table at *path*."""
    return [_row(**written) for written in tomllib.loads(path.read_text())["row"]]


def _row(request: Any, **parts: Any) -> Row:
    for name in {"accept", "methods", "saw"} & parts.keys():
        parts[name] = tuple(parts[name])
    return Row(request=raw(request), **parts)


def raw(written: str | list[str | list[Any]]) -> bytes:
    """The bytes that *written* stands for: text with escapes, repeated if so told."""
    if isinstance(written, str):
        return written.encode("latin-1").decode("unicode_escape").encode("latin-1")
    return b"".join(
        raw(part) if isinstance(part, str) else raw(part[0]) * part[1]
        for part in written
    )


def verdict_of(answers: Answers, closed: bool) -> str:
    """
    What happened, in the words of the table.

    :raise Wrong: when the last answer has not come to its end.
    """
    if answers.unfinished():
        raise Wrong(f"the last of {len(answers.all)} answers has no end")
    said = [str(answer.code) for answer in answers.all]
    return " ".join([*said, *(["close"] if closed else [])]) or "wait"


def check(
    row: Row, verdict: str, answers: list[Answer], accept: Collection[str]
) -> None:
    """
    Whether *verdict* is one of *accept*, and each answer what it should be.

    :raise Wrong: when not.
    """
    if verdict not in accept:
        raise Wrong(f"{verdict}, not {' or '.join(accept)}")
    for answer in answers:
        if answer.code < 200:
            check_interim(row, answer)
        else:
            check_final(row, answer)


def check_interim(row: Row, answer: Answer) -> None:
    """Whether *answer* may come before the one that counts (RFC 9110 section 15.2)."""
    if row.is_old or answer.code != 100:
        raise Wrong(f"{answer.code}, unexpectedly")


def check_final(row: Row, answer: Answer) -> None:
    """
    Whether *answer* is one a client can use: dated, no coding it cannot know.

    An error that the server gives is plain text, and its length is told.
    """
    fields = answer.fields
    if not DATE.fullmatch(fields.get("date", "")):
        raise Wrong(f"{answer.code} with Date: {fields.get('date')}")
    if row.is_old and "transfer-encoding" in fields:
        raise Wrong("a transfer coding for HTTP/1.0")
    if answer.code < 400:
        return
    if "content-length" not in fields:
        raise Wrong(f"{answer.code} without a length")
    if not fields.get("content-type", "").startswith("text/plain"):
        raise Wrong(f"{answer.code} as {fields.get('content-type')}")


def check_connection(row: Row, verdict: str, answers: list[Answer]) -> None:
    """
    Whether the last of *answers* tells what then happens to the connection.

    :raise Wrong: when it does not (RFC 9112 section 9.3 and 9.6).
    """
    if not answers or answers[-1].code < 200:
        return
    last, closed = answers[-1], verdict.endswith("close")
    if closed and not row.is_old and not last.says("close"):
        raise Wrong("closes without saying so")
    kept = not closed and len(answers) == 1
    if kept and row.is_old and not last.says("keep-alive"):
        raise Wrong("keeps an HTTP/1.0 connection without saying so")
    if row.says and not last.says(row.says):
        raise Wrong(f"does not say Connection: {row.says}")

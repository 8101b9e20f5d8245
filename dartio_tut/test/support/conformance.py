"""
The table of raw requests, and the checks that a response to one of them must pass.

Rule: a check needs nothing but the bytes that the server has sent. It does not know
whether a transport in memory or a socket has carried them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dartio_tut.testing import Response, ResponseReader

DATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|"
    r"Oct|Nov|Dec) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
)


class WrongResponse(Exception):
    """The response to a row is wrong; the text says how."""


@dataclass(frozen=True)
class Row:
    """One row of the table. The head of ``conformance.toml`` explains the keys."""

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
    def is_http10(self) -> bool:
        """Whether it is a request of an HTTP/1.0 client."""
        return self.request.partition(b"\r\n")[0].endswith(b" HTTP/1.0")

    def verdict_with_next(self, verdict: str) -> str | None:
        """The verdict when a good request follows; ``None``: none can follow."""
        if verdict.endswith("close"):
            return verdict
        if not self.then or verdict.endswith(("wait", "100")):
            return None
        return f"{verdict} 200"


def read_table(path: Path) -> list[Row]:
    """The rows of the table at *path*."""
    return [_row(**keys) for keys in tomllib.loads(path.read_text())["row"]]


def _row(request: Any, **parts: Any) -> Row:
    for name in {"accept", "methods", "saw"} & parts.keys():
        parts[name] = tuple(parts[name])
    return Row(request=unescaped(request), **parts)


def unescaped(written: str | list[str | list[Any]]) -> bytes:
    """The bytes that *written* stands for: escaped text, or a list with repetitions."""
    if isinstance(written, str):
        return written.encode("latin-1").decode("unicode_escape").encode("latin-1")
    return b"".join(
        unescaped(part) if isinstance(part, str) else unescaped(part[0]) * part[1]
        for part in written
    )


def verdict_of(reader: ResponseReader, closed: bool) -> str:
    """
    What happened, in the words of the table.

    :raise WrongResponse: when the last response is incomplete.
    """
    if reader.is_unfinished:
        raise WrongResponse(
            f"the last of {len(reader.responses)} responses is incomplete"
        )
    codes = [str(code) for code in reader.codes]
    return " ".join([*codes, *(["close"] if closed else [])]) or "wait"


def check(
    row: Row, verdict: str, responses: list[Response], accept: Collection[str]
) -> None:
    """
    Check that *verdict* is one of *accept*, and that each response is well formed.

    :raise WrongResponse: when one is not.
    """
    if verdict not in accept:
        raise WrongResponse(f"{verdict}, not {' or '.join(accept)}")
    for response in responses:
        if response.code < 200:
            check_interim(row, response)
        else:
            check_final(row, response)


def check_interim(row: Row, response: Response) -> None:
    """Check that *response* may precede the final one (RFC 9110 section 15.2)."""
    if row.is_http10 or response.code != 100:
        raise WrongResponse(f"an unexpected {response.code}")


def check_final(row: Row, response: Response) -> None:
    """
    Check that *response* has a date, and no coding that the client cannot know.

    An error must be plain text of a declared length.

    :raise WrongResponse: when it is not so.
    """
    fields = response.fields
    if not DATE.fullmatch(fields.get("date", "")):
        raise WrongResponse(f"{response.code} with Date: {fields.get('date')}")
    if row.is_http10 and "transfer-encoding" in fields:
        raise WrongResponse("a transfer coding in a response to HTTP/1.0")
    if response.code < 400:
        return
    if "content-length" not in fields:
        raise WrongResponse(f"{response.code} without a length")
    if not fields.get("content-type", "").startswith("text/plain"):
        raise WrongResponse(f"{response.code} as {fields.get('content-type')}")


def check_connection(row: Row, verdict: str, responses: list[Response]) -> None:
    """
    Check that the last response announces what then happens to the connection.

    :raise WrongResponse: when it does not (RFC 9112 sections 9.3 and 9.6).
    """
    if not responses or responses[-1].code < 200:
        return
    last, closed = responses[-1], verdict.endswith("close")
    if closed and not row.is_http10 and not last.has_connection_option("close"):
        raise WrongResponse("closed without Connection: close")
    kept = not closed and len(responses) == 1
    if kept and row.is_http10 and not last.has_connection_option("keep-alive"):
        raise WrongResponse(
            "an HTTP/1.0 connection kept without Connection: keep-alive"
        )
    if row.says and not last.has_connection_option(row.says):
        raise WrongResponse(f"no Connection: {row.says}")

"""
The table of raw frames: reads it, sends its rows to a site in memory, and tells what
the server makes of each.

A frame is a line of words: its type, its stream, flags, and what it carries.

| line                                          | stands for                         |
|-----------------------------------------------|------------------------------------|
| ``GET 1 /path`` (any method in upper case)    | a request that has no body         |
| ``POST 1 /path`` (or PUT)                     | a request with a body to come      |
| ``HEADERS 1 END_STREAM | :method: GET | ...`` | a header section of these fields   |
| ``HEADERS 1 hex 82 87``                       | one of these bytes; so for others  |
| ``DATA 1 END_STREAM text``                    | a piece of a body                  |
| ``DATA 1 zeros 100``                          | so many bytes                      |
| ``SETTINGS INITIAL_WINDOW_SIZE=0``            | settings by name or number         |
| ``RST_STREAM 1 CANCEL``                       | a reset; GOAWAY alike              |
| ``WINDOW_UPDATE 1 100``                       | an increment                       |
| ``PREFACE``, ``RAW 47 45 54``                 | bytes that are no frame            |

END_HEADERS is set unless the line says OPEN.
"""

from __future__ import annotations

import struct
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpack import Encoder
from twisted.web.server import NOT_DONE_YET

from dartio_tut.wire.http2.engine import ErrorCode
from dartio_tut.wire.http2.engines import EngineChoice
from dartio_tut.wire.http2.frames import PREFACE, Kind

from .http2_client import (
    SETTINGS_NAMES,
    Broken,
    HTTP2Client,
    request_fields,
    settings_frame,
)
from .recording import Recorder

FLAGS = {
    "END_STREAM": 0x1,
    "ACK": 0x1,
    "END_HEADERS": 0x4,
    "PADDED": 0x8,
    "PRIORITY": 0x20,
    "OPEN": 0,
    "RESERVED": 0,
    "ODD_FLAGS": 0xD2,
}

WITH_BODY = ("POST", "PUT")

LINGER_SECONDS = 4
"""After that a connection that is at fault must be closed."""


@dataclass(frozen=True)
class Row:
    """
    A row of the table.

    :ivar frames: lines, as the module says.
    :ivar accept: the verdicts that are right.
    :ivar saw: what the resource must have been given: one entry a request.
    :ivar is_bare: whether the client's preface and SETTINGS are left out.
    """

    name: str
    clause: str
    frames: tuple[str, ...]
    accept: tuple[str, ...]
    saw: tuple[dict[str, str], ...] | None
    is_bare: bool


def read_table(path: Path) -> list[Row]:
    """The rows of the table in *path*."""
    rows = []
    for row in tomllib.loads(path.read_text())["row"]:
        unknown = set(row) - {"name", "clause", "send", "accept", "saw", "bare"}
        if unknown:
            raise ValueError(f"{row['name']}: unknown {unknown}")
        saw = row.get("saw")
        rows.append(
            Row(
                row["name"],
                row["clause"],
                tuple(row["send"]),
                tuple(row["accept"]),
                None if saw is None else tuple(saw),
                row.get("bare", False),
            )
        )
    return rows


class FrameWriter:
    """Makes the bytes of lines, with one compression context."""

    def __init__(self) -> None:
        self._encoder = Encoder()

    def bytes_of(self, line: str) -> bytes:
        """The bytes that *line* stands for."""
        word, _, rest = line.partition(" ")
        if word == "PREFACE":
            return PREFACE
        if word == "RAW":
            return bytes.fromhex(rest)
        if word in Kind.__members__:
            return self._frame(Kind[word], rest)
        if word.startswith("TYPE"):
            return self._frame(int(word[4:]), rest)
        stream, path = rest.split()
        flags = 4 if word in WITH_BODY else 5
        block = self._encoder.encode(request_fields(word.encode(), path.encode()))
        return frame_bytes(Kind.HEADERS, int(stream), flags, bytes(block))

    def _frame(self, kind: int, rest: str) -> bytes:
        words = rest.split(" ")
        stream_id = int(words.pop(0)) if words[0].isdigit() else 0
        flags, opened = 0, False
        while words and words[0] in FLAGS:
            word = words.pop(0)
            flags |= FLAGS[word]
            opened = opened or word == "OPEN"
            if word == "RESERVED":
                stream_id |= 1 << 31
        if kind in (Kind.HEADERS, Kind.CONTINUATION) and not opened:
            flags |= 4
        payload = self._payload(kind, words)
        return frame_bytes(kind, stream_id, flags, payload)

    def _payload(self, kind: int, words: list[str]) -> bytes:
        text = " ".join(words)
        if words and words[0] == "hex":
            return bytes.fromhex("".join(words[1:]))
        if words and words[0] == "zeros":
            return bytes(int(words[1]))
        if kind in (Kind.HEADERS, Kind.CONTINUATION):
            return bytes(self._encoder.encode(_fields(text)))
        if kind == Kind.SETTINGS:
            return b"".join(_setting(word) for word in words if word)
        if kind == Kind.RST_STREAM:
            return struct.pack(">I", ErrorCode[text])
        if kind == Kind.GOAWAY:
            return struct.pack(">II", 0, ErrorCode[text])
        if kind == Kind.WINDOW_UPDATE:
            return struct.pack(">I", int(text))
        if kind == Kind.PRIORITY:
            return struct.pack(">IB", int(text), 15)
        return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def frame_bytes(kind: int, stream_id: int, flags: int, payload: bytes) -> bytes:
    """The bytes of a frame, whatever may be wrong with it."""
    head = len(payload).to_bytes(3, "big") + bytes((kind, flags))
    return head + stream_id.to_bytes(4, "big") + payload


def _fields(text: str) -> list[tuple[bytes, bytes]]:
    fields = []
    for part in text.split("| ")[1:]:
        part = part.removesuffix(" ") if part.endswith("  ") is False else part
        at = part.index(":", 1)
        name, value = part[:at], part[at + 1 :].removeprefix(" ")
        fields.append((_unescaped(name), _unescaped(value)))
    return fields


def _unescaped(text: str) -> bytes:
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def _setting(word: str) -> bytes:
    name, _, value = word.partition("=")
    number = SETTINGS_NAMES.get(name) or int(name)
    return struct.pack(">HI", number, int(value))


class WrongVerdict(Exception):
    """A row is not answered as it should be."""


def judge(row: Row, engine: EngineChoice) -> None:
    """
    Send *row* whole, and byte by byte.

    :raise WrongVerdict: when it is not answered as it should be.
    """
    for way in ("whole", "byte by byte"):
        seen: list[Any] = []
        try:
            client = _connected(row, engine, seen)
            writer = FrameWriter()
            data = b"".join(writer.bytes_of(line) for line in row.frames)
            if way == "whole":
                client.send(data)
            else:
                for at in range(len(data)):
                    client.send(data[at : at + 1])
            verdict = verdict_of(client)
            if verdict not in row.accept:
                raise WrongVerdict(f"{way}: {verdict!r}, not {row.accept}")
            _check_seen(row, seen)
            if client.goaway and client.goaway[0] is not ErrorCode.NO_ERROR:
                client.wait(LINGER_SECONDS)
                if not client.closed:
                    raise WrongVerdict(f"{way}: GOAWAY, and not closed")
        except Broken as error:
            raise WrongVerdict(f"{way}: {error}") from error


class _Recorder(Recorder):
    """
    Does not respond late to a request that is over, and never to one for ``/never``.
    """

    def render(self, request: Any) -> bytes | int:
        """Record *request*, and respond to it."""
        response = super().render(request)
        return NOT_DONE_YET if request.path == b"/never" else response

    def _finish(self, request: Any, body: bytes) -> None:
        if request.channel is not None:
            super()._finish(request, body)


def _connected(row: Row, engine: EngineChoice, seen: list[Any]) -> HTTP2Client:
    recorder = _Recorder(lambda *call: client.clock.callLater(*call))
    recorder.seen = seen
    client = HTTP2Client(recorder, engine, settings=None)
    if not row.is_bare:
        client.send(PREFACE, settings_frame())
    return client


def _check_seen(row: Row, seen: list[Any]) -> None:
    if row.saw is None:
        return
    found = [
        {name: getattr(request, name).decode("latin-1") for name in expected}
        for request, expected in zip(seen, row.saw, strict=False)
    ]
    if len(seen) != len(row.saw) or found != list(row.saw):
        raise WrongVerdict(f"the resource was given {seen}, not {row.saw}")


def verdict_of(client: HTTP2Client) -> str:
    """What the server has made of it, in one line."""
    parts = []
    for stream_id, answer in sorted(client.answers.items()):
        said = [str(code) for code in answer.interim]
        if answer.status:
            said.append(str(answer.status))
            if not answer.is_ended and answer.reset is None:
                said.append(f"after {len(answer.body)} bytes")
        if answer.reset is not None:
            said.append(answer.reset.name)
        parts.append(f"{stream_id}: {' '.join(said)}")
    if len(client.pongs):
        parts.append(f"{len(client.pongs)} pong")
    if client.acknowledged > 1:
        parts.append(f"{client.acknowledged - 1} ack")
    if client.goaway is not None:
        parts.append(f"GOAWAY {client.goaway[0].name}")
    return ", ".join(parts) or "quiet"

"""
A client that speaks HTTP/2 by raw frames, to a site in memory.

It keeps none of the protocol's rules by itself, so that tests can break each of them.
What comes back is read strictly.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, cast

from hpack import Decoder, Encoder
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.web.resource import IResource

from dartio_tut.daemon import Limits, Site
from dartio_tut.testing import CLIENT_ADDRESS
from dartio_tut.testing.connection import MemoryTransport, deliver
from dartio_tut.wire import HTTP2
from dartio_tut.wire.http2.engine import ErrorCode
from dartio_tut.wire.http2.engines import EngineChoice, own_engine
from dartio_tut.wire.http2.frames import PREFACE, Kind, frame

END_STREAM, END_HEADERS, PADDED, PRIORITY = 0x1, 0x4, 0x8, 0x20
ACK = 0x1

SETTINGS_NAMES = {
    "HEADER_TABLE_SIZE": 1,
    "ENABLE_PUSH": 2,
    "MAX_CONCURRENT_STREAMS": 3,
    "INITIAL_WINDOW_SIZE": 4,
    "MAX_FRAME_SIZE": 5,
    "MAX_HEADER_LIST_SIZE": 6,
}

HeaderList = Sequence[tuple[bytes, bytes]]


def engines() -> list[EngineChoice]:
    """Our own engine, and the one on nghttp2 where ngh2 is installed."""
    if find_spec("ngh2") is None:
        return [own_engine()]
    from . import engine_ngh2

    other = EngineChoice(engine_ngh2.NAME, engine_ngh2.NGH2Engine)
    return [own_engine(), other]


@dataclass
class Answer:
    """
    What came on one stream.

    :ivar interim: the status codes of interim responses.
    :ivar fields: of the response.
    :ivar is_ended: whether the server has ended its half.
    :ivar reset: the error code with which it has reset the stream.
    :ivar data_frames: the lengths of the DATA frames.
    """

    interim: list[int] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_ended: bool = False
    reset: ErrorCode | None = None
    data_frames: list[int] = field(default_factory=list)

    @property
    def status(self) -> int:
        """The status code; 0 if no response has come."""
        return int(self.fields.get(":status", "0"))


class Broken(Exception):
    """The server breaks the protocol."""


class FrameReader:
    """
    Reads what a server sends.

    :ivar answers: by the identifiers of the streams.
    :ivar goaway: the error code of the last GOAWAY, and the last stream it tells.
    :ivar pongs: the payloads of PING with ACK.
    :ivar windows: the sum of WINDOW_UPDATEs for each stream.
    :ivar settings: what the first SETTINGS frame says.
    :ivar order: the streams of the DATA frames, in their order.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._block: bytes | None = None
        self._block_flags = 0
        self.decoder = Decoder(1 << 20)
        self.answers: dict[int, Answer] = {}
        self.goaway: tuple[ErrorCode, int] | None = None
        self.goaway_reason = ""
        self.pongs: list[bytes] = []
        self.windows: dict[int, int] = {}
        self.settings: dict[int, int] | None = None
        self.acknowledged = 0
        self.order: list[int] = []
        self.bytes = 0

    def feed(self, data: bytes) -> None:
        """Read *data*."""
        self.bytes += len(data)
        data = self._rest + data
        start = 0
        while (begin := start + 9) <= len(data):
            length = int.from_bytes(data[start : start + 3], "big")
            if length > 16384:
                raise Broken("a frame larger than was agreed")
            if len(data) < begin + length:
                break
            kind, flags = data[start + 3], data[start + 4]
            stream_id = int.from_bytes(data[start + 5 : begin], "big")
            self._frame(Kind(kind), flags, stream_id, data[begin : begin + length])
            start = begin + length
        self._rest = data[start:]

    def answer(self, stream_id: int) -> Answer:
        """What came on *stream_id*."""
        return self.answers.setdefault(stream_id, Answer())

    def _frame(self, kind: Kind, flags: int, stream_id: int, payload: bytes) -> None:
        if self._block is not None and kind is not Kind.CONTINUATION:
            raise Broken("a header section was interrupted")
        if self.settings is None and kind is not Kind.SETTINGS:
            raise Broken("the first frame is not SETTINGS")
        if kind is Kind.SETTINGS:
            self._read_settings(flags, payload)
        elif kind is Kind.HEADERS:
            self._block_flags = flags & END_STREAM
            self._block = payload
            self._end_block(flags, stream_id)
        elif kind is Kind.CONTINUATION:
            self._block = (self._block or b"") + payload
            self._end_block(flags, stream_id)
        elif kind is Kind.DATA:
            self._read_data(flags, self._open(stream_id), payload)
            self.order.append(stream_id)
        elif kind is Kind.RST_STREAM:
            self.answer(stream_id).reset = ErrorCode(struct.unpack(">I", payload)[0])
        elif kind is Kind.GOAWAY:
            last, code = struct.unpack(">II", payload[:8])
            self.goaway = ErrorCode(code), last
            self.goaway_reason = payload[8:].decode()
        elif kind is Kind.PING:
            if flags & ACK:
                self.pongs.append(payload)
        elif kind is Kind.WINDOW_UPDATE:
            opened = struct.unpack(">I", payload)[0]
            self.windows[stream_id] = self.windows.get(stream_id, 0) + opened
        else:
            raise Broken(f"{kind.name} from a server")

    def _open(self, stream_id: int) -> Answer:
        answer = self.answer(stream_id)
        if answer.is_ended or answer.reset is not None:
            raise Broken(f"a frame on stream {stream_id}, which is closed")
        return answer

    def _read_settings(self, flags: int, payload: bytes) -> None:
        if flags & ACK:
            self.acknowledged += 1
            return
        pairs = struct.iter_unpack(">HI", payload)
        self.settings = dict(pairs)

    def _end_block(self, flags: int, stream_id: int) -> None:
        if not flags & END_HEADERS:
            return
        block, self._block = self._block or b"", None
        answer = self._open(stream_id)
        fields: dict[str, str] = {}
        for name, value in self.decoder.decode(block, raw=True):
            text = bytes(name).decode("ascii")
            if text != text.lower():
                raise Broken(f"a name in upper case: {text}")
            old = f"{fields[text]}, " if text in fields else ""
            fields[text] = old + bytes(value).decode("latin-1")
        if answer.fields:
            raise Broken("a second response")
        status = int(fields[":status"])
        if status < 200:
            answer.interim.append(status)
            return
        answer.fields = fields
        answer.is_ended = bool(self._block_flags)

    def _read_data(self, flags: int, answer: Answer, payload: bytes) -> None:
        if not answer.fields:
            raise Broken("DATA before a response")
        answer.body += payload
        answer.data_frames.append(len(payload))
        answer.is_ended = bool(flags & END_STREAM)
        is_bodiless = answer.status == 304  # whose length is that of the 200
        length = None if is_bodiless else answer.fields.get("content-length")
        if answer.is_ended and length is not None and int(length) != len(answer.body):
            raise Broken("a response has another length than it says")


class HTTP2Client(FrameReader):
    """
    A connection to *resource*.

    :param engine: what speaks HTTP/2 at the other end.
    :param settings: what this client says in its first frame; ``None``: it sends
        nothing by itself.
    """

    def __init__(
        self,
        resource: IResource,
        engine: EngineChoice,
        limits: Limits | None = None,
        settings: dict[str, int] | None = {},  # noqa: B006  (never changed)
        site: Site | None = None,
        **more: Any,
    ) -> None:
        super().__init__()
        self.clock = Clock()
        self.site = site or Site(resource, reactor=self.clock, limits=limits, **more)
        if site is not None:
            self.clock = cast(Clock, site.reactor)
        if self.site.http2.engine != engine:
            self.site.http2 = HTTP2(self.site.limits, engine)
        self.transport = MemoryTransport()
        self.encoder = Encoder()
        protocol: Any = self.site.build_negotiated(b"h2", CLIENT_ADDRESS)
        self.protocol = protocol
        protocol.makeConnection(self.transport)
        if settings is not None:
            self.send(PREFACE, settings_frame(**settings))
        else:
            self.send()

    def send(self, *frames: bytes) -> HTTP2Client:
        """Deliver *frames* in one piece, and read what the server says."""
        data = b"".join(frames)
        if data:
            deliver(data, self.protocol, self.clock)
        return self.read()

    def read(self) -> HTTP2Client:
        """Read what the server has said since."""
        written: bytes = self.transport.value()
        self.transport.clear()
        self.feed(written)
        return self

    def wait(self, seconds: float) -> HTTP2Client:
        """Let time pass, a second at a time."""
        self.clock.pump([1.0] * int(seconds))
        return self.read()

    def leave(self) -> None:
        """Lose the connection."""
        self.protocol.connectionLost(Failure(ConnectionDone()))

    @property
    def closed(self) -> bool:
        """Whether the server has closed the connection."""
        return bool(self.transport.disconnecting or self.transport.disconnected)

    # Frames.

    def head(
        self,
        stream_id: int,
        *fields: tuple[bytes, bytes],
        method: bytes = b"GET",
        path: bytes = b"/",
        flags: int = END_STREAM | END_HEADERS,
    ) -> bytes:
        """A HEADERS frame with a request, and more *fields*."""
        section = request_fields(method, path)
        return self.headers(stream_id, [*section, *fields], flags)

    def headers(
        self, stream_id: int, fields: HeaderList, flags: int = END_STREAM | END_HEADERS
    ) -> bytes:
        """A HEADERS frame with *fields*."""
        return frame(Kind.HEADERS, stream_id, self.block(fields), flags)

    def block(self, fields: HeaderList) -> bytes:
        """A compressed header section."""
        return bytes(self.encoder.encode(list(fields)))


def request_fields(
    method: bytes = b"GET", path: bytes = b"/"
) -> list[tuple[bytes, bytes]]:
    """The pseudo-header fields of a request."""
    return [
        (b":method", method),
        (b":scheme", b"https"),
        (b":authority", b"a"),
        (b":path", path),
    ]


def data_frame(stream_id: int, data: bytes = b"", flags: int = END_STREAM) -> bytes:
    """A DATA frame."""
    return frame(Kind.DATA, stream_id, data, flags)


def settings_frame(**settings: int) -> bytes:
    """A SETTINGS frame."""
    payload = b"".join(
        struct.pack(">HI", SETTINGS_NAMES[name], value)
        for name, value in settings.items()
    )
    return frame(Kind.SETTINGS, 0, payload)


def reset_frame(stream_id: int, code: int = ErrorCode.CANCEL) -> bytes:
    """A RST_STREAM frame."""
    return frame(Kind.RST_STREAM, stream_id, struct.pack(">I", code))


def window_frame(stream_id: int, increment: int) -> bytes:
    """A WINDOW_UPDATE frame."""
    return frame(Kind.WINDOW_UPDATE, stream_id, struct.pack(">I", increment))


def ping_frame(payload: bytes = b"12345678") -> bytes:
    """A PING frame."""
    return frame(Kind.PING, 0, payload)

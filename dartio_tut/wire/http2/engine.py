"""
What speaks HTTP/2 for a connection: bytes in, calls out, and bytes to send.

An engine knows frames, header compression, the states of streams and the flow-control
windows. It knows no socket, no clock, no request and no limit of ours, but for those
that it is made with. Ours is `engine_hpack`; the tests run with a second one, too, on
nghttp2's C library, and everything holds with either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from .flood_budget import FloodBudget
    from .frames import FrameScanner
    from .header_compression import HeaderSection
    from .request_head import RequestHead


class ErrorCode(IntEnum):
    """Why a stream is reset, or a connection ends (RFC 9113 section 7)."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    CONNECT_ERROR = 10
    ENHANCE_YOUR_CALM = 11
    INADEQUATE_SECURITY = 12
    HTTP_1_1_REQUIRED = 13


class ConnectionFault(Exception):
    """
    A fault of the client that ends the connection, with a GOAWAY (RFC 9113 section
    5.4.1).

    :param code: the error code that the client is told.
    :param reason: what is wrong, in a few words.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class EngineLimits(NamedTuple):
    """
    What an engine has to know of the limits of a site.

    :ivar streams: at a time; told to the client only: the connection counts them.
    :ivar header_list: the size of a header section that the client is told.
    :ivar max_header_list: the size of one at which the connection ends.
    :ivar max_fields: the number of its fields, likewise.
    :ivar continuations: CONTINUATION frames of one header section.
    """

    streams: int
    header_list: int
    max_header_list: int
    max_fields: int
    continuations: int


FilePart = tuple[int, int, int, bool]
"""
Bytes of an open file that are to be sent: its descriptor, where they begin, how many
there are, and whether the response ends with them.
"""

FramesOfFile = Callable[[int, FilePart, bytes], memoryview | None]
"""See `Engine.frames_of_file`."""

STREAM_WINDOW = 64 * 1024 - 1
"""Bytes of a request body that come before they are taken: RFC 9113's initial value."""

FRAME_BYTES = 16 * 1024
"""The most that a frame has, unless it was agreed otherwise (RFC 9113 section 4.2)."""


class EngineOwner(Protocol):
    """
    What an engine calls when something has come: the streams of a connection.

    :ivar open: those that are open, by their identifiers.
    """

    @property
    def open(self) -> Mapping[int, object]:
        """See the class."""

    def read_section(self, fields: Sequence[tuple[bytes, bytes]]) -> RequestHead:
        """
        What the header section of a request says, for `request_came`. An engine may
        keep it for as long as the same bytes mean the same section.
        """

    def request_came(self, stream_id: int, head: RequestHead, is_ended: bool) -> None:
        """
        The header section of a request, which begins a stream.

        :param is_ended: whether no body follows.
        """

    def body_came(self, stream_id: int, data: bytes, is_ended: bool) -> None:
        """A piece of a request body, to be acknowledged by `Engine.credit`."""

    def trailers_came(
        self, stream_id: int, fields: Sequence[tuple[bytes, bytes]]
    ) -> None:
        """The trailer section, with which a request ends."""

    def stream_was_reset(self, stream_id: int, code: int) -> None:
        """The client has reset a stream."""

    def stream_failed(self, stream_id: int, code: int) -> None:
        """
        The engine has reset a stream, because the client breaks the protocol on it. If
        the stream was not known before, it is a request that is malformed.
        """

    def window_opened(self, stream_id: int) -> None:
        """More can be sent on a stream; 0: on all of them."""

    def client_is_leaving(self) -> None:
        """The client will make no more requests on this connection (GOAWAY)."""


class Engine(Protocol):
    """
    Speaks HTTP/2 on one connection.

    A stream that is not open any more is no error for any of these methods.

    :ivar has_failed: whether the client has been told, by what `output` gave, that the
        connection ends because of a fault of its own.
    """

    has_failed: bool

    def scanner(
        self, budget: FloodBudget, max_block: int, open_streams: Mapping[int, object]
    ) -> FrameScanner:
        """
        What looks at the frames before this engine has them; see `FrameScanner`.
        """

    def receive(self, data: bytes) -> None:
        """
        Take *data* from the client, and call the owner for what it says.

        :raise ConnectionFault: when the connection has to end.
        """

    def output(self) -> bytes:
        """The bytes to send. It may call the owner."""

    def window(self, stream_id: int) -> int:
        """How many bytes of a body may be sent now on a stream."""

    def send_head(self, stream_id: int, section: HeaderSection, is_ended: bool) -> None:
        """Send the header section of a response, or of an interim one."""

    def send_whole(self, stream_id: int, section: HeaderSection, data: bytes) -> bool:
        """
        Send a whole response, of which nothing was sent before. The section tells its
        length.

        :return: false when the windows do not allow it; then nothing was done.
        """

    def send_body(self, stream_id: int, data: bytes, is_ended: bool) -> None:
        """Send *data*, not more than `window` allows."""

    def frames_of_file(
        self, stream_id: int, part: FilePart, before: bytes
    ) -> memoryview | None:
        """
        What sends a part of a file, not more than `window` allows, behind *before*,
        which was the last of `output`. It is right until the next call.

        :return: ``None`` when it cannot be read; then nothing was done.
        """

    def reset(self, stream_id: int, code: int) -> None:
        """Reset a stream."""

    def credit(self, stream_id: int, count: int) -> None:
        """So many bytes of a request body are taken: the client may send as many."""


class EngineMaker(Protocol):
    """Makes engines of one kind."""

    def __call__(self, owner: EngineOwner, limits: EngineLimits) -> Engine:
        """An engine for a new connection, whose SETTINGS are in its output."""


def settings_of(limits: EngineLimits) -> Iterable[tuple[int, int]]:
    """What the client is told by SETTINGS: identifiers and values."""
    yield 3, limits.streams  # SETTINGS_MAX_CONCURRENT_STREAMS
    yield 6, limits.header_list  # SETTINGS_MAX_HEADER_LIST_SIZE
    yield 9, 1  # SETTINGS_NO_RFC7540_PRIORITIES (RFC 9218 section 2.1)

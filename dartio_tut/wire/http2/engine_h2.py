"""
The engine by the library ``h2``, which is always there.

`h2` ends the connection for some faults of one stream, and for a GOAWAY of the client,
which means no more than that it will make no new requests. So it is given one frame at
a time, and no GOAWAY; it decodes header sections and does not judge them
(`header_compression`); and lengths are counted here.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    DataReceived,
    Event,
    RemoteSettingsChanged,
    RequestReceived,
    StreamReset,
    TrailersReceived,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from ..interfaces import Fields
from .engine import (
    STREAM_WINDOW,
    ConnectionFault,
    EngineLimits,
    EngineOwner,
    ErrorCode,
    settings_of,
)
from .field_rules import Malformed, check_request, check_trailers
from .frames import FRAME_HEAD_BYTES, PREFACE, Kind, settings_frame
from .header_compression import KeepingDecoder, StaticEncoder

NAME = f"h2 {version('h2')}"

REMEMBERED_STREAMS = 1024
"""Closed streams that `h2` remembers, so that late frames on them are no fault."""

MANY_STREAMS = 2**31 - 1
"""What `h2` is told: it would end the connection at one stream too many."""

_CONFIGURATION = H2Configuration(
    client_side=False,
    validate_inbound_headers=False,
    normalize_inbound_headers=False,
    validate_outbound_headers=False,
    normalize_outbound_headers=False,
)


request_length = lru_cache(1024)(check_request)
"""What is found of sections that came before is kept; a `Malformed` is not."""


class _Connection(H2Connection):
    MAX_CLOSED_STREAMS = REMEMBERED_STREAMS


class H2Engine:
    """See `engine.Engine`."""

    def __init__(self, owner: EngineOwner, limits: EngineLimits) -> None:
        self._owner = owner
        connection = self._connection = _Connection(_CONFIGURATION)
        connection.local_settings = Settings(
            client=False,
            initial_values={SettingCodes.MAX_CONCURRENT_STREAMS: MANY_STREAMS},
        )
        self._decoder = KeepingDecoder(limits.max_header_list)
        connection.decoder = self._decoder
        connection.encoder = StaticEncoder()  # type: ignore[assignment]
        connection.initiate_connection()
        connection.clear_outbound_data_buffer()
        connection.increment_flow_control_window(limits.streams * STREAM_WINDOW)
        self._settings = settings_frame(settings_of(limits))
        self._preface_left = len(PREFACE)
        self._incoming = bytearray()
        self._awaited: dict[int, int] = {}
        self.has_failed = False
        self._told: dict[type[Event], Callable[[Any], None]] = {
            RequestReceived: self._request,
            DataReceived: self._data,
            TrailersReceived: self._trailers,
            StreamReset: self._reset,
            WindowUpdated: self._window,
            RemoteSettingsChanged: self._settings_changed,
        }

    # From the client.

    def receive(self, data: bytes) -> None:
        """Take *data* from the client."""
        if self._preface_left:
            preface = data[: self._preface_left]
            self._preface_left -= len(preface)
            self._take(preface)
            data = data[len(preface) :]
        incoming = self._incoming
        incoming += data
        at, size = 0, len(incoming)
        try:
            while size - at >= FRAME_HEAD_BYTES:
                length = int.from_bytes(incoming[at : at + 3], "big")
                end = at + FRAME_HEAD_BYTES + length
                if end > size:
                    break
                if incoming[at + 3] == Kind.GOAWAY and length >= 8:
                    self._owner.client_is_leaving()
                else:
                    self._take(bytes(incoming[at:end]))
                at = end
        finally:
            del incoming[:at]

    def _take(self, data: bytes) -> None:
        """Have `h2` take one frame."""
        try:
            events = self._connection.receive_data(data)
        except ProtocolError as error:
            self.has_failed = True  # a GOAWAY is in the output
            raise ConnectionFault(error.error_code, str(error)) from None
        for event in events:
            tell = self._told.get(type(event))
            if tell is not None:
                tell(event)

    def _request(self, event: RequestReceived) -> None:
        stream_id, is_ended = event.stream_id, event.stream_ended is not None
        fields = self._decoder.fields
        try:
            length = request_length(fields)
            if is_ended and length:
                raise Malformed("a Content-Length without a body")
        except Malformed:
            self._fail(stream_id)
            return
        if length is not None and not is_ended:
            self._awaited[stream_id] = length
        self._owner.request_came(stream_id, fields, is_ended)

    def _data(self, event: DataReceived) -> None:
        stream_id, data = event.stream_id, event.data or b""
        padding = (event.flow_controlled_length or 0) - len(data)
        if padding:
            self.credit(stream_id, padding)
        is_ended = event.stream_ended is not None
        if not self._has_right_length(stream_id, len(data), is_ended):
            self.credit(stream_id, len(data))
            self._fail(stream_id)
            return
        self._owner.body_came(stream_id, data, is_ended)

    def _trailers(self, event: TrailersReceived) -> None:
        stream_id, fields = event.stream_id, self._decoder.fields
        try:
            check_trailers(fields)
            if not self._has_right_length(stream_id, 0, True):
                raise Malformed("a body with another length than it said")
        except Malformed:
            self._fail(stream_id)
            return
        self._owner.trailers_came(stream_id, fields)

    def _has_right_length(self, stream_id: int, count: int, is_ended: bool) -> bool:
        """Whether *count* more bytes, and its end, agree with the Content-Length."""
        left = self._awaited.get(stream_id)
        if left is None:
            return True
        left -= count
        self._awaited[stream_id] = left
        if is_ended:
            del self._awaited[stream_id]
            return left == 0
        return left >= 0

    def _fail(self, stream_id: int) -> None:
        self.reset(stream_id, ErrorCode.PROTOCOL_ERROR)
        self._owner.stream_failed(stream_id, ErrorCode.PROTOCOL_ERROR)

    def _reset(self, event: StreamReset) -> None:
        self._awaited.pop(event.stream_id, None)
        code = int(event.error_code or 0)
        if event.remote_reset:
            self._owner.stream_was_reset(event.stream_id, code)
        else:
            self._owner.stream_failed(event.stream_id, code)

    def _window(self, event: WindowUpdated) -> None:
        self._owner.window_opened(event.stream_id or 0)

    def _settings_changed(self, event: RemoteSettingsChanged) -> None:
        self._owner.window_opened(0)

    # To the client.

    def output(self) -> bytes:
        """The bytes to send."""
        data = self._connection.data_to_send()
        if self._settings:
            data, self._settings = self._settings + data, b""
        return data

    def window(self, stream_id: int) -> int:
        """How many bytes of a body may be sent now on a stream."""
        try:
            return self._connection.local_flow_control_window(stream_id)
        except ProtocolError:
            return 0

    def send_head(self, stream_id: int, fields: Fields, is_ended: bool) -> None:
        """Send the header section of a response, or of an interim one."""
        with suppress(ProtocolError):  # it is not open any more
            self._connection.send_headers(stream_id, fields, is_ended)

    def send_whole(self, stream_id: int, fields: Fields, data: bytes) -> bool:
        """Send a whole response, if the windows allow it."""
        if len(data) > self.window(stream_id):
            return False
        self.send_head(stream_id, fields, False)
        self.send_body(stream_id, data, True)
        return True

    def send_body(self, stream_id: int, data: bytes, is_ended: bool) -> None:
        """Send *data* in frames as large as the client takes them."""
        connection = self._connection
        largest = connection.max_outbound_frame_size
        with suppress(ProtocolError, KeyError):  # likewise
            while len(data) > largest:
                connection.send_data(stream_id, data[:largest])
                data = data[largest:]
            connection.send_data(stream_id, data, is_ended)

    def reset(self, stream_id: int, code: int) -> None:
        """Reset a stream."""
        self._awaited.pop(stream_id, None)
        with suppress(ProtocolError):  # likewise
            self._connection.reset_stream(stream_id, code)

    def credit(self, stream_id: int, count: int) -> None:
        """The client may send so many bytes more."""
        if count:
            self._connection.acknowledge_received_data(count, stream_id)

"""
A second engine, on libnghttp2 by the library ``ngh2``: what others have made judges the
tables and the tests too, and shows that connections rely on nothing of our own engine.

What libnghttp2 finds malformed it resets itself; the owner is told when the frame that
says so is on its way.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

import ngh2
from ngh2 import (
    ConnectionClosed,
    DataReceived,
    GoAwayReceived,
    RequestReceived,
    SettingsReceived,
    StreamClosed,
    StreamReset,
    TrailersReceived,
    WindowUpdated,
)

from dartio_tut.wire.http2.engine import (
    STREAM_WINDOW,
    ConnectionFault,
    EngineLimits,
    EngineOwner,
    ErrorCode,
    FilePart,
    settings_of,
)
from dartio_tut.wire.http2.flood_budget import FloodBudget
from dartio_tut.wire.http2.frames import FrameScanner, settings_frame
from dartio_tut.wire.http2.header_compression import HeaderSection

NAME = f"ngh2 {ngh2.__version__}"

UNLIMITED = (2**32, 2**32)
"""The connection has a budget of its own for what libnghttp2 would count, too."""

_GONE = (
    ngh2.StreamUnavailableError,
    ngh2.ConnectionClosingError,
    ngh2.ConnectionStateError,
)
"""What is raised for a stream, or a connection, that is not open any more."""


class NGH2Engine:
    """
    See `engine.Engine`.

    libnghttp2 ends the connection at one stream too many, where a stream can be
    refused. So it is not told of that limit, and the client is told by a SETTINGS frame
    of ours.
    """

    __slots__ = (
        "_connection",
        "_continuations",
        "_is_dead",
        "_owner",
        "_resets",
        "_room",
        "_settings",
        "_stream_room",
        "has_failed",
    )

    def __init__(self, owner: EngineOwner, limits: EngineLimits) -> None:
        self._owner = owner
        self._connection = ngh2.Connection(
            ngh2.Role.SERVER,
            ngh2.Configuration(
                auto_window_update=False,
                max_inbound_header_list_size=limits.max_header_list,
                max_inbound_header_count=limits.max_fields,
                max_continuations=limits.continuations,
                stream_reset_rate_limit=UNLIMITED,
                glitch_rate_limit=UNLIMITED,
            ),
        )
        self._connection.initiate_connection()
        self._connection.data_to_send()
        self._connection.set_local_window_size(limits.streams * STREAM_WINDOW)
        self._settings = settings_frame(settings_of(limits))
        self._continuations = limits.continuations
        self._resets: set[int] = set()
        self._is_dead = False
        self._room = self._stream_room = STREAM_WINDOW
        self.has_failed = False

    def scanner(
        self, budget: FloodBudget, max_block: int, open_streams: Mapping[int, object]
    ) -> FrameScanner:
        """What looks at the frames before they are taken, as bytes."""
        return FrameScanner(budget, max_block, self._continuations, open_streams)

    def receive(self, data: bytes) -> None:
        """Take *data* from the client."""
        connection = self._connection
        try:
            connection.receive_data(data)
            with suppress(ngh2.ConnectionStateError):  # both sides have finished
                self._room = connection.remote_window_size
        except ngh2.DenialOfServiceError as error:
            self._is_dead = True
            raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, str(error)) from None
        except ngh2.ProtocolError as error:
            self._is_dead = True
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, str(error)) from None
        except ngh2.NGH2Error as error:
            self._is_dead = True
            raise ConnectionFault(ErrorCode.INTERNAL_ERROR, str(error)) from None
        finally:
            self._tell()

    def _tell(self) -> None:
        """Call the owner for all that has happened."""
        owner = self._owner
        reset_by_client = 0
        for event in self._connection.events():
            if isinstance(event, RequestReceived):
                head = owner.read_section(event.headers)
                owner.request_came(event.stream_id, head, event.end_stream)
            elif isinstance(event, StreamClosed):
                if event.error_code and event.stream_id != reset_by_client:
                    self._stream_closed(event.stream_id, event.error_code)
            elif isinstance(event, DataReceived):
                owner.body_came(event.stream_id, event.data, event.end_stream)
            elif isinstance(event, WindowUpdated):
                owner.window_opened(event.stream_id)
            elif isinstance(event, StreamReset):
                if event.error_code:
                    reset_by_client = event.stream_id  # which is closed next
                owner.stream_was_reset(event.stream_id, event.error_code)
            elif isinstance(event, TrailersReceived):
                owner.trailers_came(event.stream_id, event.headers)
            elif isinstance(event, SettingsReceived):
                self._stream_room = event.settings.get(4, self._stream_room)
                owner.window_opened(0)
            elif isinstance(event, GoAwayReceived):
                owner.client_is_leaving()
            elif isinstance(event, ConnectionClosed) and event.error_code:
                self.has_failed = True

    def _stream_closed(self, stream_id: int, code: int) -> None:
        """A stream was reset: tell the owner, unless it was its own wish."""
        if stream_id in self._resets:
            self._resets.discard(stream_id)
        else:
            self._owner.stream_failed(stream_id, code)

    def output(self) -> bytes:
        """The bytes to send."""
        if self._is_dead:
            return b""
        data = self._connection.data_to_send()
        if data:
            self._tell()
        if self._settings:
            data, self._settings = self._settings + data, b""
        return data

    def window(self, stream_id: int) -> int:
        """How many bytes of a body may be sent now on a stream."""
        connection = self._connection
        try:
            of_stream = connection.stream_remote_window_size(stream_id)
        except ngh2.NGH2Error:
            return 0
        of_all = connection.remote_window_size
        return of_stream if of_stream < of_all else of_all

    def send_head(self, stream_id: int, section: HeaderSection, is_ended: bool) -> None:
        """Send the header section of a response, or of an interim one."""
        fields = section.fields
        with suppress(*_GONE):
            if fields[0][1][0] == 49:  # "1": an interim response
                self._connection.send_informational_response(stream_id, fields)
            else:
                self._connection.send_response(stream_id, fields, end_stream=is_ended)

    def send_whole(self, stream_id: int, section: HeaderSection, data: bytes) -> bool:
        """Send a whole response, if the windows allow it."""
        count = len(data)
        if not count:
            self.send_head(stream_id, section, True)
            return True
        if count > self._room or count > self._stream_room:
            return False
        self._room -= count
        connection = self._connection
        try:
            connection.send_response(stream_id, section.fields)
            connection.send_data(stream_id, data, end_stream=True)
        except _GONE:
            pass
        return True

    def send_body(self, stream_id: int, data: bytes, is_ended: bool) -> None:
        """Send *data*."""
        with suppress(*_GONE):
            self._connection.send_data(stream_id, data, end_stream=is_ended)

    def frames_of_file(
        self, stream_id: int, part: FilePart, before: bytes
    ) -> memoryview | None:
        """What sends a part of a file, behind *before*."""
        try:
            descriptor, offset, count, is_last = part
            data = os.pread(descriptor, count, offset)
        except OSError:
            return None
        if len(data) != count:
            return None
        self.send_body(stream_id, data, is_last)
        return memoryview(before + self.output())

    def reset(self, stream_id: int, code: int) -> None:
        """Reset a stream."""
        with suppress(*_GONE):
            self._connection.reset_stream(stream_id, code)
            if code:
                self._resets.add(stream_id)

    def credit(self, stream_id: int, count: int) -> None:
        """The client may send so many bytes more."""
        with suppress(*_GONE):
            self._connection.acknowledge_received_data(count, stream_id)

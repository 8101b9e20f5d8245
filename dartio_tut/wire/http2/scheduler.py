"""
Whose turn it is to send, among the streams of one connection.

Streams with something to send take turns, a piece each, as long as the transport takes
it: a small response waits for one piece of each download, and not for the end of any. A
stream whose window is used up leaves the round until the client opens it; nothing looks
at it meanwhile.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from .connection_transport import ConnectionTransport
from .engine import Engine
from .file_frames import MAX_BYTES_BEFORE, MAX_FILE_PART_BYTES
from .flood_budget import KIB, PER_FRAME, PER_KIB, FloodBudget
from .stream_output import StreamOutput
from .streams import Streams

PIECE_BYTES = 64 * 1024
"""
What a stream sends in its turn: four frames of the usual size. Each turn costs some
10 µs, about as much as encrypting so many bytes.
"""

LAST_PIECE_BYTES = MAX_FILE_PART_BYTES
"""What it sends at most when it ends with that: one turn less for everybody."""

BYTES_PER_TURN = 512 * 1024
"""What a connection sends in one turn of the reactor; then others have theirs."""


class SchedulerOwner(Protocol):
    """
    What a scheduler asks of its connection.

    :ivar streams: is told what was sent.
    :ivar is_blocked: whether the transport takes nothing more for now.
    :ivar now: the time.
    """

    is_blocked: bool
    engine: Engine
    streams: Streams
    budget: FloodBudget
    transport: ConnectionTransport

    @property
    def now(self) -> float:
        """See the class."""

    def collect(self) -> None:
        """Take what the engine has, and send it once there is enough."""

    def call_soon(self) -> None:
        """Call `Scheduler.run` in the next turn of the reactor."""


class Scheduler:
    """
    The round of one connection.

    :ivar is_waiting: whether other connections have their turn just now.
    """

    __slots__ = ("_is_running", "_owner", "_ready", "_stalls", "is_waiting")

    def __init__(self, owner: SchedulerOwner) -> None:
        self._owner = owner
        self._ready: deque[StreamOutput] = deque()
        self._is_running = False
        self._stalls = 0
        self.is_waiting = False

    @property
    def has_work(self) -> bool:
        """Whether a stream waits for its turn."""
        return bool(self._ready)

    def add(self, output: StreamOutput) -> None:
        """*output* has something to send."""
        if not output.is_scheduled:
            output.is_scheduled = True
            self._ready.append(output)

    def run(self) -> None:
        """Let streams send, as long as the client and the transport take it."""
        owner = self._owner
        if self._is_running or self.is_waiting or not self._ready:
            return
        self._is_running = True
        try:
            left = BYTES_PER_TURN
            while self._ready and not owner.is_blocked:
                left -= self._take_turn(self._ready.popleft())
                if left <= 0 and self._ready:
                    self.is_waiting = True
                    owner.call_soon()
                    return
        finally:
            self._is_running = False

    def _take_turn(self, output: StreamOutput) -> int:
        """Let *output* send a piece: how many bytes."""
        owner = self._owner
        output.is_scheduled = False
        left = output.unsent
        stream_id = output.stream_id
        count = 0
        if left:
            count = owner.engine.window(stream_id)
            if count > PIECE_BYTES:
                is_end = output.is_ending and left <= LAST_PIECE_BYTES
                count = min(count, left) if is_end else PIECE_BYTES
            elif count <= 0:  # it is added again when the window is opened
                if output.stalled_since is None:
                    output.stalled_since = owner.now
                self._stalls += 1
                output.stall = self._stalls
                return 0
        elif not output.has_end:
            return 0
        if not (output.is_at_file and self._send_file_part(output, count)):
            taken = output.take(count)
            if taken is None:
                owner.streams.file_is_short(stream_id)
                return 0
            owner.engine.send_body(stream_id, *taken)
            owner.collect()
        rest = output.unsent
        sent, is_last = left - rest, not (rest or output.has_end) and output.is_ending
        worth = sent // KIB * PER_KIB
        if not rest or count >= PIECE_BYTES:  # else the client's window has cut it
            worth += PER_FRAME
        owner.budget.earn(worth)
        if rest or output.has_end:
            self.add(output)
        output.sent()
        if is_last:
            owner.streams.response_sent(stream_id)
        return sent

    def _send_file_part(self, output: StreamOutput, count: int) -> bool:
        """Send a part of a file behind what waits; false when it cannot be read."""
        owner = self._owner
        owner.collect()
        transport = owner.transport
        before = transport.take_collected(MAX_BYTES_BEFORE)
        frames = output.take_file(count, owner.engine.frames_of_file, before)
        if frames is None:
            transport.collect(before)
            return False
        transport.send_buffer(frames)
        return True

"""
What becomes of a connection whose deadline has passed.

A client that takes too long is told so where it may still listen, and the connection is
closed. One that reads, however slowly, goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..deadlines import NEVER
from ..events import Ending
from . import protocol_error as errors
from .protocol_error import ProtocolError
from .states import ANSWERING, BODY, CLOSING, HEAD, IDLE, LINGERING, TAKEN_OVER

if TYPE_CHECKING:
    from .channel import Channel


def expire(channel: Channel) -> None:
    """End *channel*, or give it more time."""
    state, output, limits = channel.state, channel.output, channel.limits
    if state is TAKEN_OVER:
        channel.look_after_taken_over()
    elif output.is_blocked or output.file is not None or state is CLOSING:
        if _is_paused(channel) or channel.client_has_read():
            channel.deadline = channel.deadlines.now + limits.write_time
        else:
            _give_up(channel, "the client did not read")
    elif state is IDLE:
        channel.close()
    elif state is HEAD:
        channel.refuse(ProtocolError(*errors.HEAD_TOO_SLOW))
    elif state is BODY:
        channel.refuse(ProtocolError(*errors.BODY_TOO_SLOW))
    elif state is LINGERING:
        channel.close_transport()
    elif channel.client_has_read():
        channel.deadline = channel.deadlines.now + limits.idle_time
    else:
        _give_up(channel, "the response took too long for a client that has left")


def _is_paused(channel: Channel) -> bool:
    """Whether a resource has paused the channel in the middle of its response."""
    return (
        channel.state in (ANSWERING, BODY)
        and channel.output.is_paused_by_resource
        and not channel.client_has_ended
    )


def _give_up(channel: Channel, reason: str) -> None:
    if channel.reports is not None:
        channel.reports.ends(Ending.TIMED_OUT, reason)
    channel.deadline = NEVER
    channel.abortConnection()

"""
The last exchanges of a connection, when the server is about to stop.

What has come is answered. A client that has sent nothing yet may be about to: it has a
moment. What has no end of its own is ended: streams of events, and connections that
another protocol has taken over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..on_drain import end_endless
from .states import ANSWERING, BODY, HEAD, IDLE, TAKEN_OVER

if TYPE_CHECKING:
    from .channel import Channel

FIRST_REQUEST_SECONDS = 1.0
"""
Time for the first request of a connection, or for one that was not read yet. Most
clients send one at once; browsers keep connections ready that they may never use.
"""


def drain(channel: Channel) -> None:
    """Close *channel* now, or see that it will be closed."""
    state, request = channel.state, channel.request
    if state is TAKEN_OVER:
        channel.transport.loseConnection()
    elif state in (IDLE, HEAD) and not has_more(channel):
        if channel.intake.has_begun and not channel.output.transport.has_unread():
            channel.close()
        else:
            channel.deadline = channel.deadlines.now + FIRST_REQUEST_SECONDS
    elif request is not None or state is ANSWERING:  # its end is told just now
        if state is not BODY:  # else this is asked again at its end
            channel.persistent = channel.persistent and has_more(channel)
        end_endless(request)


def has_more(channel: Channel) -> bool:
    """
    Whether the client has sent more than what is under way. Empty lines are nothing:
    some old clients end a body with one.
    """
    intake = channel.intake
    return intake.is_waiting_for_turn or bool(intake.waiting.strip(b"\r\n"))

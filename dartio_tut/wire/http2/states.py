"""
The states of a connection by HTTP/2.

| the connection | it has                         | it ends                           |
|----------------|--------------------------------|-----------------------------------|
| is open        | streams, or a while to idle    | when idle too long, or on a fault |
| is leaving     | said GOAWAY, streams to finish | when the last of them is closed   |
| lingers        | said GOAWAY for a fault        | when the client has gone, or soon |
| is closing     | bytes that are still sent      | when these are sent, or not read  |
"""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """See the module's table."""

    OPEN = "open"
    LEAVING = "leaving"
    LINGERING = "lingering"
    CLOSING = "closing"
    CLOSED = "closed"

    __hash__ = object.__hash__  # as good as Enum's own, which is written in Python


OPEN, LEAVING, LINGERING, CLOSING, CLOSED = State

"""
What a channel is about.

| state     | the next bytes are               | deadline                  |
|-----------|----------------------------------|---------------------------|
| IDLE      | a request's first                | idle_time, header_time    |
| HEAD      | the rest of its head             | header_time in all        |
| BODY      | the rest of its content          | body_time, body_rate      |
| ANSWERING | the next request's: kept, bounded| none, or write_time       |
| CLOSING   | nobody's: dropped                | linger_time or write_time |
"""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """See the module's table."""

    IDLE = "idle"
    HEAD = "head"
    BODY = "body"
    ANSWERING = "answering"
    CLOSING = "closing"


IDLE, HEAD, BODY, ANSWERING, CLOSING = State

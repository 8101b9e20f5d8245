"""
The states of an HTTP/1 connection.

::

        first byte            head is whole, no body follows
    IDLE ─────────► HEAD ───────────────────────────────────► ANSWERING
     ▲               │                                          ▲    │
     │               │ a body follows              it has ended │    │
     │               └───────────────► BODY ────────────────────┘    │
     │                                                               │
     └──────────── the response is whole, the connection persists ───┘

    from any of these:
      a request is refused ─────────► LINGERING ─► CLOSED
      nothing more is to come ──────► CLOSING ───► CLOSED
      another protocol takes over ──► TAKEN_OVER

| state      | the next bytes are                    | deadline                   |
|------------|---------------------------------------|----------------------------|
| IDLE       | the first of a request                | idle_time; at first header_time |
| HEAD       | the rest of its head                  | header_time, for all of it |
| BODY       | the rest of its body                  | body_time, body_rate       |
| ANSWERING  | the next request's: they wait         | none of the client's       |
| LINGERING  | dropped                               | linger_time                |
| CLOSING    | dropped                               | write_time                 |

While the client has to read before more can be sent, the deadline is write_time in all
states, counted from when it last took something.
"""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """See the module's drawing."""

    IDLE = "idle"
    HEAD = "head"
    BODY = "body"
    ANSWERING = "answering"
    LINGERING = "lingering"
    CLOSING = "closing"
    CLOSED = "closed"
    TAKEN_OVER = "taken over"

    __hash__ = object.__hash__  # as good as Enum's own, which is written in Python


IDLE, HEAD, BODY, ANSWERING, LINGERING, CLOSING, CLOSED, TAKEN_OVER = State

NO_MORE_REQUESTS = frozenset((LINGERING, CLOSING, CLOSED, TAKEN_OVER))
"""States in which no more requests are read."""

"""
The last requests of a connection, when the server is about to stop.

A client that is told of the end by GOAWAY knows which of its requests were not looked
at. But what it has sent may be unread yet; to close the connection then would reset it,
and what was said would be lost. So that is read first, and requests among it are
answered. A client that has asked for nothing yet may be about to: it has a moment.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..http1.draining import FIRST_REQUEST_SECONDS
from .states import OPEN

if TYPE_CHECKING:
    from .connection import HTTP2Connection


def drain(connection: HTTP2Connection) -> None:
    """Close *connection* now, or see that it will be closed."""
    if _may_ask(connection):
        connection.leaves_soon = True
        connection.deadline = connection.now + FIRST_REQUEST_SECONDS
        _watch(connection)
    else:
        connection.close()


def _may_ask(connection: HTTP2Connection) -> bool:
    if connection.state is not OPEN or connection.streams.open or connection.is_blocked:
        return False
    return not connection.streams.last or connection.transport.sender.has_unread()


def _watch(connection: HTTP2Connection) -> None:
    # In the place of the method only now, so that it costs nothing before.
    watching = partial(_received, connection)
    connection.dataReceived = watching  # type: ignore[method-assign]


def _received(connection: HTTP2Connection, data: bytes) -> None:
    """Bytes have come: go on as long as there may be more requests."""
    del connection.dataReceived
    connection.dataReceived(data)
    if _may_ask(connection):
        _watch(connection)
    else:
        connection.close()

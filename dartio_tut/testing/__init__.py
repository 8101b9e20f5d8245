"""
Asks a resource tree in memory: no port, no socket, no running reactor, and no time.

    response = ask(Hello(), "GET", "/any/path")
    assert response.code == 200

Requests and responses are bytes that go through `dartio_tut.daemon.Site`, so that HEAD,
lengths, errors and refusals are as they are on the network.

Rule of the room: it is for tests of any `twisted.web` resource, and knows none. Of the
other floors it sees `daemon` and `wire`, by their doors.
"""

from .client import Client, Exchange, ask
from .connection import CLIENT_ADDRESS, Connection, connect
from .response import Fields, Response, UnexpectedResponse
from .response_reader import FramingError, ResponseReader, read_response

__all__ = [
    "CLIENT_ADDRESS",
    "Client",
    "Connection",
    "Exchange",
    "Fields",
    "FramingError",
    "Response",
    "ResponseReader",
    "UnexpectedResponse",
    "ask",
    "connect",
    "read_response",
]

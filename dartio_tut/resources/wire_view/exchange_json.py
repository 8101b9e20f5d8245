"""
Exchanges and connections as objects of JSON, for the pages that show them.

Rule: everything comes from what is kept, which is masked.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from twisted.web.http import parse_qs

from dartio_tut.anatomy import message_json, take_apart
from dartio_tut.wire import Ending

from .kept_message import FORM, KeptMessage
from .recorded import Done, RecordedConnection, RecordedExchange

OPEN = "open"
"""How an exchange ends that has not ended."""

_NOT_WHOLE = (Ending.CLIENT_GONE.value, Ending.CUT_OFF.value, Ending.TIMED_OUT.value)


def connection_json(
    connection: RecordedConnection, exchanges: list[RecordedExchange]
) -> dict[str, Any]:
    """*connection*, with those of *exchanges* that it had."""
    return {
        "id": connection.number,
        "server": connection.server,
        "peer": connection.peer,
        "opened": connection.opened,
        "closed": connection.closed,
        "tls": _tls(connection),
        "exchanges": [
            one.number for one in exchanges if one.connection is connection
        ],
    }


def exchange_json(exchange: RecordedExchange) -> dict[str, Any]:
    """*exchange*, with its messages taken apart."""
    connection, done = exchange.connection, exchange.done
    method, target = first_words(exchange)
    return {
        "id": exchange.number,
        "connection": connection.number,
        "server": connection.server,
        "peer": connection.peer,
        "started": exchange.started,
        "first_byte": _since(exchange, done and done.first_byte),
        "ended": _since(exchange, done and done.ended),
        "ending": OPEN if done is None else done.ending,
        "reason": "" if done is None else done.reason,
        "clause": "" if done is None else done.clause,
        "request": _message(exchange, exchange.request, method),
        "response": _message(exchange, exchange.response, method)
        if exchange.response.total
        else None,
        "program": _program(exchange, method, target),
        "tls": _tls(connection),
        "copies": _copies(exchange),
    }


def first_words(exchange: RecordedExchange) -> tuple[bytes, bytes]:
    """The method and the target of the request, as far as it has them."""
    line = exchange.request.kept.lstrip(b"\r\n").partition(b"\n")[0].strip()
    words = [*line.split(b" ", 2), b"", b""]
    return words[0], words[1]


def status_of(exchange: RecordedExchange) -> int:
    """The status code of the final response; 0 if there is none yet."""
    if exchange.done is not None:
        return exchange.done.status
    ...


def text(value: bytes) -> str:
    """*value* as text, whatever it is."""
    return value.decode("utf-8", "backslashreplace")

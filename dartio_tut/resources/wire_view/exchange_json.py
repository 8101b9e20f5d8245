"""
Exchanges and connections as objects of JSON, for the pages that show them.

Rule: everything comes from what is kept, which is masked.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from twisted.web.http import parse_qs

from dartio_tut.wire import Ending

from .kept_message import KeptMessage
from .recorded import RecordedConnection, RecordedExchange

if TYPE_CHECKING:
    from dartio_tut.anatomy import SentBy

OPEN = "open"
"""How an exchange ends that has not ended."""

_CUT = (Ending.CLIENT_GONE.value, Ending.CUT_OFF.value, Ending.TIMED_OUT.value)
"""Endings with which nothing more can come of a request."""


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
        "exchanges": [one.number for one in exchanges if one.connection is connection],
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
        "first_byte": _since(exchange, exchange.first_byte),
        "ended": _since(exchange, None if done is None else done.ended),
        "ending": OPEN if done is None else done.ending,
        "reason": "" if done is None else done.reason,
        "clause": "" if done is None else done.clause,
        "request": _message(exchange, exchange.request, "client", method),
        "response": _message(exchange, exchange.response, "server", method)
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
    """The status code of the response; 0 if no response was sent."""
    if exchange.done is not None:
        return exchange.done.status
    return exchange.response.status


def text(value: bytes) -> str:
    """*value* as text, whatever it is."""
    return value.decode("utf-8", "backslashreplace")


def _since(exchange: RecordedExchange, when: float | None) -> float | None:
    """Seconds from the first byte of the request until *when*."""
    return None if when is None else when - exchange.began


def _message(
    exchange: RecordedExchange, kept: KeptMessage, sent_by: SentBy, method: bytes
) -> dict[str, Any]:
    # Imported late, as below: only who looks at exchanges needs it.
    from dartio_tut.anatomy import message_json, take_apart

    done = exchange.done
    has_ended = done is not None and kept.is_whole
    if sent_by == "client" and done is not None:
        has_ended = has_ended and done.ending in _CUT
    message = take_apart(kept.kept, sent_by, request_method=method, has_ended=has_ended)
    is_complete = None
    if not kept.is_whole:
        is_complete = done is not None and done.ending == Ending.COMPLETE.value
    arrivals = [(when - exchange.began, count) for when, count in kept.arrivals]
    return message_json(
        message, total=kept.total, is_complete=is_complete, arrivals=arrivals
    )


def _program(
    exchange: RecordedExchange, method: bytes, target: bytes
) -> dict[str, Any] | None:
    """What the resource was asked, and said; ``None`` if none was."""
    if not exchange.resource:
        return None
    args = parse_qs(target.partition(b"?")[2], True)
    for name, values in parse_qs(exchange.request.form, True).items():
        args[name] = [*args.get(name, ()), *values]
    return {
        "method": text(method),
        "uri": text(target),
        "args": {text(name): [text(one) for one in args[name]] for name in args},
        "status": status_of(exchange),
        "resource": exchange.resource,
    }


def _tls(connection: RecordedConnection) -> dict[str, str] | None:
    facts = connection.tls
    if facts is None:
        return None
    return {
        "version": facts.version,
        "cipher": facts.cipher,
        "certificate": _certificate(facts.certificate),
    }


@lru_cache(16)
def _certificate(der: bytes) -> str:
    """A certificate in a line: whose it is, until when, and its fingerprint."""
    if not der:
        return ""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    certificate = x509.load_der_x509_certificate(der)
    until = certificate.not_valid_after_utc.date().isoformat()
    name = certificate.subject.rfc4514_string()
    fingerprint = certificate.fingerprint(SHA256()).hex(":")
    return f"{name}, valid until {until}, SHA-256 {fingerprint}"


def _copies(exchange: RecordedExchange) -> dict[str, str]:
    from dartio_tut.anatomy import copies

    connection = exchange.connection
    scheme = "http" if connection.tls is None else "https"
    host, _, port = connection.address.rpartition(":")
    if not port.isdigit():
        return {}  # a UNIX socket has no URL
    if host in ("127.0.0.1", "[::1]"):
        host = "localhost"
    return copies(exchange.request.kept, f"{scheme}://{host}:{port}")

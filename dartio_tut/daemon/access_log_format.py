"""
The lines of the access log, made of events: many at a time, because what is the same
for all of them is looked up once.

Two formats, each one line an exchange. *combined* is that of Apache and nginx; a line
of an exchange that was not completed has one more quoted field at its end, which says
how it ended::

    192.0.2.7 - - [26/Nov/2026:00:31:02 +0000] "GET /a HTTP/1.1" 200 512 "-" "curl/8"
    192.0.2.7 - - [26/Nov/2026:00:31:05 +0000] "GET / HTTP/9.9" 505 31 "-" "-" "refused:
    version not supported (RFC 9110 section 15.6.6)"

The status is that of the response. Where none was sent it is 499 if the client had gone
(nginx's number for it), else 000. The size is that of the response body as far as it
was sent.

*json* is an object a line, which has what *combined* leaves out.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import count
from time import gmtime, strftime
from typing import Any

from dartio_tut.wire import (
    Ending,
    ExchangeDone,
    Noted,
    NotedHead,
    exchanges_done,
    seconds_since_epoch,
)

Formatter = Callable[[Iterable[Noted]], list[bytes]]
"""Makes the lines of the exchanges among events, each with its line end."""

CLIENT_GONE_STATUS = 499
NO_STATUS = 0

KEPT_VALUES = 1024
KEPT_VALUE_BYTES = 512
"""
Quoted values of header fields that are kept, and the bytes of the longest: clients
repeat theirs.
"""

_find_unsafe = re.compile(rb"[^ !#-\[\]-~]").search
_replace_unsafe = re.compile(rb"[^ !#-\[\]-~]").sub
"""What would end a quoted field, or be no printable ASCII."""

_encode = json.JSONEncoder(separators=(",", ":")).encode
"""Is made once: ``json.dumps`` makes another one for each line."""

_NOTHING: dict[bytes | None, bytes] = {None: b"-", b"": b"-"}
"""How a header field is quoted that is missing or empty."""

_COMPLETE, _CLIENT_GONE = Ending.COMPLETE, Ending.CLIENT_GONE


class CombinedFormat:
    """Makes lines in the combined format."""

    def __init__(self) -> None:
        self._clients: dict[object, bytes] = {}
        self._quoted: dict[bytes | None, bytes] = dict(_NOTHING)
        self._second, self._moment = -1, b""

    def __call__(self, noted: Iterable[Noted]) -> list[bytes]:
        """The lines of the exchanges among *noted*."""
        lines: list[bytes] = []
        hosts = dict[object, bytes]()
        heads = dict[NotedHead, tuple[bytes, bytes]]()
        second, moment = self._second, self._moment
        to_epoch = seconds_since_epoch(0.0)
        for event in noted:
            if event.__class__ is tuple:
                usual: Any = event  # mypy does not see that it is no other tuple
                client, head, status, size, _, _, ended, _ = usual
                ended += to_epoch
                if not second <= ended < second + 1:
                    second, moment = self._set_second(ended)
                host = hosts.get(client)
                if host is None:
                    host = hosts[client] = self._host(client.peer)
                said = heads.get(head)  # the same for requests with the same head
                if said is None:
                    said = heads[head] = self._request_and_sender(head)
                request, sender = said
                what = host, moment, request, status, size, sender
                lines.append(b'%b - - [%b] "%b" %03d %d %b\n' % what)
            elif isinstance(event, ExchangeDone):
                ended = event.ended + to_epoch
                if not second <= ended < second + 1:
                    second, moment = self._set_second(ended)
                lines.append(self._line(event, moment))
        return lines

    def _set_second(self, time: float) -> tuple[int, bytes]:
        """The second of *time*, and how it is written."""
        self._second = second = int(time)
        self._moment = strftime("%d/%b/%Y:%H:%M:%S +0000", gmtime(second)).encode()
        return second, self._moment

    def _host(self, peer: object) -> bytes:
        host = getattr(peer, "host", None)
        return self._clients.get(host) or self._learn_client(host)

    def _request_and_sender(self, head: NotedHead) -> tuple[bytes, bytes]:
        fields = head.fields
        request = _request(head.method, head.target, fields.version)
        return request, self._sender(fields.joined)

    def _line(self, event: ExchangeDone, moment: bytes) -> bytes:
        """The line of *event*, which is not a usual one, or not known to be."""
        status = event.status or _no_status(event.ending)
        line = b'%b - - [%b] "%b" %03d %d %b' % (
            self._host(event.peer),
            moment,
            _request(event.method, event.target, event.version),
            status,
            event.response_body_bytes,
            self._sender(event.fields),
        )
        if event.ending is not _COMPLETE:
            line += b' "%b"' % _ending(event)
        return line + b"\n"

    def _sender(self, fields: Callable[[bytes], bytes | None]) -> bytes:
        """Where a request came from, and what has sent it."""
        referrer, agent = fields(b"referer"), fields(b"user-agent")
        quoted = self._quoted.get
        return b'"%b" "%b"' % (
            quoted(referrer) or self._learn(referrer),
            quoted(agent) or self._learn(agent),
        )

    def _learn_client(self, host: object) -> bytes:
        """Quote *host*, and keep it."""
        if len(self._clients) >= KEPT_VALUES:
            self._clients.clear()
        self._clients[host] = made = _quote(_host_bytes(host))
        return made

    def _learn(self, value: bytes | None) -> bytes:
        """Quote *value*, and keep it."""
        made = _quote(value or b"-")
        if value is not None and len(value) <= KEPT_VALUE_BYTES:
            if len(self._quoted) >= KEPT_VALUES:
                self._quoted.clear()
                self._quoted.update(_NOTHING)
            self._quoted[value] = made
        return made


def _request(method: bytes, target: bytes, version: bytes) -> bytes:
    """A request line, as far as it came, so that it can be quoted."""
    request = b"%b %b %b" % (method, target, version)
    if not version or _find_unsafe(request) is not None:
        return _quote(request.strip() or b"-")
    return request


class JSONFormat:
    """
    Makes lines that are JSON objects.

    What a client has sent is written as UTF-8; a byte that is not UTF-8 is written
    as ``\\xff``.
    """

    def __init__(self) -> None:
        self._process = os.urandom(6).hex()
        self._numbers = count(1)

    def __call__(self, noted: Iterable[Noted]) -> list[bytes]:
        """The lines of the exchanges among *noted*."""
        return [self._line(event) for event in exchanges_done(noted)]

    def _line(self, event: ExchangeDone) -> bytes:
        fields, ending = event.fields, event.ending
        ended = datetime.fromtimestamp(seconds_since_epoch(event.ended), UTC)
        facts: dict[str, object] = {
            "time": ended.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "id": f"{self._process}-{next(self._numbers)}",
            "client": _text(_host_bytes(getattr(event.peer, "host", None))),
            "method": _text(event.method),
            "target": _text(event.target),
            "version": _text(event.version),
            "host": _text(fields(b"host") or fields(b":authority")),
            "status": event.status,
            "bytes": event.response_body_bytes,
            "request_bytes": event.request_body_bytes,
            "duration": round(event.ended - event.started, 6),
            "first_byte": (
                None
                if event.first_byte is None
                else round(event.first_byte - event.started, 6)
            ),
            "tls": event.tls_version or None,
            "tls_client": event.tls_client or None,
            "referer": _text(fields(b"referer")),
            "user_agent": _text(fields(b"user-agent")),
            "request_id": _text(fields(b"x-request-id")),
            "ending": "complete" if ending is _COMPLETE else ending.value,
        }
        if event.reason:
            facts["reason"] = event.reason
        if event.clause:
            facts["clause"] = event.clause
        return _encode(facts).encode("ascii") + b"\n"


FORMATS: dict[str, Callable[[], Formatter]] = {
    "combined": CombinedFormat,
    "json": JSONFormat,
}
"""What makes the lines, by the word that picks it."""


def _host_bytes(host: object) -> bytes:
    return str(host or "-").encode("utf-8", "backslashreplace")


def _text(value: bytes | None) -> str | None:
    return value.decode("utf-8", "backslashreplace") if value else None


def _no_status(ending: Ending) -> int:
    return CLIENT_GONE_STATUS if ending is _CLIENT_GONE else NO_STATUS


def _quote(value: bytes) -> bytes:
    """*value* so that nothing in it ends a quoted field or breaks the line."""
    return _replace_unsafe(lambda found: b"\\x%02x" % found[0][0], value)


def _ending(event: ExchangeDone) -> bytes:
    """How an exchange ended that was not completed."""
    said = event.ending.value
    if event.reason:
        said += f": {event.reason}"
    if event.clause:
        said += f" ({event.clause})"
    return _quote(said.encode("ascii", "backslashreplace"))

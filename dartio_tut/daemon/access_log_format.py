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

from dartio_tut.wire import Ending, ExchangeDone

Formatter = Callable[[Iterable[ExchangeDone]], list[bytes]]
"""Makes the lines of exchanges, each with its line end."""

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

    def __call__(self, events: Iterable[ExchangeDone]) -> list[bytes]:
        """The lines of *events*."""
        lines: list[bytes] = []
        clients, senders = self._clients.get, dict[object, bytes]()
        find_unsafe = _find_unsafe
        second, moment = -1, b""
        for event in events:
            peer, method, target, version, fields, status, _, size = event[:8]
            ended, ending = event[10:12]
            if not second <= ended < second + 1:
                second = int(ended)
                moment = strftime("%d/%b/%Y:%H:%M:%S +0000", gmtime(second)).encode()
            host = getattr(peer, "host", None)
            sender = senders.get(fields)  # the same for requests with the same fields
            if sender is None:
                sender = senders[fields] = self._sender(fields)
            where = clients(host) or self._learn_client(host), moment
            if ending is _COMPLETE and find_unsafe(target) is None:
                what = method, target, version, status, size, sender
                lines.append(b'%b - - [%b] "%b %b %b" %03d %d %b\n' % (where + what))
            else:
                lines.append(_unusual_line(event, where, sender))
        return lines

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


def _unusual_line(
    event: ExchangeDone, where: tuple[bytes, bytes], sender: bytes
) -> bytes:
    """The line of an exchange that is not complete, or has a target to be quoted."""
    request = b"%b %b %b" % (event.method, event.target, event.version)
    if not event.version or _find_unsafe(request) is not None:
        request = _quote(request.strip() or b"-")
    status = event.status or _no_status(event.ending)
    what = request, status, event.response_body_bytes, sender
    line = b'%b - - [%b] "%b" %03d %d %b' % (where + what)
    if event.ending is not _COMPLETE:
        line += b' "%b"' % _ending(event)
    return line + b"\n"


class JSONFormat:
    """
    Makes lines that are JSON objects.

    What a client has sent is written as UTF-8; a byte that is not UTF-8 is written
    as ``\\xff``.
    """

    def __init__(self) -> None:
        self._process = os.urandom(6).hex()
        self._numbers = count(1)

    def __call__(self, events: Iterable[ExchangeDone]) -> list[bytes]:
        """The lines of *events*."""
        return [self._line(event) for event in events]

    def _line(self, event: ExchangeDone) -> bytes:
        fields, ending = event.fields, event.ending
        ended = datetime.fromtimestamp(event.ended, UTC)
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
            "duration": round(max(0.0, event.ended - event.started), 6),
            "first_byte": (
                None
                if event.first_byte is None
                else round(max(0.0, event.first_byte - event.started), 6)
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

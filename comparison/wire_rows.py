"""
Malformed requests, and unusual ones that are valid.
"""

from __future__ import annotations

from .answer import Answer, parse, request
from .asking import Server
from .judging import Judge, Verdict, brief, graded, refused, status
from .rows import Group
from .tree import PLAIN

LINE = b"GET /plain.txt HTTP/1.1"
HOST = b"Host: localhost"
CLOSE = b"Connection: close"

LONG = 100_000
"""Bytes of a field and of a target: more than anybody needs."""

WIRE = Group("The wire")


def _sent(title: str, expected: str, section: str, judge: Judge, *lines: bytes) -> None:
    """A row about *lines* and an empty one, sent as they are."""
    data = b"".join(line + b"\r\n" for line in (*lines, b""))
    WIRE.add(title, expected, f"RFC {section}", lambda server: judge(server.send(data)))


def _head(title: str, section: str, *lines: bytes) -> None:
    """A row about a head with *lines* that are to be refused."""
    _sent(title, "400", section, status(400), LINE, *lines, CLOSE)


_head("No Host", "9112 3.2")
_head("Two Hosts", "9112 3.2", HOST, b"Host: other")
_head("`Host: a b`", "9112 3.2", b"Host: a b")

_TWO_LENGTHS = (
    LINE,
    HOST,
    CLOSE,
    b"Content-Length: 2",
    b"Content-Length: 3",
    b"",
    b"a",
)
_SIGNED_LENGTH = (LINE, HOST, CLOSE, b"Content-Length: +2", b"")
_EITHER = status(400, fair=(413,))
_sent("Two Content-Lengths", "400", "9112 6.3", _EITHER, *_TWO_LENGTHS)
_sent("Content-Length: `+2`", "400", "9112 6.3", status(400), *_SIGNED_LENGTH)


@WIRE.row("Content-Length and Transfer-Encoding", "4xx, or closes", "RFC 9112 6.1")
def _smuggled(server: Server) -> Verdict:
    """Two ways to say where content ends: best refused, else nothing more is read."""
    lines = [LINE, HOST, b"Content-Length: 5", b"Transfer-Encoding: chunked"]
    data = b"\r\n".join([*lines, b"", b"0", b"", b""])
    answer = parse(server.exchange(data + request("/sub/a.txt", host=server.host)))
    if answer is None or not answer.status:
        return graded(brief(answer) if answer else "nothing", good=False)
    more = bool(answer.rest)
    said = f"{brief(answer)}, {'reads on' if more else 'closes'}"
    return graded(said, good=answer.refuses, fair=not more)


def _no_tunnel(answer: Answer) -> Verdict:
    good = answer.refuses or answer.status == 501
    # Some close at once, or redirect: no tunnel either.
    return graded(brief(answer), good=good, fair=answer.status // 100 != 2)


_head("Space before a colon", "9112 5.1", HOST, b"X-Odd : 1")
_FOLDED = (LINE, HOST, b"X-Odd: 1", b" 2", CLOSE)
_sent("Field over two lines", "400, or as one", "9112 5.2", status(400, 200), *_FOLDED)
_head("NUL in a value", "9110 5.5", HOST, b"X-Odd: a\0b")

_LONG_FIELD = (LINE, HOST, b"X-Long: " + b"a" * LONG, CLOSE)
_LONG_TARGET = (b"GET /" + b"a" * LONG + b" HTTP/1.1", HOST, CLOSE)
_TOO_LONG = status(414, fair=(400, 404, 413, 431))
_sent(f"Field of {LONG:,} bytes", "4xx", "9110 5.4", refused(200), *_LONG_FIELD)
_sent(f"Target of {LONG:,} bytes", "414", "9112 3", _TOO_LONG, *_LONG_TARGET)

_HTTP_3 = (b"GET /plain.txt HTTP/3.0", HOST, CLOSE)
_HTTP_1_0 = b"GET /plain.txt HTTP/1.0"
_sent("`HTTP/3.0`", "505 or 400", "9110 15.6.6", status(505, 400), *_HTTP_3)
_sent("HTTP/1.0 without Host", "200", "9112 C.2", status(200), _HTTP_1_0)


@WIRE.row("Target with scheme and host", "200", "RFC 9112 3.2.2")
def _absolute(server: Server) -> Verdict:
    return status(200)(server.ask(f"http://{server.host}/plain.txt"))


_CONNECT = (b"CONNECT a:80 HTTP/1.1", b"Host: a:80", CLOSE)
_sent("CONNECT", "4xx or 501", "9110 9.3.6", _no_tunnel, *_CONNECT)


@WIRE.row("Two requests at once", "two answers", "RFC 9112 9.3.2")
def _pipelined(server: Server) -> Verdict:
    first = request("/plain.txt", host=server.host).replace(CLOSE, b"X-Number: 1")
    second = request("/sub/a.txt", host=server.host)
    answer = parse(server.exchange(first + second))
    if answer is None or answer.status != 200 or answer.body != PLAIN:
        return graded(brief(answer) if answer else "nothing", good=False)
    # A server that closes after an answer makes the client send the rest again.
    following = parse(answer.rest) if answer.rest else None
    if following is None:
        return graded("one, closes", good=False, fair=True)
    return graded("two", good=following.body == b"a.txt")

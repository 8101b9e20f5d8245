"""
Malformed requests, and unusual ones that are valid.
"""

from __future__ import annotations

from .answer import Answer, parse, request
from .asking import Server
from .judging import Verdict, brief, graded, status
from .rows import Group, Row, sent
from .tree import PLAIN

LINE = b"GET /plain.txt HTTP/1.1"
HOST = b"Host: localhost"
CLOSE = b"Connection: close"

LONG = 100_000
"""Bytes of a field and of a target: more than anybody needs."""


def _too_long(answer: Answer) -> Verdict:
    good = 400 <= answer.status < 500
    return graded(brief(answer), good=good, fair=answer.status == 200)


def _smuggled(server: Server) -> Verdict:
    """Two ways to say where content ends: best refused, else nothing more is read."""
    lines = [LINE, HOST, b"Content-Length: 5", b"Transfer-Encoding: chunked"]
    data = b"\r\n".join([*lines, b"", b"0", b"", b""])
    answer = parse(server.exchange(data + request("/sub/a.txt", host=server.host)))
    if answer is None or not answer.status:
        return graded(brief(answer) if answer else "nothing", good=False)
    more = bool(answer.rest)
    said = f"{brief(answer)}, {'reads on' if more else 'closes'}"
    return graded(said, good=400 <= answer.status < 500, fair=not more)


def _no_tunnel(answer: Answer) -> Verdict:
    good = 400 <= answer.status < 500 or answer.status == 501
    # Some close at once, or redirect: no tunnel either.
    return graded(brief(answer), good=good, fair=answer.status // 100 != 2)


def _pipelined(server: Server) -> Verdict:
    first = request("/plain.txt", host=server.host).replace(CLOSE, b"X-Number: 1")
    second = request("/sub/a.txt", host=server.host)
    came = server.exchange(first + second)
    answer = parse(came)
    if answer is None or answer.status != 200 or answer.body != PLAIN:
        return graded(brief(answer) if answer else "nothing", good=False)
    # A server that closes after an answer makes the client send the rest again.
    following = parse(answer.rest) if answer.rest else None
    if following is None:
        return graded("one, closes", good=False, fair=True)
    return graded("two", good=following.body == b"a.txt")


def _absolute(server: Server) -> Verdict:
    target = f"http://{server.host}/plain.txt"
    return status(200)(server.ask(target))


def _head(title: str, section: str, *lines: bytes) -> Row:
    """A head with *lines* that are to be refused."""
    ask = sent(LINE, *lines, CLOSE, judge=status(400))
    return Row(title, "400", f"RFC {section}", ask)


_TWO_LENGTHS = (CLOSE, b"Content-Length: 2", b"Content-Length: 3", b"", b"a")
_FOLDED = (LINE, HOST, b"X-Odd: 1", b" 2", CLOSE)
_LONG_FIELD = (LINE, HOST, b"X-Long: " + b"a" * LONG, CLOSE)
_LONG_TARGET = (b"GET /" + b"a" * LONG + b" HTTP/1.1", HOST, CLOSE)
_CONNECT = (b"CONNECT a:80 HTTP/1.1", b"Host: a:80", CLOSE)

WIRE = Group(
    "The wire",
    _head("No Host", "9112 3.2"),
    _head("Two Hosts", "9112 3.2", HOST, b"Host: other"),
    _head("`Host: a b`", "9112 3.2", b"Host: a b"),
    Row(
        "Two Content-Lengths",
        "400",
        "RFC 9112 6.3",
        sent(LINE, HOST, *_TWO_LENGTHS, judge=status(400, fair=(413,))),
    ),
    Row(
        "Content-Length: `+2`",
        "400",
        "RFC 9112 6.3",
        sent(LINE, HOST, CLOSE, b"Content-Length: +2", b"", judge=status(400)),
    ),
    Row(
        "Content-Length and Transfer-Encoding",
        "4xx, or closes",
        "RFC 9112 6.1",
        _smuggled,
    ),
    _head("Space before a colon", "9112 5.1", HOST, b"X-Odd : 1"),
    Row(
        "Field over two lines",
        "400, or as one",
        "RFC 9112 5.2",
        sent(*_FOLDED, judge=status(400, 200)),
    ),
    _head("NUL in a value", "9110 5.5", HOST, b"X-Odd: a\0b"),
    Row(
        f"Field of {LONG:,} bytes",
        "4xx",
        "RFC 9110 5.4",
        sent(*_LONG_FIELD, judge=_too_long),
    ),
    Row(
        f"Target of {LONG:,} bytes",
        "414",
        "RFC 9112 3",
        sent(*_LONG_TARGET, judge=status(414, fair=(400, 404, 413, 431))),
    ),
    Row(
        "`HTTP/3.0`",
        "505 or 400",
        "RFC 9110 15.6.6",
        sent(b"GET /plain.txt HTTP/3.0", HOST, CLOSE, judge=status(505, 400)),
    ),
    Row(
        "HTTP/1.0 without Host",
        "200",
        "RFC 9112 C.2",
        sent(b"GET /plain.txt HTTP/1.0", judge=status(200)),
    ),
    Row("Target with scheme and host", "200", "RFC 9112 3.2.2", _absolute),
    Row("CONNECT", "4xx or 501", "RFC 9110 9.3.6", sent(*_CONNECT, judge=_no_tunnel)),
    Row("Two requests at once", "two answers", "RFC 9112 9.3.2", _pipelined),
)

"""
What must not be served: files outside the folder, hidden ones, and what is not a file.
"""

from __future__ import annotations

import socket

from .answer import Answer, request
from .asking import PATIENCE, Server
from .judging import (
    Judge,
    Mark,
    Verdict,
    absent,
    brief,
    graded,
    hides,
    permitted,
    refused,
    right,
    status,
    stays_on_host,
    wrong,
)
from .rows import ALONE, Ask, Group, answer_to
from .tree import DOTTED, PLAIN, SECRET

ROWS = Group("The folder and its borders")

_ELSEWHERE = (
    *("//evil.example/..", "//evil.example/%2e%2e", "//evil.example//%2e%2e"),
    *("//evil.example/%2f..", "/%5cevil.example/%2e%2e", "///evil.example/.."),
)
"""Targets that have made servers redirect a browser to another host."""


def _path(
    path: str, expected: str, clause: str, judge: Judge, remark: str = ""
) -> None:
    """A row about the answer to *path*."""
    ROWS.add(f"`{path}`{remark}", expected, clause, answer_to(path, judge))


def _keeps(content: bytes, path: str) -> Ask:
    """*path* is refused; that it gives *content* is permitted."""

    def judge(answer: Answer) -> Verdict:
        if content in answer.body:
            return permitted(f"{brief(answer)}, serves it")
        return refused()(answer)

    return answer_to(path, judge)


_NOT, _SECRET = "not the file", hides(SECRET)
_path("/../secret/secret.txt", _NOT, "RFC 3986 5.2.4", _SECRET)
_path("/%2e%2e/secret/secret.txt", _NOT, "RFC 3986 6.2.2.3", _SECRET)
_path("/sub/..%2f..%2fsecret/secret.txt", _NOT, "RFC 3986 2.2", _SECRET)
_NO_SLASH = ": an encoded slash parts no names"
_path("/sub%2fa.txt", "4xx", "RFC 3986 2.2", refused(200), _NO_SLASH)
_path("/plain.txt%00.html", "4xx", "no name", refused(301, 308))
_path("/%zz", "4xx", "RFC 3986 2.1", refused(), ", no percent-encoding")


@ROWS.row("`//evil.example/..` and its like", "no redirect there", "open redirect")
def _no_other_host(server: Server) -> Verdict:
    verdicts = [stays_on_host(server.ask(path), server.host) for path in _ELSEWHERE]
    bad = [verdict for verdict in verdicts if verdict.mark is not Mark.RIGHT]
    return bad[0] if bad else right("stays")


@ROWS.row("`//sub`, a folder", "none to host `sub`", "open redirect")
def _double_slash(server: Server) -> Verdict:
    return stays_on_host(server.ask("//sub"), server.host)


ROWS.add("`/.env`", "4xx", "kept hidden", _keeps(DOTTED, "/.env"))
_WELL_KNOWN = status(200, fair=(403, 404))
_path("/.well-known/security.txt", "200", "RFC 8615 3", _WELL_KNOWN)


@ROWS.row("Link to a file inside", "200", "followed")
def _inside(server: Server) -> Verdict:
    answer = server.ask("/inside.txt")
    return graded(brief(answer), good=answer.gives(PLAIN), fair=answer.refuses)


for _kind, _target in ("file", "/outside.txt"), ("folder", "/outside/secret.txt"):
    _title = f"Link to a {_kind} outside"
    ROWS.add(_title, "4xx", "kept in the folder", _keeps(SECRET, _target))


@ROWS.row("File that may not be read", "403 or 404", "RFC 9110 15.5.4")
def _unreadable(server: Server) -> Verdict:
    answer = server.ask("/trap/unreadable.txt")
    return absent("runs as root") if SECRET in answer.body else status(403, 404)(answer)


@ROWS.row("FIFO", "4xx, and others served", "no file", ALONE)
def _pipe(server: Server) -> Verdict:
    """A FIFO without a writer: who opens it to read waits for ever."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as waiting:
        waiting.sendall(request("/trap/pipe", host=server.host))
        other = server.ask("/plain.txt")
        said = _begin(waiting)
    if other.status != 200:
        return wrong("stops for all")
    return refused()(said) if said.status else wrong("never answers")


def _begin(waiting: socket.socket) -> Answer:
    try:
        first = waiting.recv(12)
    except OSError:
        first = b""
    words = first.split()
    known = len(words) > 1 and words[1].isdigit()
    return Answer(int(words[1])) if known else Answer(0, trouble="no answer")


_NO_FOLDER = status(404, fair=(200, 301, 302, 308, 400, 403))
_SLASHED = answer_to("/plain.txt/", _NO_FOLDER)
ROWS.add("File with a slash behind it: `/plain.txt/`", "404", "no folder", _SLASHED)

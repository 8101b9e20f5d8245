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
from .rows import ALONE, Group, Row, answer_to
from .tree import DOTTED, PLAIN, SECRET

_ELSEWHERE = (
    *("//evil.example/..", "//evil.example/%2e%2e", "//evil.example//%2e%2e"),
    *("//evil.example/%2f..", "/%5cevil.example/%2e%2e", "///evil.example/.."),
)
"""Targets that have made servers redirect a browser to another host."""


def _no_other_host(server: Server) -> Verdict:
    verdicts = [stays_on_host(server.ask(path), server.host) for path in _ELSEWHERE]
    bad = [verdict for verdict in verdicts if verdict.mark is not Mark.RIGHT]
    return bad[0] if bad else right("stays")


def _double_slash(server: Server) -> Verdict:
    return stays_on_host(server.ask("//sub"), server.host)


def _outside(path: str) -> Row:
    def ask(server: Server) -> Verdict:
        answer = server.ask(path)
        if SECRET in answer.body:
            return permitted(f"{brief(answer)}, serves it")
        return graded(brief(answer), good=400 <= answer.status < 500)

    title = f"Link to a {'file' if path.endswith('e.txt') else 'folder'} outside"
    return Row(title, "4xx", "kept in the folder", ask)


def _dotted(server: Server) -> Verdict:
    answer = server.ask("/.env")
    if DOTTED in answer.body:
        return permitted(f"{brief(answer)}, serves it")
    return graded(brief(answer), good=400 <= answer.status < 500)


def _inside(server: Server) -> Verdict:
    answer = server.ask("/inside.txt")
    good = answer.status == 200 and answer.body == PLAIN
    return graded(brief(answer), good=good, fair=400 <= answer.status < 500)


def _unreadable(server: Server) -> Verdict:
    answer = server.ask("/trap/unreadable.txt")
    if SECRET in answer.body:
        return Verdict("runs as root", Mark.ABSENT)
    return status(403, 404)(answer)


def _pipe(server: Server) -> Verdict:
    """A FIFO without a writer: who opens it to read waits for ever."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as waiting:
        waiting.sendall(request("/trap/pipe", host=server.host))
        other = server.ask("/plain.txt")
        said = _begin(waiting)
    if other.status != 200:
        return wrong("stops for all")
    if not said.status:
        return wrong("never answers")
    return graded(brief(said), good=400 <= said.status < 500)


def _begin(waiting: socket.socket) -> Answer:
    try:
        first = waiting.recv(12)
    except OSError:
        first = b""
    words = first.split()
    known = len(words) > 1 and words[1].isdigit()
    return Answer(int(words[1])) if known else Answer(0, trouble="no answer")


def _path(path: str, expected: str, clause: str, judge: Judge, remark: str = "") -> Row:
    """A row about the answer to *path*."""
    return Row(f"`{path}`{remark}", expected, clause, answer_to(path, judge))


ROWS = Group(
    "The folder and its borders",
    _path("/../secret/secret.txt", "not the file", "RFC 3986 5.2.4", hides(SECRET)),
    _path(
        "/%2e%2e/secret/secret.txt", "not the file", "RFC 3986 6.2.2.3", hides(SECRET)
    ),
    _path(
        "/sub/..%2f..%2fsecret/secret.txt",
        "not the file",
        "RFC 3986 2.2",
        hides(SECRET),
    ),
    _path(
        "/sub%2fa.txt",
        "4xx",
        "RFC 3986 2.2",
        refused(200),
        ": an encoded slash parts no names",
    ),
    _path("/plain.txt%00.html", "4xx", "no name", refused(301, 308)),
    _path("/%zz", "4xx", "RFC 3986 2.1", refused(), ", no percent-encoding"),
    Row(
        "`//evil.example/..` and its like",
        "no redirect there",
        "open redirect",
        _no_other_host,
    ),
    Row("`//sub`, a folder", "none to host `sub`", "open redirect", _double_slash),
    Row("`/.env`", "4xx", "kept hidden", _dotted),
    _path(
        "/.well-known/security.txt", "200", "RFC 8615 3", status(200, fair=(403, 404))
    ),
    Row("Link to a file inside", "200", "followed", _inside),
    _outside("/outside.txt"),
    _outside("/outside/secret.txt"),
    Row("File that may not be read", "403 or 404", "RFC 9110 15.5.4", _unreadable),
    Row("FIFO", "4xx, and others served", "no file", _pipe, ALONE),
    Row(
        "File with a slash behind it: `/plain.txt/`",
        "404",
        "no folder",
        answer_to("/plain.txt/", status(404, fair=(200, 301, 302, 308, 400, 403))),
    ),
)

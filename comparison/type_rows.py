"""
The content type of a file, and its precompressed siblings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .answer import Answer
from .asking import Server
from .judging import (
    Judge,
    Mark,
    Verdict,
    brief,
    graded,
    has_coding,
    permitted,
    right,
    status,
    with_field,
    wrong,
)
from .rows import Group, Row, answer_to
from .tree import CODINGS, TYPES

PRECOMPRESSED = "precompressed"
"""Started so that siblings are served."""

APP = "/app.js"


def _html(server: Server) -> Verdict:
    answer = server.follow("/page.html")
    kind = answer.field("content-type").lower()
    if answer.status != 200 or not kind.startswith("text/html"):
        return wrong(kind or brief(answer))
    return graded(kind, good="utf-8" in kind, fair="charset" not in kind)


def _unknown(answer: Answer) -> Verdict:
    """No type that a browser would run a script in."""
    kind = answer.field("content-type").lower() or "none"
    good = kind in ("none", "application/octet-stream")
    fair = kind.startswith("text/plain")
    return graded(kind, good=answer.status == 200 and good, fair=fair)


def _archive(answer: Answer) -> Verdict:
    coding = answer.field("content-encoding")
    kind = answer.field("content-type").lower()
    if coding:
        return wrong(f"Content-Encoding: {coding}")
    return graded(kind, good=not kind.startswith("text/"))


def _by_name_or_content(answer: Answer) -> Verdict:
    kind = answer.field("content-type").lower()
    return graded(kind or "none", good=kind.startswith(("text/plain", "image/png")))


def _types(server: Server) -> Verdict:
    known, unsafe = [], []
    for name, kinds in TYPES.items():
        kind = server.follow(f"/types/{name}").field("content-type")
        kind = kind.partition(";")[0].strip().lower()
        known += [name] * (kind in kinds)
        unsafe += [name] * (kind == "text/html")
    missing = sorted(set(TYPES) - set(known))
    said = f"{len(known)} of {len(TYPES)}"
    said += f", not {', '.join(n[1:] for n in missing)}" if missing else ""
    return graded(said, good=not missing, fair=not unsafe)


def _codings(
    accept: str, wanted: Sequence[str], fair: Sequence[str] = ()
) -> Callable[[Server], Verdict]:
    judge: Judge = lambda answer: has_coding(answer, CODINGS, wanted, fair)  # noqa: E731
    return answer_to(APP, judge, [("Accept-Encoding", accept)])


def _plain(accept: str) -> Callable[[Server], Verdict]:
    def judge(answer: Answer) -> Verdict:
        coding = answer.field("content-encoding")
        good = answer.status == 200 and not coding
        return graded(coding or "plain", good=good)

    return answer_to(APP, judge, [("Accept-Encoding", accept)])


def _sent_coded(server: Server) -> Answer | None:
    answer = server.ask(APP, [("Accept-Encoding", "gzip, br, zstd")])
    return answer if answer.field("content-encoding") else None


def _vary(server: Server) -> Verdict:
    sent = _sent_coded(server)
    if sent is None:
        return Verdict("none sent", Mark.ABSENT)
    both = [
        "accept-encoding" in answer.field("vary").lower()
        for answer in (sent, server.ask(APP))
    ]
    words = {2: "both", 1: "coded only" if both[0] else "plain only", 0: "neither"}
    # Without it a cache hands the coded one to anyone; the other way costs only bytes.
    return graded(words[sum(both)], good=all(both), fair=both[0])


def _tags(server: Server) -> Verdict:
    answer = _sent_coded(server)
    if answer is None:
        return Verdict("none sent", Mark.ABSENT)
    tags = [answer.field("etag"), server.ask(APP).field("etag")]
    if not tags[0]:
        return permitted("no ETag")
    if tags[0] != tags[1]:
        return right("differ")
    # A weak one may be shared by what means the same (RFC 9110 8.8.1).
    return graded("same", good=False, fair=tags[0].startswith("W/"))


def _kind(server: Server) -> Verdict:
    answer = _sent_coded(server)
    if answer is None:
        return Verdict("none sent", Mark.ABSENT)
    kind = answer.field("content-type")
    return graded(kind, good="javascript" in kind)


def _coded(
    title: str, expected: str, ask: Callable[[Server], Verdict], clause: str = "12.5.3"
) -> Row:
    return Row(title, expected, f"RFC 9110 {clause}", ask, PRECOMPRESSED)


def _accept(accept: str, wanted: Sequence[str], fair: Sequence[str] = ()) -> Row:
    expected = " or ".join(wanted)
    return _coded(f"`{accept}`", expected, _codings(accept, wanted, fair))


TYPE_ROWS = Group(
    "Types",
    Row("HTML", "text/html; charset=utf-8", "RFC 9110 8.3.1", _html),
    Row(
        "HTML in `unknown.qqq`",
        "octet-stream or none",
        "no script by guess",
        answer_to("/unknown.qqq", _unknown),
    ),
    Row(
        "HTML in `nosuffix`",
        "octet-stream or none",
        "no script by guess",
        answer_to("/nosuffix", _unknown),
    ),
    Row(
        "`archive.tar.gz`",
        "no Content-Encoding",
        "RFC 9110 8.4",
        answer_to("/archive.tar.gz", _archive),
    ),
    Row(
        "PNG in `picture.txt`",
        "of its name, or of its content",
        "text/plain or image/png",
        answer_to("/picture.txt", _by_name_or_content),
    ),
    Row(f"{len(TYPES)} types of today's web", "all", "IANA registry", _types),
    Row(
        "X-Content-Type-Options",
        "nosniff",
        "Fetch 3.6",
        answer_to(
            "/plain.txt",
            with_field("x-content-type-options", "nosniff".__eq__, fair=True),
        ),
    ),
)

CODED = Group(
    "Precompressed siblings (`app.js.gz`, `.br`, `.zst`), by Accept-Encoding",
    _accept("gzip", ["gzip"]),
    _accept("br", ["br"]),
    _accept("zstd", ["zstd"]),
    _accept("gzip, br, zstd", ["br", "zstd"], ["gzip"]),
    _accept("br;q=0.1, gzip;q=0.9", ["gzip"], ["br"]),
    _accept("gzip;q=0.1, br;q=0.9", ["br"], ["gzip"]),
    _accept("*", ["br", "zstd", "gzip"]),
    _coded("`gzip;q=0`", "plain", _plain("gzip;q=0")),
    _coded(
        "`gzip;q=0, *;q=0.5`",
        "br or zstd",
        _codings("gzip;q=0, *;q=0.5", ["br", "zstd"]),
    ),
    _coded("none", "plain", answer_to(APP, lambda a: has_coding(a, CODINGS, [""]))),
    _accept("gzip, identity;q=0", ["gzip"]),
    _coded(
        "`identity;q=0`, and there is no sibling",
        "406",
        answer_to(
            "/plain.txt",
            status(406, fair=(200,)),
            [("Accept-Encoding", "identity;q=0")],
        ),
    ),
    _coded("Vary: Accept-Encoding", "coded and plain", _vary, "12.5.5"),
    _coded("ETag of coded and plain", "differ", _tags, "8.8.3.3"),
    _coded("Content-Type of the coded", "JavaScript", _kind, "8.4"),
)

"""
The content type of a file, and its precompressed siblings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .answer import Answer
from .asking import Server
from .judging import (
    Judge,
    Verdict,
    absent,
    brief,
    graded,
    has_coding,
    permitted,
    right,
    status,
    with_field,
    wrong,
)
from .rows import Ask, Group, answer_to
from .tree import CODINGS, TYPES

PRECOMPRESSED = "precompressed"
"""Started so that siblings are served."""

APP = "/app.js"

TYPE_ROWS = Group("Types")
CODED = Group("Precompressed siblings (`app.js.gz`, `.br`, `.zst`), by Accept-Encoding")


@TYPE_ROWS.row("HTML", "text/html; charset=utf-8", "RFC 9110 8.3.1")
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


for _name in ("unknown.qqq", "nosuffix"):
    _ask = answer_to(f"/{_name}", _unknown)
    _title, _expected = f"HTML in `{_name}`", "octet-stream or none"
    TYPE_ROWS.add(_title, _expected, "no script by guess", _ask)


@TYPE_ROWS.row("`archive.tar.gz`", "no Content-Encoding", "RFC 9110 8.4")
def _archive(server: Server) -> Verdict:
    answer = server.ask("/archive.tar.gz")
    if coding := answer.field("content-encoding"):
        return wrong(f"Content-Encoding: {coding}")
    kind = answer.field("content-type").lower()
    return graded(kind, good=not kind.startswith("text/"))


@TYPE_ROWS.row(
    "PNG in `picture.txt`", "of its name, or of its content", "text/plain or image/png"
)
def _by_name_or_content(server: Server) -> Verdict:
    kind = server.ask("/picture.txt").field("content-type").lower()
    return graded(kind or "none", good=kind.startswith(("text/plain", "image/png")))


@TYPE_ROWS.row(f"{len(TYPES)} types of today's web", "all", "IANA registry")
def _types(server: Server) -> Verdict:
    found = {name: server.follow(f"/types/{name}").kind for name in TYPES}
    missing = sorted(name for name, kind in found.items() if kind not in TYPES[name])
    said = f"{len(TYPES) - len(missing)} of {len(TYPES)}"
    said += f", not {', '.join(n[1:] for n in missing)}" if missing else ""
    return graded(said, good=not missing, fair="text/html" not in found.values())


_SNIFFED = answer_to("/plain.txt", with_field("x-content-type-options", "nosniff"))
TYPE_ROWS.add("X-Content-Type-Options", "nosniff", "Fetch 3.6", _SNIFFED)


def _coded(title: str, expected: str, ask: Ask) -> None:
    CODED.add(title, expected, "RFC 9110 12.5.3", ask, PRECOMPRESSED)


def _coding(wanted: Sequence[str], fair: Sequence[str] = ()) -> Judge:
    return lambda answer: has_coding(answer, CODINGS, wanted, fair)


def _accept(accept: str, wanted: Sequence[str], fair: Sequence[str] = ()) -> None:
    """A row about what is sent to a client that accepts these codings."""
    ask = answer_to(APP, _coding(wanted, fair), [("Accept-Encoding", accept)])
    _coded(f"`{accept}`", " or ".join(wanted), ask)


def _uncoded(answer: Answer) -> Verdict:
    coding = answer.field("content-encoding")
    return graded(coding or "plain", good=answer.status == 200 and not coding)


_accept("gzip", ["gzip"])
_accept("br", ["br"])
_accept("zstd", ["zstd"])
_accept("gzip, br, zstd", ["br", "zstd"], ["gzip"])
_accept("br;q=0.1, gzip;q=0.9", ["gzip"], ["br"])
_accept("gzip;q=0.1, br;q=0.9", ["br"], ["gzip"])
_accept("*", ["br", "zstd", "gzip"])
_NO_GZIP = [("Accept-Encoding", "gzip;q=0")]
_coded("`gzip;q=0`", "plain", answer_to(APP, _uncoded, _NO_GZIP))
_accept("gzip;q=0, *;q=0.5", ["br", "zstd"])
_coded("none", "plain", answer_to(APP, _coding([""])))
_accept("gzip, identity;q=0", ["gzip"])
_NO_PLAIN = [("Accept-Encoding", "identity;q=0")]
_NOT_ACCEPTABLE = answer_to("/plain.txt", status(406, fair=(200,)), _NO_PLAIN)
_coded("`identity;q=0`, and there is no sibling", "406", _NOT_ACCEPTABLE)


def _about_coded(
    title: str, expected: str, section: str, judge: Callable[[Answer, Answer], Verdict]
) -> None:
    """A row about the coded answer and the plain one, where a coded one is sent."""

    @CODED.row(title, expected, f"RFC 9110 {section}", PRECOMPRESSED)
    def ask(server: Server) -> Verdict:
        coded = server.ask(APP, [("Accept-Encoding", "gzip, br, zstd")])
        if not coded.field("content-encoding"):
            return absent("none sent")
        return judge(coded, server.ask(APP))


def _vary(coded: Answer, plain: Answer) -> Verdict:
    both = ["accept-encoding" in a.field("vary").lower() for a in (coded, plain)]
    words = {2: "both", 1: "coded only" if both[0] else "plain only", 0: "neither"}
    # Without it a cache hands the coded one to anyone; the other way costs only bytes.
    return graded(words[sum(both)], good=all(both), fair=both[0])


def _tags(coded: Answer, plain: Answer) -> Verdict:
    tag = coded.field("etag")
    if not tag:
        return permitted("no ETag")
    if tag != plain.field("etag"):
        return right("differ")
    # A weak one may be shared by what means the same (RFC 9110 8.8.1).
    return graded("same", good=False, fair=tag.startswith("W/"))


def _kind(coded: Answer, plain: Answer) -> Verdict:
    kind = coded.field("content-type")
    return graded(kind, good="javascript" in kind)


_about_coded("Vary: Accept-Encoding", "coded and plain", "12.5.5", _vary)
_about_coded("ETag of coded and plain", "differ", "8.8.3.3", _tags)
_about_coded("Content-Type of the coded", "JavaScript", "8.4", _kind)

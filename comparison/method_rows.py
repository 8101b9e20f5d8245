"""
Methods, and the conditions that a request may have.
"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime

from .answer import Answer, Fields
from .asking import Server
from .judging import (
    Mark,
    Verdict,
    brief,
    graded,
    less,
    not_supported,
    options,
    right,
    status,
    with_field,
    wrong,
)
from .rows import Group, Row, one
from .tree import DATE, EARLIER, LATER, MODIFIED, PLAIN

FILE = "/plain.txt"


def _head(server: Server) -> Verdict:
    got, head = server.ask(FILE), server.ask(FILE, method="HEAD")
    if head.status != 200 or head.rest:
        return wrong("sends content" if head.rest else brief(head))
    own = ("date", "connection", "keep-alive", "server")
    differ = {name for name, _ in set(got.fields) ^ set(head.fields)} - set(own)
    # A length may be left out where it would have to be made (RFC 9110 9.3.2).
    said = f"200, differ: {', '.join(sorted(differ))}" if differ else "200"
    return graded(said, good=not differ, fair=not head.has("content-length"))


def _strong(answer: Answer) -> Verdict:
    tag = answer.field("etag")
    if not tag:
        return less("none")
    if tag.startswith("W/"):
        return less("weak")
    quoted = len(tag) > 2 and tag[0] == tag[-1] == '"'
    return graded("strong" if quoted else f"not quoted: {tag}", good=quoted)


def _modified(answer: Answer) -> Verdict:
    said = answer.field("last-modified")
    try:
        when = parsedate_to_datetime(said).timestamp()
    except ValueError:
        return less("none") if not said else wrong(said)
    return graded("yes" if when == MODIFIED else said, good=when == MODIFIED)


def _tagged(
    fields: Callable[[str], Fields], good: int, *, strong: bool = False
) -> Callable[[Server], Verdict]:
    """Ask under a condition made of the entity tag that the server gives."""

    def ask(server: Server) -> Verdict:
        tag = server.ask(FILE).field("etag")
        if not tag:
            return Verdict("no ETag", Mark.ABSENT)
        if strong and tag.startswith("W/"):
            return Verdict("weak ETag", Mark.ABSENT)
        return status(good)(server.ask(FILE, fields(tag)))

    return ask


def _either(server: Server) -> Verdict:
    """A stale tag beside a fresh date: the tag is what counts."""
    fields = [("If-None-Match", '"other"'), ("If-Modified-Since", LATER)]
    return status(200)(server.ask(FILE, fields))


def _not_modified(server: Server) -> Verdict:
    got = server.ask(FILE)
    tag = got.field("etag")
    fields = [("If-None-Match", tag)] if tag else [("If-Modified-Since", DATE)]
    answer = server.ask(FILE, fields)
    if answer.status != 304:
        return less(brief(answer))
    if answer.rest:
        return wrong("sends content")
    if answer.field("content-length") not in ("", str(len(PLAIN))):
        return wrong(f"Content-Length: {answer.field('content-length')}")
    kept = answer.field("etag") == tag
    return right("ETag") if kept and tag else graded("no ETag", good=not tag)


def _when(
    name: str, value: str, good: int, fair: tuple[int, ...] = ()
) -> Callable[[Server], Verdict]:
    return one(FILE, status(good, fair=fair), [(name, value)])


def _posted(answer: Answer) -> Verdict:
    """POST may mean anything, even the same as GET; only a refusal is clear."""
    return less("200") if answer.status == 200 else not_supported(answer)


def _bare(tag: str) -> str:
    return tag.removeprefix("W/")


_NOTHING = [("Content-Length", "0")]

METHODS = Group(
    "Methods",
    (
        Row("HEAD", "200, fields of GET, no content", "RFC 9110 9.3.2", _head),
        Row(
            "OPTIONS of a file",
            "2xx with Allow",
            "RFC 9110 9.3.7",
            one(FILE, options, method="OPTIONS"),
        ),
        Row(
            "OPTIONS `*`",
            "2xx",
            "RFC 9110 9.3.7",
            one("*", status(200, 204, fair=(400, 404, 405, 501)), method="OPTIONS"),
        ),
        *(
            Row(
                method,
                "405 with Allow, or 501",
                "RFC 9110 15.5.6",
                one(
                    FILE,
                    _posted if method == "POST" else not_supported,
                    _NOTHING,
                    method,
                ),
            )
            for method in ("DELETE", "PUT", "POST", "TRACE", "BREW")
        ),
    ),
)

CONDITIONS = Group(
    "Conditions",
    (
        Row("ETag", "strong", "RFC 9110 8.8.3", one(FILE, _strong)),
        Row("Last-Modified", "the file's", "RFC 9110 8.8.2", one(FILE, _modified)),
        Row(
            "Date",
            "yes",
            "RFC 9110 6.6.1",
            one(
                FILE,
                lambda a: graded("yes" if a.has("date") else "no", good=a.has("date")),
            ),
        ),
        Row(
            "If-None-Match, the tag",
            "304",
            "RFC 9110 13.1.2",
            _tagged(lambda tag: [("If-None-Match", tag)], 304),
        ),
        Row(
            "If-None-Match, a list with it",
            "304",
            "RFC 9110 13.1.2",
            _tagged(lambda tag: [("If-None-Match", f'"a", {tag}, "b,c"')], 304),
        ),
        Row(
            "If-None-Match, two fields",
            "304",
            "RFC 9110 5.3",
            _tagged(lambda t: [("If-None-Match", '"a"'), ("If-None-Match", t)], 304),
        ),
        Row(
            "If-None-Match, the tag as weak",
            "304",
            "RFC 9110 13.1.2",
            _tagged(lambda tag: [("If-None-Match", f"W/{_bare(tag)}")], 304),
        ),
        Row(
            "If-None-Match: `*`",
            "304",
            "RFC 9110 13.1.2",
            _when("If-None-Match", "*", 304),
        ),
        Row(
            "If-None-Match stale, If-Modified-Since fresh",
            "200",
            "RFC 9110 13.2.2",
            _either,
        ),
        Row("304 has the ETag", "yes", "RFC 9110 15.4.5", _not_modified),
        Row(
            "If-Modified-Since, the date",
            "304",
            "RFC 9110 13.1.3",
            _when("If-Modified-Since", DATE, 304, (200,)),
        ),
        Row(
            "If-Modified-Since, a later one",
            "304",
            "RFC 9110 13.1.3",
            _when("If-Modified-Since", LATER, 304, (200,)),
        ),
        Row(
            "If-Modified-Since, an earlier one",
            "200",
            "RFC 9110 13.1.3",
            _when("If-Modified-Since", EARLIER, 200),
        ),
        Row(
            "If-Modified-Since in the form of RFC 850",
            "304",
            "RFC 9110 5.6.7",
            _when(
                "If-Modified-Since", "Wednesday, 01-Jan-20 00:00:00 GMT", 304, (200,)
            ),
        ),
        Row(
            "If-Modified-Since: nonsense",
            "200",
            "RFC 9110 13.1.3",
            _when("If-Modified-Since", "yesterday", 200),
        ),
        Row(
            "If-Match, another tag",
            "412",
            "RFC 9110 13.1.1",
            _when("If-Match", '"other"', 412),
        ),
        Row(
            "If-Match, the tag",
            "200",
            "RFC 9110 13.1.1",
            _tagged(lambda tag: [("If-Match", tag)], 200, strong=True),
        ),
        Row(
            "If-Match, the tag as weak",
            "412",
            "RFC 9110 13.1.1",
            _tagged(lambda tag: [("If-Match", f"W/{_bare(tag)}")], 412),
        ),
        Row("If-Match: `*`", "200", "RFC 9110 13.1.1", _when("If-Match", "*", 200)),
        Row(
            "If-Unmodified-Since, an earlier date",
            "412",
            "RFC 9110 13.1.4",
            _when("If-Unmodified-Since", EARLIER, 412),
        ),
        Row(
            "If-Unmodified-Since, the date",
            "200",
            "RFC 9110 13.1.4",
            _when("If-Unmodified-Since", DATE, 200),
        ),
        Row(
            "Accept-Ranges",
            "bytes",
            "RFC 9110 14.3",
            one(FILE, with_field("accept-ranges", "bytes".__eq__, fair=True)),
        ),
    ),
)

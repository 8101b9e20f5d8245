"""
Methods, and the conditions that a request may have.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from .answer import Answer
from .asking import Server
from .judging import (
    Mark,
    Verdict,
    brief,
    graded,
    not_supported,
    permitted,
    right,
    status,
    tells_options,
    with_field,
    wrong,
)
from .rows import Group, Row, answer_to
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
        return permitted("none")
    if tag.startswith("W/"):
        return permitted("weak")
    quoted = len(tag) > 2 and tag[0] == tag[-1] == '"'
    return graded("strong" if quoted else f"not quoted: {tag}", good=quoted)


def _modified(answer: Answer) -> Verdict:
    said = answer.field("last-modified")
    try:
        when = parsedate_to_datetime(said).timestamp()
    except ValueError:
        return permitted("none") if not said else wrong(said)
    return graded("yes" if when == MODIFIED else said, good=when == MODIFIED)


def _field(
    title: str, section: str, ask: Callable[[Server], Verdict], good: int
) -> Row:
    return Row(title, str(good), f"RFC 9110 {section}", ask)


def _when(title: str, section: str, value: str, good: int, *fair: int) -> Row:
    """A row about a condition, a field whose name is the first word of its title."""
    name = re.split("[,:]? ", title)[0]
    ask = answer_to(FILE, status(good, fair=fair), [(name, value)])
    return _field(title, section, ask, good)


def _when_tag(title: str, section: str, form: str, good: int, tags: str = "any") -> Row:
    """
    As `_when`, but the value has the entity tag that the server gives.

    :param form: the value; ``TAG`` stands for the tag as it is, ``BARE`` for the tag
        without its ``W/``. A field is sent for each line.
    :param tags: "strong" when a weak tag gives nothing to be judged.
    """

    def ask(server: Server) -> Verdict:
        tag = server.ask(FILE).field("etag")
        if not tag or (tags == "strong" and tag.startswith("W/")):
            return Verdict("weak ETag" if tag else "no ETag", Mark.ABSENT)
        value = form.replace("TAG", tag).replace("BARE", tag.removeprefix("W/"))
        fields = [(title.partition(",")[0], line) for line in value.splitlines()]
        return status(good)(server.ask(FILE, fields))

    return _field(title, section, ask, good)


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
        return permitted(brief(answer))
    if answer.rest:
        return wrong("sends content")
    if answer.field("content-length") not in ("", str(len(PLAIN))):
        return wrong(f"Content-Length: {answer.field('content-length')}")
    kept = answer.field("etag") == tag
    return right("ETag") if kept and tag else graded("no ETag", good=not tag)


def _dated(answer: Answer) -> Verdict:
    has = answer.has("date")
    return graded("yes" if has else "no", good=has)


def _posted(answer: Answer) -> Verdict:
    """POST may mean anything, even the same as GET; only a refusal is clear."""
    return permitted("200") if answer.status == 200 else not_supported(answer)


_NOTHING = [("Content-Length", "0")]

METHODS = Group(
    "Methods",
    Row("HEAD", "200, fields of GET, no content", "RFC 9110 9.3.2", _head),
    Row(
        "OPTIONS of a file",
        "2xx with Allow",
        "RFC 9110 9.3.7",
        answer_to(FILE, tells_options, method="OPTIONS"),
    ),
    Row(
        "OPTIONS `*`",
        "2xx",
        "RFC 9110 9.3.7",
        answer_to("*", status(200, 204, fair=(400, 404, 405, 501)), method="OPTIONS"),
    ),
    *(
        Row(
            method,
            "405 with Allow, or 501",
            "RFC 9110 15.5.6",
            answer_to(
                FILE, _posted if method == "POST" else not_supported, _NOTHING, method
            ),
        )
        for method in ("DELETE", "PUT", "POST", "TRACE", "BREW")
    ),
)

_NONE, _SINCE = "If-None-Match", "If-Modified-Since"
_MATCH, _UNMODIFIED = "If-Match", "If-Unmodified-Since"
_RFC_850 = "Wednesday, 01-Jan-20 00:00:00 GMT"

CONDITIONS = Group(
    "Conditions",
    Row("ETag", "strong", "RFC 9110 8.8.3", answer_to(FILE, _strong)),
    Row("Last-Modified", "the file's", "RFC 9110 8.8.2", answer_to(FILE, _modified)),
    Row("Date", "yes", "RFC 9110 6.6.1", answer_to(FILE, _dated)),
    _when_tag(f"{_NONE}, the tag", "13.1.2", "TAG", 304),
    _when_tag(f"{_NONE}, a list with it", "13.1.2", '"a", TAG, "b,c"', 304),
    _when_tag(f"{_NONE}, two fields", "5.3", '"a"\nTAG', 304),
    _when_tag(f"{_NONE}, the tag as weak", "13.1.2", "W/BARE", 304),
    _when(f"{_NONE}: `*`", "13.1.2", "*", 304),
    _field(f"{_NONE} stale, {_SINCE} fresh", "13.2.2", _either, 200),
    Row("304 has the ETag", "yes", "RFC 9110 15.4.5", _not_modified),
    _when(f"{_SINCE}, the date", "13.1.3", DATE, 304, 200),
    _when(f"{_SINCE}, a later one", "13.1.3", LATER, 304, 200),
    _when(f"{_SINCE}, an earlier one", "13.1.3", EARLIER, 200),
    _when(f"{_SINCE} in the form of RFC 850", "5.6.7", _RFC_850, 304, 200),
    _when(f"{_SINCE}: nonsense", "13.1.3", "yesterday", 200),
    _when(f"{_MATCH}, another tag", "13.1.1", '"other"', 412),
    _when_tag(f"{_MATCH}, the tag", "13.1.1", "TAG", 200, tags="strong"),
    _when_tag(f"{_MATCH}, the tag as weak", "13.1.1", "W/BARE", 412),
    _when(f"{_MATCH}: `*`", "13.1.1", "*", 200),
    _when(f"{_UNMODIFIED}, an earlier date", "13.1.4", EARLIER, 412),
    _when(f"{_UNMODIFIED}, the date", "13.1.4", DATE, 200),
    Row(
        "Accept-Ranges",
        "bytes",
        "RFC 9110 14.3",
        answer_to(FILE, with_field("accept-ranges", "bytes".__eq__, fair=True)),
    ),
)

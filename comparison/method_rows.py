"""
Methods, and the conditions that a request may have.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

from .answer import Answer
from .asking import Server
from .judging import (
    Verdict,
    absent,
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
from .rows import Group, answer_to
from .tree import DATE, EARLIER, LATER, MODIFIED, PLAIN

FILE = "/plain.txt"

METHODS = Group("Methods")
CONDITIONS = Group("Conditions")


@METHODS.row("HEAD", "200, fields of GET, no content", "RFC 9110 9.3.2")
def _head(server: Server) -> Verdict:
    got, head = server.ask(FILE), server.ask(FILE, method="HEAD")
    if head.status != 200 or head.rest:
        return wrong("sends content" if head.rest else brief(head))
    own = ("date", "connection", "keep-alive", "server")
    differ = {name for name, _ in set(got.fields) ^ set(head.fields)} - set(own)
    # A length may be left out where it would have to be made (RFC 9110 9.3.2).
    said = f"200, differ: {', '.join(sorted(differ))}" if differ else "200"
    return graded(said, good=not differ, fair=not head.has("content-length"))


def _posted(answer: Answer) -> Verdict:
    """POST may mean anything, even the same as GET; only a refusal is clear."""
    return permitted("200") if answer.status == 200 else not_supported(answer)


_OF_FILE = answer_to(FILE, tells_options, method="OPTIONS")
_OF_SERVER = status(200, 204, fair=(400, 404, 405, 501))
_OF_STAR = answer_to("*", _OF_SERVER, method="OPTIONS")
METHODS.add("OPTIONS of a file", "2xx with Allow", "RFC 9110 9.3.7", _OF_FILE)
METHODS.add("OPTIONS `*`", "2xx", "RFC 9110 9.3.7", _OF_STAR)
for _method in ("DELETE", "PUT", "POST", "TRACE", "BREW"):
    _judge = _posted if _method == "POST" else not_supported
    _ask = answer_to(FILE, _judge, [("Content-Length", "0")], _method)
    METHODS.add(_method, "405 with Allow, or 501", "RFC 9110 15.5.6", _ask)


@CONDITIONS.row("ETag", "strong", "RFC 9110 8.8.3")
def _strong(server: Server) -> Verdict:
    tag = server.ask(FILE).field("etag")
    if not tag or tag.startswith("W/"):
        return permitted("weak" if tag else "none")
    quoted = len(tag) > 2 and tag[0] == tag[-1] == '"'
    return graded("strong" if quoted else f"not quoted: {tag}", good=quoted)


@CONDITIONS.row("Last-Modified", "the file's", "RFC 9110 8.8.2")
def _modified(server: Server) -> Verdict:
    said = server.ask(FILE).field("last-modified")
    try:
        when = parsedate_to_datetime(said).timestamp()
    except ValueError:
        return wrong(said) if said else permitted("none")
    return graded("yes" if when == MODIFIED else said, good=when == MODIFIED)


@CONDITIONS.row("Date", "yes", "RFC 9110 6.6.1")
def _dated(server: Server) -> Verdict:
    has = server.ask(FILE).has("date")
    return graded("yes" if has else "no", good=has)


def _when(title: str, section: str, value: str, good: int, *fair: int) -> None:
    """A row about a condition, a field whose name is the first word of its title."""
    name = re.split("[,:]? ", title)[0]
    ask = answer_to(FILE, status(good, fair=fair), [(name, value)])
    CONDITIONS.add(title, str(good), f"RFC 9110 {section}", ask)


def _when_tag(
    title: str, section: str, form: str, good: int, *, strong: bool = False
) -> None:
    """
    As `_when`, but the value has the entity tag that the server gives.

    :param form: the value; ``TAG`` stands for the tag as it is, ``BARE`` for the tag
        without its ``W/``. A field is sent for each line.
    :param strong: whether a weak tag gives nothing to be judged.
    """

    @CONDITIONS.row(title, str(good), f"RFC 9110 {section}")
    def ask(server: Server) -> Verdict:
        tag = server.ask(FILE).field("etag")
        if not tag or (strong and tag.startswith("W/")):
            return absent("weak ETag" if tag else "no ETag")
        value = form.replace("TAG", tag).replace("BARE", tag.removeprefix("W/"))
        fields = [(title.partition(",")[0], line) for line in value.splitlines()]
        return status(good)(server.ask(FILE, fields))


_NONE, _SINCE = "If-None-Match", "If-Modified-Since"
_MATCH, _UNMODIFIED = "If-Match", "If-Unmodified-Since"
_RFC_850 = "Wednesday, 01-Jan-20 00:00:00 GMT"

_when_tag(f"{_NONE}, the tag", "13.1.2", "TAG", 304)
_when_tag(f"{_NONE}, a list with it", "13.1.2", '"a", TAG, "b,c"', 304)
_when_tag(f"{_NONE}, two fields", "5.3", '"a"\nTAG', 304)
_when_tag(f"{_NONE}, the tag as weak", "13.1.2", "W/BARE", 304)
_when(f"{_NONE}: `*`", "13.1.2", "*", 304)


@CONDITIONS.row(f"{_NONE} stale, {_SINCE} fresh", "200", "RFC 9110 13.2.2")
def _either(server: Server) -> Verdict:
    """A stale tag beside a fresh date: the tag is what counts."""
    return status(200)(server.ask(FILE, [(_NONE, '"other"'), (_SINCE, LATER)]))


@CONDITIONS.row("304 has the ETag", "yes", "RFC 9110 15.4.5")
def _not_modified(server: Server) -> Verdict:
    tag = server.ask(FILE).field("etag")
    answer = server.ask(FILE, [(_NONE, tag) if tag else (_SINCE, DATE)])
    if answer.status != 304:
        return permitted(brief(answer))
    if answer.rest:
        return wrong("sends content")
    if answer.field("content-length") not in ("", str(len(PLAIN))):
        return wrong(f"Content-Length: {answer.field('content-length')}")
    kept = answer.field("etag") == tag
    return right("ETag") if kept and tag else graded("no ETag", good=not tag)


_when(f"{_SINCE}, the date", "13.1.3", DATE, 304, 200)
_when(f"{_SINCE}, a later one", "13.1.3", LATER, 304, 200)
_when(f"{_SINCE}, an earlier one", "13.1.3", EARLIER, 200)
_when(f"{_SINCE} in the form of RFC 850", "5.6.7", _RFC_850, 304, 200)
_when(f"{_SINCE}: nonsense", "13.1.3", "yesterday", 200)
_when(f"{_MATCH}, another tag", "13.1.1", '"other"', 412)
_when_tag(f"{_MATCH}, the tag", "13.1.1", "TAG", 200, strong=True)
_when_tag(f"{_MATCH}, the tag as weak", "13.1.1", "W/BARE", 412)
_when(f"{_MATCH}: `*`", "13.1.1", "*", 200)
_when(f"{_UNMODIFIED}, an earlier date", "13.1.4", EARLIER, 412)
_when(f"{_UNMODIFIED}, the date", "13.1.4", DATE, 200)

_ACCEPTS = answer_to(FILE, with_field("accept-ranges", "bytes"))
CONDITIONS.add("Accept-Ranges", "bytes", "RFC 9110 14.3", _ACCEPTS)

"""
Range requests.
"""

from __future__ import annotations

from collections.abc import Callable

from .answer import Answer
from .asking import Server
from .judging import (
    Judge,
    Mark,
    Verdict,
    brief,
    graded,
    multipart_ranges,
    multiple_ranges,
    permitted,
    right,
    single_range,
    status,
    unsatisfiable,
    wrong,
)
from .rows import LARGE_FILE, Group, Row, answer_to
from .tree import BLOCK, DATE, EARLIER, LARGE, PLAIN, TAIL

FILE = "/plain.txt"
SIZE = len(PLAIN)

FLOOD = 1000
"""Ranges in one request: some thousand bytes that would ask for a hundred million."""


def _part(first: int, last: int) -> Judge:
    return lambda answer: single_range(answer, PLAIN, first, last)


def _whole(answer: Answer) -> Verdict:
    good = answer.status == 200 and answer.body == PLAIN
    return graded(brief(answer), good=good)


def _invalid(answer: Answer) -> Verdict:
    """A server may ignore or reject an invalid range."""
    return right(brief(answer)) if answer.status in (400, 416) else _whole(answer)


def _flood(answer: Answer) -> Verdict:
    said = f"{brief(answer)}, {len(answer.body) / len(BLOCK):.0f} times the file"
    if not answer.status or answer.status >= 500:
        return wrong(brief(answer))
    return graded(said, good=len(answer.body) < 2 * len(BLOCK))


def overlapping(answer: Answer) -> Verdict:
    """0-99 and 50-149 are best sent as one, or as the whole."""
    if answer.status == 200:
        return right("200, all")
    if answer.status != 206:
        return graded(brief(answer), good=answer.status == 416)
    found = multipart_ranges(answer)
    count = 1 if found is None else len(found)
    if count == 1:
        return graded("206, one", good=PLAIN[:150] in answer.body)
    return permitted(f"206, {count} parts")


def _if_range(value: str, *, fresh: bool) -> Callable[[Server], Verdict]:
    def ask(server: Server) -> Verdict:
        condition = value
        if "TAG" in value:
            tag = server.ask(FILE).field("etag")
            if not tag:
                return Verdict("no ETag", Mark.ABSENT)
            if fresh and tag.startswith("W/"):
                return Verdict("weak ETag", Mark.ABSENT)
            condition = value.replace("TAG", tag.removeprefix("W/"))
        fields = [("Range", "bytes=0-9"), ("If-Range", condition)]
        answer = server.ask(FILE, fields)
        return single_range(answer, PLAIN, 0, 9) if fresh else _whole(answer)

    return ask


def _end_of_large(answer: Answer) -> Verdict:
    first = LARGE - len(TAIL)
    if not answer.status:
        return permitted(answer.trouble)
    if answer.status != 206 or answer.body != TAIL:
        return graded(brief(answer), good=False)
    span = answer.field("content-range")
    return graded("206", good=span == f"bytes {first}-{LARGE - 1}/{LARGE}")


def _large(spec: str) -> Callable[[Server], Verdict]:
    """Ask for the end of the large file, unless the server knows no ranges."""

    def ask(server: Server) -> Verdict:
        if server.ask(FILE, [("Range", "bytes=0-0")]).status != 206:
            return Verdict("no ranges", Mark.ABSENT)
        return _end_of_large(server.ask("/large.bin", [("Range", spec)]))

    return ask


def _ranged(title: str, expected: str, section: str, judge: Judge) -> Row:
    """A row whose range is the code in its title."""
    fields = [("Range", title.split("`")[1])]
    return Row(title, expected, f"RFC 9110 {section}", answer_to(FILE, judge, fields))


def _under_if_range(title: str, value: str, *, fresh: bool) -> Row:
    expected = "206" if fresh else "200"
    ask = _if_range(value, fresh=fresh)
    return Row(f"If-Range, {title}", expected, "RFC 9110 13.1.5", ask)


def _end_of_file(title: str, spec: str) -> Row:
    title = f"The last 8 bytes of 5 GiB, {title}"
    return Row(title, "206", "RFC 9110 14.1.2", _large(spec), LARGE_FILE)


RANGES = Group(
    "Ranges",
    _ranged("`bytes=10-19`", "206", "14.2", _part(10, 19)),
    _ranged("`bytes=990-`", "206", "14.1.2", _part(990, 999)),
    _ranged("`bytes=-10`", "206", "14.1.2", _part(990, 999)),
    _ranged("`bytes=-5000`, longer than the file", "206, all", "14.1.2", _part(0, 999)),
    _ranged(
        "`bytes=990-5000`, past the end", "206, to the end", "14.1.2", _part(990, 999)
    ),
    _ranged(
        "`bytes=5000-`, behind the end",
        "416 with the size",
        "15.5.17",
        lambda answer: unsatisfiable(answer, SIZE),
    ),
    _ranged("`bytes=9-5`, malformed", "200, 400 or 416", "14.2", _invalid),
    _ranged("`lines=1-2`, another unit", "200", "14.2", _whole),
    _ranged(
        "`bytes=0-1,900-909`",
        "206 multipart",
        "15.3.7.2",
        lambda answer: multiple_ranges(answer, PLAIN, [(0, 1), (900, 909)]),
    ),
    _ranged("`bytes=0-99,50-149`, overlapping", "as one, or 200", "14.2", overlapping),
    Row(
        f"{FLOOD:,} times all of 100 KiB",
        "less than twice",
        "RFC 9110 17.15",
        answer_to("/block.bin", _flood, [("Range", f"bytes={'0-,' * FLOOD}"[:-1])]),
    ),
    Row(
        "HEAD with a range",
        "200",
        "RFC 9110 14.2",
        answer_to(FILE, status(200), [("Range", "bytes=0-9")], "HEAD"),
    ),
    _under_if_range("the tag", "TAG", fresh=True),
    _under_if_range("the tag as weak", "W/TAG", fresh=False),
    _under_if_range("another tag", '"other"', fresh=False),
    _under_if_range("the date", DATE, fresh=True),
    _under_if_range("another date", EARLIER, fresh=False),
    _end_of_file("as `-8`", "bytes=-8"),
    _end_of_file("by number", f"bytes={LARGE - 8}-{LARGE - 1}"),
)

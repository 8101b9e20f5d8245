"""
Parts of a file.
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
    less,
    part,
    parts,
    right,
    several,
    unsatisfiable,
    wrong,
)
from .rows import LARGE_FILE, Group, Row, one
from .tree import BLOCK, DATE, EARLIER, LARGE, PLAIN, TAIL

FILE = "/plain.txt"
SIZE = len(PLAIN)

FLOOD = 1000
"""Ranges in one request: some thousand bytes that would ask for a hundred million."""


def _one(spec: str, first: int, last: int) -> Callable[[Server], Verdict]:
    judge: Judge = lambda answer: part(answer, PLAIN, first, last)  # noqa: E731
    return one(FILE, judge, [("Range", spec)])


def _several(
    spec: str, spans: Sequence[tuple[int, int]]
) -> Callable[[Server], Verdict]:
    judge: Judge = lambda answer: several(answer, PLAIN, spans)  # noqa: E731
    return one(FILE, judge, [("Range", spec)])


def _whole(answer: Answer) -> Verdict:
    good = answer.status == 200 and answer.body == PLAIN
    return graded(brief(answer), good=good)


def _invalid(answer: Answer) -> Verdict:
    """What is no range may be ignored or rejected, as the server likes."""
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
    found = parts(answer)
    count = 1 if found is None else len(found)
    if count == 1:
        return graded("206, one", good=PLAIN[:150] in answer.body)
    return less(f"206, {count} parts")


def _on_head(answer: Answer) -> Verdict:
    return graded(brief(answer), good=answer.status == 200)


def _if_range(
    value: str, *, fresh: bool, ranged: str = "bytes=0-9"
) -> Callable[[Server], Verdict]:
    def ask(server: Server) -> Verdict:
        condition = value
        if "TAG" in value:
            tag = server.ask(FILE).field("etag")
            if not tag:
                return Verdict("no ETag", Mark.ABSENT)
            if fresh and tag.startswith("W/"):
                return Verdict("weak ETag", Mark.ABSENT)
            condition = value.replace("TAG", tag.removeprefix("W/"))
        fields = [("Range", ranged), ("If-Range", condition)]
        answer = server.ask(FILE, fields)
        return part(answer, PLAIN, 0, 9) if fresh else _whole(answer)

    return ask


def _end_of_large(answer: Answer) -> Verdict:
    first = LARGE - len(TAIL)
    if not answer.status:
        return less(answer.trouble)
    if answer.status != 206 or answer.body != TAIL:
        return graded(brief(answer), good=False)
    span = answer.field("content-range")
    return graded("206", good=span == f"bytes {first}-{LARGE - 1}/{LARGE}")


def _large(spec: str) -> Callable[[Server], Verdict]:
    """Ask for the end of the large file; who has no ranges is not asked for all."""

    def ask(server: Server) -> Verdict:
        if server.ask(FILE, [("Range", "bytes=0-0")]).status != 206:
            return Verdict("no ranges", Mark.ABSENT)
        return _end_of_large(server.ask("/large.bin", [("Range", spec)]))

    return ask


RANGES = Group(
    "Ranges",
    (
        Row("`bytes=10-19`", "206", "RFC 9110 14.2", _one("bytes=10-19", 10, 19)),
        Row("`bytes=990-`", "206", "RFC 9110 14.1.2", _one("bytes=990-", 990, 999)),
        Row("`bytes=-10`", "206", "RFC 9110 14.1.2", _one("bytes=-10", 990, 999)),
        Row(
            "`bytes=-5000`, longer than the file",
            "206, all",
            "RFC 9110 14.1.2",
            _one("bytes=-5000", 0, 999),
        ),
        Row(
            "`bytes=990-5000`, past the end",
            "206, to the end",
            "RFC 9110 14.1.2",
            _one("bytes=990-5000", 990, 999),
        ),
        Row(
            "`bytes=5000-`, behind the end",
            "416 with the size",
            "RFC 9110 15.5.17",
            one(FILE, lambda a: unsatisfiable(a, SIZE), [("Range", "bytes=5000-")]),
        ),
        Row(
            "`bytes=9-5`, malformed",
            "200, 400 or 416",
            "RFC 9110 14.2",
            one(FILE, _invalid, [("Range", "bytes=9-5")]),
        ),
        Row(
            "`lines=1-2`, another unit",
            "200",
            "RFC 9110 14.2",
            one(FILE, _whole, [("Range", "lines=1-2")]),
        ),
        Row(
            "`bytes=0-1,900-909`",
            "206 multipart",
            "RFC 9110 15.3.7.2",
            _several("bytes=0-1,900-909", [(0, 1), (900, 909)]),
        ),
        Row(
            "`bytes=0-99,50-149`, overlapping",
            "as one, or 200",
            "RFC 9110 14.2",
            one(FILE, overlapping, [("Range", "bytes=0-99,50-149")]),
        ),
        Row(
            f"{FLOOD:,} times all of 100 KiB",
            "less than twice",
            "RFC 9110 17.15",
            one("/block.bin", _flood, [("Range", "bytes=" + ",".join(["0-"] * FLOOD))]),
        ),
        Row(
            "HEAD with a range",
            "200",
            "RFC 9110 14.2",
            one(FILE, _on_head, [("Range", "bytes=0-9")], "HEAD"),
        ),
        Row(
            "If-Range, the tag", "206", "RFC 9110 13.1.5", _if_range("TAG", fresh=True)
        ),
        Row(
            "If-Range, the tag as weak",
            "200",
            "RFC 9110 13.1.5",
            _if_range("W/TAG", fresh=False),
        ),
        Row(
            "If-Range, another tag",
            "200",
            "RFC 9110 13.1.5",
            _if_range('"other"', fresh=False),
        ),
        Row(
            "If-Range, the date", "206", "RFC 9110 13.1.5", _if_range(DATE, fresh=True)
        ),
        Row(
            "If-Range, another date",
            "200",
            "RFC 9110 13.1.5",
            _if_range(EARLIER, fresh=False),
        ),
        Row(
            "The last 8 bytes of 5 GiB, as `-8`",
            "206",
            "RFC 9110 14.1.2",
            _large("bytes=-8"),
            LARGE_FILE,
        ),
        Row(
            "The last 8 bytes of 5 GiB, by number",
            "206",
            "RFC 9110 14.1.2",
            _large(f"bytes={LARGE - 8}-{LARGE - 1}"),
            LARGE_FILE,
        ),
    ),
)

"""
Range requests.
"""

from __future__ import annotations

from .answer import Answer
from .asking import Server
from .judging import (
    Judge,
    Verdict,
    absent,
    brief,
    gives,
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
from .rows import LARGE_FILE, Group, answer_to
from .tree import BLOCK, DATE, EARLIER, LARGE, PLAIN, TAIL

FILE = "/plain.txt"

FLOOD = 1000
"""Ranges in one request: some thousand bytes that would ask for a hundred million."""

RANGES = Group("Ranges")


def _ranged(title: str, expected: str, section: str, judge: Judge) -> None:
    """A row whose range is the code in its title."""
    ask = answer_to(FILE, judge, [("Range", title.split("`")[1])])
    RANGES.add(title, expected, f"RFC 9110 {section}", ask)


def _part(first: int, last: int) -> Judge:
    return lambda answer: single_range(answer, PLAIN, first, last)


def _invalid(answer: Answer) -> Verdict:
    """A server may ignore or reject an invalid range."""
    return (status(400, 416) if answer.status != 200 else gives(PLAIN))(answer)


def _no_part(answer: Answer) -> Verdict:
    return unsatisfiable(answer, len(PLAIN))


def _two_parts(answer: Answer) -> Verdict:
    return multiple_ranges(answer, PLAIN, [(0, 1), (900, 909)])


def _overlapping(answer: Answer) -> Verdict:
    """0-99 and 50-149 are best sent as one, or as the whole."""
    if answer.status == 200:
        return right("200, all")
    if answer.status != 206:
        return status(416)(answer)
    found = multipart_ranges(answer)
    count = 1 if found is None else len(found)
    if count == 1:
        return graded("206, one", good=PLAIN[:150] in answer.body)
    return permitted(f"206, {count} parts")


_END, _LONGER = _part(990, 999), "`bytes=-5000`, longer than the file"
_ranged("`bytes=10-19`", "206", "14.2", _part(10, 19))
_ranged("`bytes=990-`", "206", "14.1.2", _END)
_ranged("`bytes=-10`", "206", "14.1.2", _END)
_ranged(_LONGER, "206, all", "14.1.2", _part(0, 999))
_ranged("`bytes=990-5000`, past the end", "206, to the end", "14.1.2", _END)
_ranged("`bytes=5000-`, behind the end", "416 with the size", "15.5.17", _no_part)
_ranged("`bytes=9-5`, malformed", "200, 400 or 416", "14.2", _invalid)
_ranged("`lines=1-2`, another unit", "200", "14.2", gives(PLAIN))
_ranged("`bytes=0-1,900-909`", "206 multipart", "15.3.7.2", _two_parts)
_ranged("`bytes=0-99,50-149`, overlapping", "as one, or 200", "14.2", _overlapping)


@RANGES.row(f"{FLOOD:,} times all of 100 KiB", "less than twice", "RFC 9110 17.15")
def _flood(server: Server) -> Verdict:
    answer = server.ask("/block.bin", [("Range", f"bytes={'0-,' * FLOOD}"[:-1])])
    if not answer.status or answer.status >= 500:
        return wrong(brief(answer))
    said = f"{brief(answer)}, {len(answer.body) / len(BLOCK):.0f} times the file"
    return graded(said, good=len(answer.body) < 2 * len(BLOCK))


_HEAD = answer_to(FILE, status(200), [("Range", "bytes=0-9")], "HEAD")
RANGES.add("HEAD with a range", "200", "RFC 9110 14.2", _HEAD)


def _if_range(title: str, value: str, *, fresh: bool) -> None:
    """A row about a condition; ``TAG`` in it is the server's tag without its ``W/``."""
    expected = "206" if fresh else "200"

    @RANGES.row(f"If-Range, {title}", expected, "RFC 9110 13.1.5")
    def ask(server: Server) -> Verdict:
        tag = server.ask(FILE).field("etag") if "TAG" in value else "not needed"
        if not tag or (fresh and tag.startswith("W/")):
            return absent("weak ETag" if tag else "no ETag")
        condition = value.replace("TAG", tag.removeprefix("W/"))
        answer = server.ask(FILE, [("Range", "bytes=0-9"), ("If-Range", condition)])
        return (_part(0, 9) if fresh else gives(PLAIN))(answer)


_if_range("the tag", "TAG", fresh=True)
_if_range("the tag as weak", "W/TAG", fresh=False)
_if_range("another tag", '"other"', fresh=False)
_if_range("the date", DATE, fresh=True)
_if_range("another date", EARLIER, fresh=False)


def _end_of_large(title: str, first: str, last: str) -> None:
    """A row about the end of the large file, unless the server knows no ranges."""
    title = f"The last 8 bytes of 5 GiB, {title}"

    @RANGES.row(title, "206", "RFC 9110 14.1.2", LARGE_FILE)
    def ask(server: Server) -> Verdict:
        if server.ask(FILE, [("Range", "bytes=0-0")]).status != 206:
            return absent("no ranges")
        answer = server.ask("/large.bin", [("Range", f"bytes={first}-{last}")])
        if not answer.status:
            return permitted(answer.trouble)
        if answer.status != 206 or answer.body != TAIL:
            return wrong(brief(answer))
        span = f"bytes {LARGE - len(TAIL)}-{LARGE - 1}/{LARGE}"
        return graded("206", good=answer.field("content-range") == span)


_end_of_large("as `-8`", "", "8")
_end_of_large("by number", f"{LARGE - 8}", f"{LARGE - 1}")

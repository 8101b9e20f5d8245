"""
Judging an answer: what it says in a few characters, and whether that is right.

All here are functions of answers alone. Three marks, as standards have three words:
``RIGHT`` is what is expected; ``PERMITTED`` is permitted, but a feature is missing or a
recommendation not followed; ``WRONG`` is against the standard, or harmful.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from .answer import Answer


class Mark(Enum):
    """How good an answer is."""

    RIGHT = "✓"
    PERMITTED = "○"
    WRONG = "✗"
    ABSENT = "-"
    """Nothing to be judged: no such option, or not possible here."""


class Verdict(NamedTuple):
    """What was answered, and how good that is."""

    said: str
    mark: Mark


Judge = Callable[[Answer], Verdict]


def absent(reason: str) -> Verdict:
    """Not to be judged."""
    return Verdict(reason, Mark.ABSENT)


def right(said: str) -> Verdict:
    """As expected."""
    return Verdict(said, Mark.RIGHT)


def permitted(said: str) -> Verdict:
    """Permitted, but less than expected."""
    return Verdict(said, Mark.PERMITTED)


def wrong(said: str) -> Verdict:
    """Against the standard, or harmful."""
    return Verdict(said, Mark.WRONG)


def graded(said: str, *, good: bool, fair: bool = False) -> Verdict:
    """*said*, which is right when *good*, else permitted when *fair*."""
    mark = Mark.RIGHT if good else Mark.PERMITTED if fair else Mark.WRONG
    return Verdict(said, mark)


def brief(answer: Answer) -> str:
    """The status, or why no answer came."""
    return str(answer.status) if answer.status else answer.trouble


def status(*good: int, fair: Sequence[int] = ()) -> Judge:
    """One of *good*; *fair* are permitted."""
    return lambda answer: graded(
        brief(answer), good=answer.status in good, fair=answer.status in fair
    )


def refused(*fair: int) -> Judge:
    """Any 4xx; *fair* are permitted."""
    return lambda answer: graded(
        brief(answer), good=answer.refuses, fair=answer.status in fair
    )


def gives(content: bytes) -> Judge:
    """A 200 with this *content*."""
    return lambda answer: graded(brief(answer), good=answer.gives(content))


def hides(secret: bytes) -> Judge:
    """The answer does not have *secret*, and nothing breaks: any status below 500."""

    def judge(answer: Answer) -> Verdict:
        if secret in answer.body:
            return wrong(f"{brief(answer)}, serves it")
        return graded(brief(answer), good=0 < answer.status < 500)

    return judge


def with_field(name: str, wanted: str) -> Judge:
    """A 200 whose field *name* is as *wanted*; anything else there is permitted."""

    def judge(answer: Answer) -> Verdict:
        if answer.status != 200:
            return wrong(brief(answer))
        value = answer.field(name)
        return graded(value or "none", good=value == wanted, fair=True)

    return judge


def not_supported(answer: Answer) -> Verdict:
    """405 with Allow, or 501 when no resource has the method; 400 is vague."""
    if answer.status == 405:
        allow = answer.field("allow")
        said = f"Allow: {allow}" if allow else "no Allow"
        return graded(f"405, {said}", good=bool(allow))
    return graded(brief(answer), good=answer.status == 501, fair=answer.status == 400)


def tells_options(answer: Answer) -> Verdict:
    """A success that says what is possible; a refusal that does is permitted."""
    allow = answer.field("allow")
    said = f"{brief(answer)}, {'Allow' if allow else 'no Allow'}"
    success = 200 <= answer.status < 300
    if answer.status == 501:
        return permitted(said)
    return graded(said, good=success and bool(allow), fair=success or bool(allow))


def single_range(answer: Answer, content: bytes, first: int, last: int) -> Verdict:
    """206 with the bytes *first* to *last*; the whole is permitted."""
    size = len(content)
    if answer.gives(content):
        return permitted("200, all")
    if answer.status != 206:
        return wrong(brief(answer))
    span = answer.field("content-range")
    if span != f"bytes {first}-{last}/{size}":
        return wrong(f"206, {span or 'no Content-Range'}")
    if answer.body != content[first : last + 1]:
        return wrong("206, other bytes")
    return right("206")


def multipart_ranges(answer: Answer) -> list[tuple[str, bytes]] | None:
    """Content-Range and content of each part of a multipart answer."""
    kind, _, boundary = answer.field("content-type").partition("boundary=")
    if "multipart/byteranges" not in kind.lower() or not boundary:
        return None
    dashes = b"--" + boundary.partition(";")[0].strip('" ').encode()
    pieces = (b"\r\n" + answer.body).split(b"\r\n" + dashes)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        return None
    found = []
    for piece in pieces[1:-1]:
        head, blank, content = piece.partition(b"\r\n\r\n")
        if not blank:
            return None
        lines = [line.partition(b":") for line in head.split(b"\r\n")]
        fields = {name.strip().lower(): value.strip() for name, _, value in lines}
        found.append((fields.get(b"content-range", b"").decode("latin-1"), content))
    return found


def multiple_ranges(
    answer: Answer, content: bytes, spans: Sequence[tuple[int, int]]
) -> Verdict:
    """206 with exactly the parts *spans*; the whole is permitted."""
    if answer.gives(content):
        return permitted("200, all")
    if answer.status != 206:
        return wrong(brief(answer))
    size = len(content)
    found = multipart_ranges(answer)
    if found is None:
        first, last = min(spans)[0], max(span[1] for span in spans)
        # Ranges may be sent as one that has them all.
        whole = answer.field("content-range") == f"bytes {first}-{last}/{size}"
        return permitted("206, as one") if whole else wrong("206, one of them")
    wanted = [(f"bytes {a}-{b}/{size}", content[a : b + 1]) for a, b in spans]
    return graded(f"206, {len(found)} parts", good=found == wanted)


def unsatisfiable(answer: Answer, size: int) -> Verdict:
    """416 with the size in Content-Range."""
    if answer.status != 416:
        return graded(brief(answer), good=False, fair=answer.status == 200)
    span = answer.field("content-range")
    said = "416, size" if span else "416, no Content-Range"
    return graded(said, good=span == f"bytes */{size}", fair=not span)


def redirects_to(answer: Answer, host: str, asked: str, wanted: str) -> Verdict:
    """A redirect from *asked* to *wanted*, both paths of *host*."""
    if answer.status not in (301, 302, 303, 307, 308):
        return graded(brief(answer), good=False, fair=answer.status == 200)
    location = answer.field("location")
    there = urljoin(f"http://{host}{asked}", location)
    form = "absolute" if urlsplit(location).scheme else "relative"
    said = f"{answer.status} {form}"
    if there != f"http://{host}{wanted}":
        return wrong(f"{answer.status} {location or 'no Location'}")
    return graded(said, good=answer.status in (301, 308), fair=True)


def stays_on_host(answer: Answer, host: str) -> Verdict:
    """No redirect, or one that a browser does not take to another host."""
    location = answer.field("location")
    # To a browser a backslash is a slash, as the URL standard has it.
    there = urljoin(f"http://{host}/", location.replace("\\", "/"))
    said = f"{brief(answer)} {location.replace(host, 'HOST')}".strip()
    good = 0 < answer.status < 500 and urlsplit(there).netloc == host
    return graded(said, good=good)


def has_coding(
    answer: Answer,
    contents: dict[str, bytes],
    wanted: Sequence[str],
    fair: Sequence[str] = (),
) -> Verdict:
    """
    The content in one of the codings *wanted*; one of *fair* or none is permitted.

    :param contents: what is to be sent, by its coding; under "" the plain one.
    """
    if answer.status != 200:
        return wrong(brief(answer))
    coding = answer.field("content-encoding").lower()
    if coding not in ("", *wanted, *fair):
        return wrong(f"sends {coding}")
    if answer.body != contents[coding]:
        return permitted(f"{coding}, made anew") if coding else wrong("other bytes")
    return graded(coding or "plain", good=coding in wanted, fair=True)

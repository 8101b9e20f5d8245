"""
What was seen of an exchange, for a person: the way to the server, its certificates, and
both messages, part by part.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from textwrap import wrap

from dartio_tut.anatomy import Message, Part, word_for

from ..terminal import printable
from ..web import MAX_KEPT_BYTES, CertificateFacts
from .seen import Seen
from .shown_bytes import body_lines, one_line
from .styles import Styles, styles_for
from .times import durations

SHOWN_BYTES = 40
"""Characters of one part that are shown beside what it is."""

MIN_WORDS_WIDTH = 30
"""Columns for an explanation, however narrow the terminal is."""

SHOWN_PARTS = 400
"""Parts of one message that are shown; --json has all."""

NOT_SHOWN = ("space", "whitespace", "colon", "line-end")
"""Parts that explain themselves."""

AS_BODY = ("body", "not-http", "other-protocol")
"""Parts that are shown as text or in hexadecimal."""

STEP_NAMES = {
    "name_lookup": "name lookup",
    "connect": "connect",
    "tls": "TLS",
    "first_byte": "first byte",
    "body": "body",
    "total": "total",
}


def print_report(seen: Seen) -> None:
    """Print all that was seen of an exchange."""
    width = shutil.get_terminal_size().columns
    for line in report_lines(seen, styles_for(sys.stdout), width):
        print(line)


def report_lines(seen: Seen, styles: Styles, width: int) -> Iterator[str]:
    """The lines of the report, for a terminal of so many columns."""
    exchange = seen.exchange
    yield styles("title", printable(f"{exchange.method} {exchange.url}", keep=""))
    yield from _way_lines(seen)
    for number, facts in enumerate(
        exchange.tls.certificates if exchange.tls else (), 1
    ):
        yield ""
        yield styles("title", f"Certificate {number}")
        yield from _certificate_lines(facts)
    if exchange.tls and exchange.tls.problem:
        yield ""
        yield styles("fault", printable(f"The certificate {exchange.tls.problem}", ""))
    if exchange.times.sent is None:
        return
    yield ""
    yield styles("title", f"Request, {len(seen.request.raw)} bytes")
    yield from _message_lines(seen.request, styles, width)
    if seen.response is not None:
        yield ""
        yield styles("title", f"Response, {len(seen.response.raw)} bytes")
        yield from _message_lines(seen.response, styles, width)
    if exchange.is_cut:
        yield styles("fault", f"  no more than {MAX_KEPT_BYTES} bytes were read")


def _way_lines(seen: Seen) -> Iterator[str]:
    """Where the server is, and how long it took to get there."""
    exchange = seen.exchange
    if exchange.proxy:
        yield printable(f"  proxy        {exchange.proxy}", keep="")
    if exchange.address:
        others = ", ".join(exchange.addresses)
        of = f" (of {others})" if len(exchange.addresses) > 1 else ""
        yield f"  address      {exchange.address}{of}"
    for step, seconds in durations(exchange.times).items():
        if seconds is not None:
            line = f"  {STEP_NAMES[step]:<12} {1000 * seconds:.1f} ms"
            if step == "tls" and exchange.tls:
                line += f"  {exchange.tls.version}, {exchange.tls.cipher}"
            yield line


def _certificate_lines(facts: CertificateFacts) -> Iterator[str]:
    for name, value in (
        ("subject", facts.subject),
        ("issuer", facts.issuer),
        (
            "valid",
            " to ".join(
                when[:10] for when in (facts.not_before, facts.not_after) if when
            ),
        ),
        ("names", ", ".join(facts.names)),
        ("key", facts.key),
        ("SHA-256", facts.fingerprint),
    ):
        if value:
            yield printable(f"  {name:<12} {value}", keep="")


def _message_lines(message: Message, styles: Styles, width: int) -> Iterator[str]:
    """Each part, with what it is."""
    parts = _joined(message)
    shown = [(part, _shown(message, part)) for part in parts[:SHOWN_PARTS]]
    column = max((len(text) for _, text in shown), default=0)
    for part, text in shown:
        yield from _explained(text, column, part, styles, width)
        if part.kind in AS_BODY:
            data = message.raw[part.start : part.end]
            yield from (f"  | {line}" for line in body_lines(data))
    if len(parts) > SHOWN_PARTS:
        yield f"  ... {len(parts) - SHOWN_PARTS} parts more (--json has all)"
    for line in wrap(
        printable(message.fault, keep=""), max(width, MIN_WORDS_WIDTH) - 2
    ):
        yield f"  {styles('fault', line)}"


def _shown(message: Message, part: Part) -> str:
    """The bytes of *part*, or its kind if they stand below."""
    if part.kind in AS_BODY:
        return part.kind
    return one_line(message.raw[part.start : part.end], SHOWN_BYTES)


def _joined(message: Message) -> list[Part]:
    """The parts that are shown: a field's name and value are one."""
    shown: list[Part] = []
    for part in message.parts:
        if part.kind == "field-value" and shown and shown[-1].kind == "field-name":
            name = shown.pop()
            words = name.words
            if part.words != _plain_value():
                words += f" {part.words}"
            shown.append(Part(name.start, part.end, "field", words, name.clause))
        elif part.kind not in NOT_SHOWN:
            shown.append(part)
    return shown


def _plain_value() -> str:
    """What the word list says of a field value of which nothing else is known."""
    word = word_for("framing", "field-value")
    return word.words if word else ""


def _explained(
    text: str, column: int, part: Part, styles: Styles, width: int
) -> Iterator[str]:
    """*text*, which is *part*, and beside this *column* what it means."""
    room = max(width - column - 4, MIN_WORDS_WIDTH)
    said = wrap(printable(f"{part.words} [{part.clause}]", keep=""), room)
    for number, line in enumerate(said or [""]):
        first = f"{'' if number else text:<{column}}"
        style = _style(part.kind)
        yield f"  {styles(style, first)}  {styles('words', line)}".rstrip()


def _style(kind: str) -> str:
    if kind in ("method", "target", "version", "status-code", "reason-phrase"):
        return "line"
    return "field" if kind.startswith("field") else "framing"

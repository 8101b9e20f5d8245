"""
Writes exchanges into the pages of the tutorial, from runs of the servers.

A page says what is sent, and to which server::

    <!-- exchange: hello
    GET / HTTP/1.1
    Host: localhost:4040
    -->
    <!-- end exchange -->

In place of a lesson's name, ``-m MODULE ARGUMENTS`` runs another program. Between the
comments come the request, the response, and a table of their parts, each with what it
means. Exchanges of a page with the same server are sent to the same process, in the
order of the page. The ETag of a page stands for the one that the server sent last.

The table leaves out what an earlier page has explained, if the page lists it::

    <!-- explained before: HTTP/1.1, Host, Server, Date -->

    $ python -m docs.exchanges
"""

from __future__ import annotations

import re
import shlex
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from dartio_tut.anatomy import Message, Part, take_apart, word_for
from illustrations.recording import Daemon, connect, lesson, running, settled

TUTORIAL = Path(__file__).with_name("tutorial")

TLS_LESSON = "hello-secure"
"""The lesson that is asked over TLS."""

PIECE_BYTES = 1 << 16
"""Bytes that are read from a socket at a time."""

SHOWN_CHARACTERS = 60
"""A longer value is cut in the table; the block above shows all of it."""

_exchange = re.compile(
    r"(<!-- exchange: (?P<server>[^\n]+)\n(?P<request>.*?)\n-->\n).*?"
    r"(?=<!-- end exchange -->)",
    re.DOTALL,
)

SHOWN_TAG = b'"67a4f1"'
"""The entity tag that pages show; a real one depends on when a file was written."""

_tag = re.compile(rb'(?m)^(ETag: (?:W/)?)("[^"]*")')

_explained_before = re.compile(r"^<!-- explained before: (.*) -->$", re.MULTILINE)

_differing = (
    (
        re.compile(rb"(?m)^(Last-Modified: )[^\r\n]*"),
        rb"\1Thu, 01 Jan 2026 00:00:00 GMT",
    ),
    (_tag, rb"\1" + SHOWN_TAG),
)
"""What differs from one clone of the files to another."""

SILENT = frozenset({"space", "colon", "whitespace", "line-end", "field-value"})
"""Parts without a row: each would have the same words in every line."""


def written(page: str) -> str:
    """The text of *page* with every exchange in it as it is today."""
    with ExitStack() as stack:
        daemons: dict[str, Daemon] = {}
        listed = _explained_before.findall(page)
        explained = {name for names in listed for name in names.split(", ")}
        tags: dict[str, bytes] = {}

        def fill(found: re.Match[str]) -> str:
            server = found["server"]
            if server not in daemons:
                daemons[server] = stack.enter_context(running(*_command(server)))
            request = as_sent(found["request"])
            is_tls = server.split()[0] == TLS_LESSON
            real = request.replace(SHOWN_TAG, tags.get(server, SHOWN_TAG))
            response = receive(daemons[server].port, real, is_tls)
            if tag := _tag.search(response):
                tags[server] = tag[2]
            return found[1] + "\n" + block(request, response, explained)

        return _exchange.sub(fill, page)


def _command(server: str) -> tuple[str, ...]:
    name, *options = shlex.split(server)
    return tuple(options) if name == "-m" else lesson(name, *options)


def as_sent(text: str) -> bytes:
    """The request *text* as bytes: lines end with CR LF, and a body has a length."""
    head, _, body = text.partition("\n\n")
    if body:
        head += f"\nContent-Length: {len(body.encode())}"
    return head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body.encode()


def receive(port: int, request: bytes, is_tls: bool = False) -> bytes:
    """
    The response to *request* of the server at *port*.

    :raise RuntimeError: when the server closes before the response has ended.
    """
    came = b""
    with _connected(port, is_tls) as wire:
        wire.sendall(request)
        while not _has_ended(came, request):
            piece = wire.recv(PIECE_BYTES)
            if not piece:
                raise RuntimeError(f"the server has closed after {came!r}")
            came += piece
    return came


def _connected(port: int, is_tls: bool) -> socket.socket:
    wire = connect(port)
    if not is_tls:
        return wire
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the server has just made its certificate
    return context.wrap_socket(wire)


def _has_ended(response: bytes, request: bytes) -> bool:
    if request.startswith(b"HEAD "):
        return response.endswith(b"\r\n\r\n")
    return take_apart(response, "server").is_complete


def block(request: bytes, response: bytes, explained: set[str]) -> str:
    """
    An exchange as Markdown.

    :param explained: the parts that were explained before, which get no row, by their
        names or their words; those of this exchange are added.
    """
    response = settled(response)
    for pattern, replacement in _differing:
        response = pattern.sub(replacement, response)
    sent = take_apart(request, "client")
    received = take_apart(response, "server")
    asked = list(_rows(sent, explained))
    answered = list(_rows(received, explained))
    next_number = 1 + len(asked)
    return (
        f"The client sends:\n\n{_fence(request)}{_table(asked, 1)}\n"
        f"The server responds:\n\n{_fence(response)}{_table(answered, next_number)}\n"
    )


def _fence(raw: bytes) -> str:
    text = raw.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    return f"```http\n{text.rstrip()}\n```\n"


def _table(rows: list[str], first: int) -> str:
    if not rows:
        return ""
    numbered = (f"| {number} {row}\n" for number, row in enumerate(rows, first))
    return "\n| | Bytes | What they mean |\n| --- | --- | --- |\n" + "".join(numbered)


def _rows(message: Message, explained: set[str]) -> Iterator[str]:
    for number, part in enumerate(message.parts):
        if part.kind in SILENT:
            continue
        name = shown = _bytes(message, part)
        words = part.words
        if part.kind == "field-name":
            shown = f"{shown}: {_value(message, number)}"
            word = word_for("field", _bytes(message, part))
            if word and word.value:
                words = f"{words} Its value: {_small(word.value)}"
        # The same words stand once on a page, whatever the bytes are.
        key = f"{shown} {words}" if part.kind == "body" else words
        if not explained & {key, name}:
            explained.add(key)
            yield f"| `{_cut(shown)}` | {_escaped(words)} |"


def _bytes(message: Message, part: Part) -> str:
    if part.kind == "blank-line":
        return "CR LF"
    return message.raw[part.start : part.end].decode("utf-8", "backslashreplace")


def _value(message: Message, number: int) -> str:
    for part in message.parts[number:]:
        if part.kind == "field-value":
            return _bytes(message, part)
        if part.kind == "line-end":
            break
    return ""


def _small(sentence: str) -> str:
    """*sentence* as it is written behind a colon."""
    first = sentence.split()[0]
    is_word = first[1:].islower() or len(first) == 1
    return sentence[0].lower() + sentence[1:] if is_word else sentence


def _escaped(text: str) -> str:
    return re.sub(r"([*_<>|`\[\]])", r"\\\1", text)


def _cut(text: str) -> str:
    text = text.strip().replace("\r\n", " ").replace("\n", " ").replace("|", r"\|")
    if len(text) <= SHOWN_CHARACTERS:
        return text
    return text[:SHOWN_CHARACTERS] + "..."


def pages() -> list[Path]:
    """The pages that have exchanges."""
    found = sorted(TUTORIAL.rglob("*.md"))
    return [page for page in found if _exchange.search(page.read_text("utf-8"))]


def main() -> None:
    """Write them all."""
    for page in pages():
        page.write_text(written(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()

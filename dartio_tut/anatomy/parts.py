"""
What a message is made of.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

SentBy = Literal["client", "server"]

PART_KINDS = (
    "empty-line-before",
    "method",
    "target",
    "version",
    "status-code",
    "reason-phrase",
    "space",
    "field-name",
    "colon",
    "field-value",
    "whitespace",
    "line-end",
    "bare-lf",
    "fold",
    "blank-line",
    "body",
    "chunk-size",
    "chunk-extension",
    "chunk-data",
    "last-chunk",
    "more-fields",
    "more-chunks",
    "more-responses",
    "next-message",
    "other-protocol",
    "ambiguous",
    "junk",
    "not-http",
)
"""All kinds of parts. What each of them is stands in `words.toml`, as framing."""


class Part(NamedTuple):
    """
    Bytes of a message that mean one thing.

    :ivar start: where its first byte is.
    :ivar end: where the byte behind its last one is.
    :ivar kind: one of `KINDS`.
    :ivar words: what it means, in a sentence.
    :ivar clause: where that is written, such as ``RFC 9112 section 3.1``.
    """

    start: int
    end: int
    kind: str
    words: str
    clause: str


class Message(NamedTuple):
    """
    A request or a response, taken apart.

    A response begins with all interim ones (1xx) that came before the final one: their
    parts come first, each with a status line, fields and a blank line of its own. A
    response with status code 101 is a final one.

    :ivar parts: together they are all of *raw*, in its order.
    :ivar is_complete: whether the end of the message has come. Of a response whose end
        is the end of the connection the bytes alone do not tell.
    :ivar fault: what is wrong with it, in a sentence with its clause; or empty.
    """

    raw: bytes
    sent_by: SentBy
    parts: tuple[Part, ...]
    is_complete: bool
    fault: str

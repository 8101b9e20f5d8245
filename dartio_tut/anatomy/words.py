"""
The word list: what the words of HTTP mean, in a sentence each.

It is read when it is first needed, so that a server that explains nothing does not
wait for it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple, get_args

WordKind = Literal["framing", "method", "status", "version", "field"]


class Word(NamedTuple):
    """
    :ivar kind: what it is a word for: a part of the framing, a method, a status code, a
        version or a field name.
    :ivar name: as it is written, such as ``Content-Length``.
    :ivar words: what it means, in a sentence.
    :ivar clause: where that is written.
    :ivar value: what a field's value says, in a sentence; or empty.
    """

    kind: WordKind
    name: str
    words: str
    clause: str
    value: str = ""


@cache
def all_words() -> tuple[Word, ...]:
    """All of them, in the order of the file."""
    text = resources.files(__package__).joinpath("words.toml").read_text("utf-8")
    sections = tomllib.loads(text)
    return tuple(
        Word(kind, name, *entry)
        for kind in get_args(WordKind)
        for name, entry in sections[kind].items()
    )


@cache
def words_by_name(kind: WordKind) -> Mapping[str, Word]:
    """The words of one kind; field names are in lower case."""
    is_field = kind == "field"
    return {
        word.name.lower() if is_field else word.name: word
        for word in all_words()
        if word.kind == kind
    }


def word_for(kind: WordKind, name: str) -> Word | None:
    """The entry of *name*, if there is one. The case of field names does not matter."""
    return words_by_name(kind).get(name.lower() if kind == "field" else name)


def status_text(code: int) -> str:
    """A status code and what it is called, such as ``404 Not Found``."""
    word = word_for("status", str(code))
    return f"{code} {word.words.partition(':')[0]}" if word else str(code)

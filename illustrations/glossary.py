"""
The glossary: the word list as a page.
"""

from __future__ import annotations

import re

from dartio_tut.anatomy import Word, all_words

HEAD = """\
# Glossary

What the words of HTTP mean, in a sentence each, and where that is written. The page is
made from the word list of `dartio_tut.anatomy` by `make pictures`; the view at `/wire/`
and `dartio inspect` explain messages with the same words.
"""

SECTIONS = (
    ("framing", "Parts of a message", "The kinds of parts that a message is cut into."),
    ("method", "Methods", "The first word of a request."),
    ("status", "Status codes", "The second word of a response."),
    ("version", "Versions", "The last word of a request line, and a response's first."),
    ("field", "Header fields", "Upper and lower case are the same in their names."),
)

_section = re.compile(r"RFC (\d+) (section|appendix) ([\w.]+)").fullmatch


def glossary() -> str:
    """The page, in Markdown."""
    words = all_words()
    parts = [HEAD]
    for kind, title, text in SECTIONS:
        rows = [row_of(word) for word in words if word.kind == kind]
        table = ["| Word | What it means | Written in |", "| --- | --- | --- |", *rows]
        parts.append(f"## {title}\n\n{text}\n\n" + "\n".join(table) + "\n")
    return "\n".join(parts)


def row_of(word: Word) -> str:
    """A row of the table."""
    text = f"{word.words} Its value: {_small(word.value)}" if word.value else word.words
    return f"| `{word.name}` | {_escaped(text)} | {_link(word.clause)} |"


def _small(sentence: str) -> str:
    """*sentence* as it is written behind a colon."""
    first = sentence.split()[0]
    is_word = first[1:].islower() or len(first) == 1
    return sentence[0].lower() + sentence[1:] if is_word else sentence


def _escaped(text: str) -> str:
    return re.sub(r"([*_<>|`\[\]])", r"\\\1", text)


def _link(clause: str) -> str:
    """*clause*, with a link to it when it is a section of an RFC."""
    found = _section(clause)
    if found is None:
        return clause
    number, kind, section = found.groups()
    anchor = f"{kind}-{section}"
    return f"[{clause}](https://www.rfc-editor.org/rfc/rfc{number}#{anchor})"

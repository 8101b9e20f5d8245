"""
Bytes as a person can paste them into a shell.

Rule: what comes out is printable ASCII on one line, whatever the bytes are, so that a
terminal can do nothing with it but show it; and a POSIX shell takes all of it for one
word, in which nothing is run. A line break in quotes would be safe in a script, but a
control character that is pasted is a key that is pressed.
"""

from __future__ import annotations

import re

_is_literal = re.compile(rb"[\x20-\x5b\x5d-\x7e]*").fullmatch

_SHORT_ESCAPES = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t"}
"""Escapes of printf(1) that are easier to read than octal numbers."""

_NOT_LITERAL = b"\\'%!"
"""
Printable characters that have a meaning for printf, or end the quotes. In double quotes
around these, an exclamation mark would have bash look into its history.
"""


def is_literal(data: bytes) -> bool:
    """
    Whether *data* can stand in single quotes: printable ASCII on one line. A backslash
    could in a POSIX shell, but in others (fish) it takes the meaning from a quote.
    """
    return _is_literal(data) is not None


def quoted(text: str) -> str:
    """
    *text*, which `is_literal`, as one word: in single quotes nothing has a meaning.
    """
    return "'" + text.replace("'", "'\\''") + "'"


def printf(data: bytes) -> str:
    """
    A command that prints *data*, any bytes.

    Octal escapes always have three digits, so that no digit behind one belongs to it.
    """
    text = "".join([_ESCAPED[byte] for byte in data])
    if text.startswith("-"):  # which would be an option
        text = _octal(ord("-")) + text[1:]
    return f"printf '{text}'"


def word(data: bytes) -> str:
    """*data*, which has no NUL and no line break, as one word."""
    if is_literal(data):
        return quoted(data.decode("ascii"))
    return f'"$({printf(data)})"'


def _escaped(byte: int) -> str:
    if byte in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[byte]
    if byte in _NOT_LITERAL or not 0x20 <= byte <= 0x7E:
        return _octal(byte)
    return chr(byte)


def _octal(byte: int) -> str:
    return f"\\{byte:03o}"


_ESCAPED = [_escaped(byte) for byte in range(256)]
"""What stands for each byte."""

"""
The place in a JSON text of what only a strict parser refuses: a name that appears
twice, a number that is malformed or too long, a lone surrogate.

Rule: only a text that was refused is searched, so this may take its time.
"""

from __future__ import annotations

import json
import re
from math import isinf

MAX_DIGITS = 4300
"""Characters of one number; Python refuses to convert longer ones by default."""

_TOKEN = re.compile(
    r'("(?:[^"\\]|\\.)*"?)([ \t\r\n]*:)?|(-?[0-9][0-9.eE+-]*)|(-?[A-Za-z]+)|[{}\[\]]',
    re.DOTALL,
)
"""A string (and whether it is a name), a number, a word, or a bracket. The closing
quote may be missing: otherwise every quote of a string without an end would be tried as
a beginning, in quadratic time."""

_WORDS = ("true", "false", "null")


def first_fault(text: str) -> tuple[str, int] | None:
    """
    Return the first fault of *text*, and its position.

    The text is well formed up to there.
    """
    within: list[set[str]] = []
    for found in _TOKEN.finditer(text):
        string, colon, number, word = found.groups()
        fault = None
        if string:
            fault = _fault_of_string(string, within[-1] if colon and within else None)
        elif number:
            fault = _fault_of_number(number)
        elif word:
            fault = None if word in _WORDS else f"{word} is no JSON number"
        elif found[0] in "{[":
            within.append(set())
        elif within:
            within.pop()
        if fault:
            return fault, found.start()
    return None


def _fault_of_number(number: str) -> str | None:
    if len(number) > MAX_DIGITS:
        return f"A number has more than {MAX_DIGITS} digits"
    return "A number is too large" if isinf(float(number)) else None


def _fault_of_string(string: str, names: set[str] | None) -> str | None:
    """What is wrong with *string*, which is a name when *names* of its object come."""
    value = string[1:-1]
    if "\\" in value:
        try:
            value = json.loads(string)
            value.encode("utf-8")
        except UnicodeEncodeError:
            return "A lone surrogate in a string"
    if names is None:
        return None
    if value in names:
        return "The same name stands twice in one object"
    names.add(value)
    return None

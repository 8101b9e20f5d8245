"""
Header fields that an operator wants on all responses, or on those with some files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..fields import parse_field
from .patterns import matches


class FieldRule(NamedTuple):
    """
    A header field, and what it is for.

    :ivar pattern: matches the paths of files; empty for all responses.
    :ivar value: empty for a field that is not to be sent.
    """

    pattern: str
    name: bytes
    value: bytes


def parse_field_rule(text: str) -> FieldRule:
    """
    Return the rule that *text* stands for: ``NAME: VALUE`` for all responses, or
    ``PATTERN=NAME: VALUE`` for some files. A field's name has no ``=`` in it.

    :raise ValueError: when it is written in another way, or is for a field that only
        the server sets.
    """
    head = text.partition(":")[0]
    pattern, mark, field = text.partition("=") if "=" in head else ("", "", text)
    if mark and not pattern:
        raise ValueError(f"{text!r} has an empty pattern before its =")
    if not mark and any(sign in head for sign in "*?[/"):
        name = text.partition(":")[2].strip()
        raise ValueError(f"{text!r}: write a pattern as {head}={name or 'NAME: VALUE'}")
    return FieldRule(pattern, *parse_field(field.strip()))


def fields_for(path: str, rules: Sequence[FieldRule]) -> list[tuple[bytes, bytes]]:
    """Return the fields that *rules* have for the file at *path* below the root."""
    return [
        (name, value)
        for pattern, name, value in rules
        if pattern and matches(pattern, path)
    ]


def fields_for_all(rules: Sequence[FieldRule]) -> list[tuple[bytes, bytes]]:
    """Return the fields that *rules* have for all responses."""
    return [(name, value) for pattern, name, value in rules if not pattern]

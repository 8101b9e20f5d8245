"""
What an option is: a name, a line of help, and a check of the text that is given.

There are three kinds. A `flag` takes no value, an `option` takes one, and a
`repeated_option` may be given several times, each time with a value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

THIS_SERVER = "This server"
"""The heading, in ``--help``, over what a server declares for itself."""


@dataclass(frozen=True)
class Option:
    """
    One option. Use `flag`, `option` or `repeated_option` to make one.

    :param check: turns the given text into the option's value; the message of a
        `ValueError` that it raises is what the user reads.
    :param default: the value of an option that is not given; a list of values for a
        repeated one.
    :param letter: a second, short name.
    :param group: the heading under which ``--help`` shows it.
    :param is_path: whether its text is a path, or has one, and so stays as Python made
        it of the command line's bytes; any other text is UTF-8, whatever the locale.
    """

    name: str
    kind: Literal["flag", "value", "repeated"]
    help: str
    check: Callable[[str], object]
    default: object
    letter: str | None
    group: str
    is_path: bool = False


def flag(
    name: str, help: str, *, letter: str | None = None, group: str = THIS_SERVER
) -> Option:
    """An option that takes no value: True when it is given, else False."""
    return Option(name, "flag", help, str, False, letter, group)


def option(
    name: str,
    help: str,
    check: Callable[[str], object] = str,
    default: object = None,
    *,
    letter: str | None = None,
    group: str = THIS_SERVER,
    is_path: bool = False,
) -> Option:
    """An option that takes a value."""
    return Option(name, "value", help, check, default, letter, group, is_path)


def repeated_option(
    name: str,
    help: str,
    check: Callable[[str], object] = str,
    default: Sequence[object] = (),
    *,
    letter: str | None = None,
    group: str = THIS_SERVER,
    is_path: bool = False,
) -> Option:
    """An option that may be given several times: a list, in the order given."""
    values = list(default)
    return Option(name, "repeated", help, check, values, letter, group, is_path)

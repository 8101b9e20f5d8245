"""
Options that stand in the environment or in a TOML file, not on the command line::

    DARTIO_MAX_BODY=1000

    max-body = 1000
    index = ["index.html", "index.htm"]

Rule: a value from here goes through the same check as one from the command line. What
is said of a wrong one begins with the place where it stands.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from dartio_tut.store import read_regular_file

from .option import Option
from .parsing import NUMBER_CHECKS
from .passed import port_or_socket
from .workers import AUTO, worker_count

PREFIX = "DARTIO_"
"""What the names of environment variables begin with."""

CONFIG = "config"
"""The option that names the file; the file itself cannot have it."""

MAX_FILE_BYTES = 1024 * 1024
"""The longest file, far longer than one with all options."""

NEAREST_LIKENESS = 0.4
"""How alike a name must be to be shown for an unknown one (difflib's ratio)."""

MISTYPED_LIKENESS = 0.75
"""
How alike a variable must be to be taken for a mistyped one, as PROT is for PORT. An
environment has variables of other programs, and of other servers.
"""

SHORT_LETTERS = 4
"""
Letters of a name so short that another of its kind looks like it: ``HOST`` is an option
of some servers, and ``HSTS`` one of all. In these, only the order may be mistyped.
"""

TRUE_WORDS = frozenset(("1", "true", "yes", "on"))
FALSE_WORDS = frozenset(("0", "false", "no", "off"))

_TYPES = {
    bool: "a boolean",
    int: "an integer",
    float: "a float",
    str: "a string",
    list: "an array",
    dict: "a table",
}


class Found(NamedTuple):
    """
    An option that was found.

    :param place: where it stands, as a person would look for it.
    :param value: for a flag, whether it is given; for any other option the texts that
        would stand on the command line.
    """

    place: str
    option: Option
    value: bool | list[str]


def variable_name(option: Option) -> str:
    """The name of the environment variable for *option*."""
    return PREFIX + option.name.upper().replace("-", "_")


def in_environment(
    options: Iterable[Option], environ: Mapping[str, str]
) -> Iterator[Found]:
    """
    The options that *environ* has. An empty variable is taken for one that is not set.

    :raise ValueError: when a variable for a flag says neither yes nor no.
    """
    for option in options:
        name = variable_name(option)
        text = environ.get(name)
        if not text:
            continue
        if option.kind == "flag":
            yield Found(name, option, _yes_or_no(name, text))
        elif option.kind == "repeated":
            lines = [line for line in text.split("\n") if line.strip()]
            yield Found(name, option, lines)
        else:
            yield Found(name, option, [text])


def mistyped_variables(
    options: Iterable[Option], environ: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """The variables that look mistyped, each with the one that is meant."""
    known = {variable_name(option).removeprefix(PREFIX) for option in options}
    for name in sorted(environ):
        said = name.removeprefix(PREFIX)
        if said == name or said in known or not environ[name]:
            continue
        found = nearest_name(said, known, MISTYPED_LIKENESS)
        if found and (len(said) > SHORT_LETTERS or sorted(said) == sorted(found)):
            yield name, PREFIX + found


def read_config(path: str) -> str:
    """
    The text of the TOML file *path*.

    :raise ValueError: when it is not UTF-8.
    :raise OSError: when it cannot be read.
    """
    try:
        # Some editors begin a file with a byte order mark.
        return read_regular_file(path, MAX_FILE_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: it is not UTF-8 (byte {error.start})") from None


def in_file(path: str, text: str, options: Iterable[Option]) -> list[Found]:
    """
    The options in *text*, which is that of the TOML file *path*.

    :raise ValueError: when it is no TOML, or has an unknown or a wrong entry.
    """
    known = {option.name: option for option in options if option.name != CONFIG}
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: {error}") from None
    except ValueError:  # of Python, which says how a program may have more
        raise ValueError(f"{path}: a number in it has too many digits") from None
    except RecursionError:
        raise ValueError(f"{path}: it is nested too deeply") from None
    for name in entries:
        if name not in known:
            raise ValueError(_unknown(path, name, known))
    return [
        _entry(f"{path}: {name}", known[name], value) for name, value in entries.items()
    ]


def _unknown(path: str, name: str, known: Iterable[str]) -> str:
    line = f"{path}: there is no option {name!a}"
    if name == CONFIG:
        return f"{line} in a file: a file cannot name another"
    nearest = nearest_name(name, known, NEAREST_LIKENESS)
    return f"{line}; the nearest is {nearest}" if nearest else line


def nearest_name(name: str, known: Iterable[str], likeness: float) -> str | None:
    """The most alike of the *known* names; of several, one with the same letters."""
    found = get_close_matches(name, known, 3, likeness)
    letters = sorted(name)
    return max(found, key=lambda each: sorted(each) == letters, default=None)


def _entry(place: str, option: Option, value: object) -> Found:
    """*option* with *value*, if that has the type it should have."""
    if option.kind == "flag":
        if not isinstance(value, bool):
            raise ValueError(f"{place}: true or false is expected, not {_type(value)}")
        return Found(place, option, value)
    if option.kind == "value":
        return Found(place, option, [_text(place, option, value)])
    if not isinstance(value, list):
        raise ValueError(f"{place}: an array is expected, not {_type(value)}")
    return Found(place, option, [_text(place, option, each) for each in value])


def _text(place: str, option: Option, value: object) -> str:
    """*value* as it would stand on the command line."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits, wanted = isinstance(value, str), "a string"
    if option.check is worker_count:
        fits, wanted = fits or is_number, f'a number or "{AUTO}"'
    elif option.check is port_or_socket:
        fits, wanted = fits or is_number, 'a number or "systemd:NAME"'
    elif option.check in NUMBER_CHECKS:
        fits, wanted = is_number, "a number"
    if not fits:
        raise ValueError(f"{place}: {wanted} is expected, not {_type(value)}")
    text = str(value)
    if "\0" in text:
        raise ValueError(f"{place}: it has a NUL character")
    # As Python makes it of the bytes of a command line, whatever the locale.
    return os.fsdecode(text.encode())


def _type(value: object) -> str:
    """What TOML calls the type of *value*."""
    return _TYPES.get(type(value), "a date or time")


def _yes_or_no(name: str, text: str) -> bool:
    word = text.strip().lower()
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise ValueError(f"{name}: {text!r} is neither yes nor no")
    return word in TRUE_WORDS

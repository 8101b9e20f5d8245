"""
The text of ``--help``: what the server does, then its options under headings.

Twisted's own text is one list by letters, in which the few options of a server are
lost among the limits that all servers have.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from textwrap import wrap

from .option import THIS_SERVER, Option, flag

LISTENING = "Listening"
LIMITS = "Limits"
LOGS = "Logs"
OTHER = "Other"

HEADINGS = (THIS_SERVER, LISTENING, LIMITS, LOGS, OTHER)
"""The order of the headings; any others follow."""

USUAL_COLUMNS = 80
"""Of a terminal that does not say how wide it is."""

NARROWEST_COLUMNS = 24
"""Columns that an explanation has at least, however narrow the terminal is."""

WIDEST_NAME_COLUMNS = 26
"""Columns of a name beside its explanation; a longer one has a line of its own."""

NO_BREAK_SPACE = "\xa0"

EXITS = (
    flag("help", "Show this text and exit.", group=OTHER),
    flag("version", "Show the version and exit.", group=OTHER),
)
"""What Twisted has for all programs."""


def help_text(
    summary: str,
    options: Iterable[Option],
    defaults: Mapping[str, object],
    width: int | None = None,
    end: str = "",
) -> str:
    """
    The text of ``--help`` below its first line.

    :param summary: what the server does.
    :param defaults: the defaults to show, by the names of options.
    :param width: columns of the terminal; ``$COLUMNS`` or 80 unless given.
    :param end: what is said last.
    """
    columns = width or _columns_of_terminal()
    options = [*options, *EXITS]
    names = {option.name: _names(option) for option in options}
    indent = min(max(map(len, names.values())), WIDEST_NAME_COLUMNS) + 2
    groups = dict.fromkeys((*HEADINGS, *(option.group for option in options)))
    parts = ["\n".join(wrap(summary, columns)) + "\n"] if summary else []
    for group in groups:
        lines = [
            _line(names[option.name], _explanation(option, defaults), indent, columns)
            for option in options
            if option.group == group
        ]
        if lines:
            parts.append(f"{group}:\n" + "".join(lines))
    if end:
        parts.append("\n".join(wrap(end, columns)) + "\n")
    return "\n".join(parts)


def _columns_of_terminal() -> int:
    """What ``$COLUMNS`` says, if that is a number, or 80."""
    try:
        columns = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        columns = 0
    return columns if columns > 0 else USUAL_COLUMNS


def _names(option: Option) -> str:
    letter = f"-{option.letter}," if option.letter else ""
    return f"  {letter:3} --{option.name}{'' if option.kind == 'flag' else '='}"


def _explanation(option: Option, defaults: Mapping[str, object]) -> str:
    explained = option.help
    if option.kind == "repeated":
        explained += " May be given several times."
    default = defaults.get(option.name)
    if isinstance(default, (list, tuple)):
        default = ", ".join(map(str, default))
    if option.kind == "flag" or default is None or default == "":
        return explained
    return f"{explained} [default:{NO_BREAK_SPACE}{default}]"


def _line(names: str, explanation: str, indent: int, columns: int) -> str:
    lines = wrap(explanation, max(columns - indent, NARROWEST_COLUMNS))
    if len(names) > indent - 2:
        lines.insert(0, "")
    lines = [" " * indent + line for line in lines]
    lines[0] = names + lines[0][len(names) :]
    text = "".join(line.rstrip() + "\n" for line in lines)
    return text.replace(NO_BREAK_SPACE, " ")

"""
The page: what was answered, a table a group, and how many were as expected.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from .judging import Mark, Verdict
from .peers import Peer, Start
from .rows import BASE, Group
from .starting import Asked, Verdicts

OURS = "ours"

LONGEST = 60
"""Characters of an answer: more make no table."""

HEAD = """\
# Static servers compared

`make compare` starts `static` and other servers that serve a folder, asks all of them
the same and writes this page. Each is as its manual says for "serve this folder, with
listings"; [below](#how-they-were-started) is how. Rows about an
option are asked of the server with that option.

The request goes over a socket as it is written here. A verdict is about the answer
alone, by the standard or, where that leaves it open, by what the column *expected*
says: that is our wish, and a server may have reasons for another. The rows are our
choice too, so the counts rank no one: what matters to you may be in a single row.

- ✓ as expected
- ○ permitted, but something is missing
- ✗ against the standard, or harmful
- \\- nothing to be judged: there is no such option, or it depends on what is not there
"""

STARTED = """\
`$files` is the folder that is served, `$site` one with an index and a 404 page of its
own, `$work` an empty one; `$work/config` is what is shown below the command, and
`$work/users` has a user. Further starts show what differs. As root, a server runs
without the right to read every file."""

_GRADES = {Mark.RIGHT: 2, Mark.PERMITTED: 1, Mark.WRONG: 0, Mark.ABSENT: 0}


def page(
    groups: Sequence[Group], asked: Sequence[Asked], not_covered: Mapping[str, str]
) -> str:
    """The whole page."""
    lines = [HEAD, "## Counts", "", *_counts(asked)]
    lines += ["", "## Where another does better than ours", ""]
    lines += _better(groups, {a.peer.name: a.verdicts for a in asked if a.found})
    for group in groups:
        lines += ["", f"## {group.title}", "", *_table(group, asked)]
    lines += ["", "## How they were started", "", STARTED, ""]
    for one in asked:
        lines += _starts(one)
    lines += ["## Not asked", ""]
    lines += [f"- {name}: {why}." for name, why in not_covered.items()]
    today = datetime.now(UTC).date().isoformat()
    lines += ["", f"Asked on {today}, Linux {platform.machine()}."]
    return "\n".join(lines) + "\n"


def _counts(asked: Sequence[Asked]) -> list[str]:
    lines = ["| server | ✓ | ○ | ✗ | \\- |", "|---|--:|--:|--:|--:|"]
    for peer, found, _, verdicts in asked:
        marks = [verdict.mark for verdict in verdicts.values()]
        numbers = " | ".join(str(marks.count(mark)) for mark in Mark)
        said = numbers if found else "not installed | | |"
        lines.append(f"| {peer.name} | {said} |")
    return lines


def _better(groups: Sequence[Group], results: Mapping[str, Verdicts]) -> list[str]:
    """Rows in which ours is behind, and who is ahead."""
    if OURS not in results:
        return ["Ours was not asked."]
    lines = []
    for row in (row for group in groups for row in group.rows):
        ours = results[OURS][row]
        ahead = [
            f"{name} ({escaped(verdicts[row].said)})"
            for name, verdicts in results.items()
            if _GRADES[verdicts[row].mark] > _GRADES[ours.mark]
        ]
        if ahead:
            lines.append(f"- {row.title}: {_cell(ours)}; better: {', '.join(ahead)}.")
        elif ours.mark is not Mark.RIGHT:
            lines.append(f"- {row.title}: {_cell(ours)}; nobody does better.")
    return lines or ["Nowhere in these rows."]


def _table(group: Group, asked: Sequence[Asked]) -> list[str]:
    names = " | ".join(one.peer.name for one in asked)
    lines = [f"| | expected | {names} |", "|---|---|" + "---|" * len(asked)]
    for row in group.rows:
        cells = [_cell(a.verdicts[row]) if a.found else "not installed" for a in asked]
        title = row.title.replace("|", "\\|")
        wanted = f"{row.expected.replace('*', chr(92) + '*')} ({row.clause})"
        lines.append(f"| {title} | {wanted} | {' | '.join(cells)} |")
    return lines


def _cell(verdict: Verdict) -> str:
    mark = "\\-" if verdict.mark is Mark.ABSENT else verdict.mark.value
    return f"{mark} {escaped(verdict.said)}".rstrip()


def escaped(said: str) -> str:
    """*said* by a server, so that it is nothing but text on the page."""
    if len(said) > LONGEST:
        said = said[: LONGEST - 3] + "..."
    text = "".join(c if c.isprintable() and ord(c) < 0x7F else "?" for c in said)
    for character in "\\`*_[]<>|~$#&":
        text = text.replace(character, f"\\{character}")
    # No scheme: a page does not link what a server came up with.
    return text.replace("://", ":\\//")


def _starts(asked: Asked) -> list[str]:
    peer, found, missing, _ = asked
    version = found.version if found else f"not installed: {missing}"
    lines = [f"### {peer.name}", ""]
    lines += [f"{peer.settings['title']} {version} ({peer.settings['source']}).", ""]
    for way, start in peer.starts.items():
        if found and start.needs in found.help:
            lines += _start(peer, way, start)
    return lines


def _start(peer: Peer, way: str, start: Start) -> list[str]:
    """A way to start it; after the first only what differs."""
    name = peer.name.replace("ours", "twistd")
    name = {"http.server": "python"}.get(name, name)
    command = start.command.replace("$program", name).replace("$$", "$")
    lines = [] if way == BASE else [f"For *{way}*:", ""]
    if start.command != peer.base.command or way == BASE:
        lines += ["```sh", command, "```", ""]
    elif start.config == peer.base.config:
        return [*lines[:-2], f"For *{way}*: the same.", ""]
    known = peer.base.config.splitlines() if way != BASE else []
    config = [line for line in start.config.splitlines() if line not in known]
    if config:
        text = "\n".join(config).replace("$$", "$")
        lines += ["```text", text, "```", ""]
    return lines

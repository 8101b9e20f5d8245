"""
What the index of the pages tells when all servers run together: whether each runs,
where it keeps things, and the ways to the course, the wire and the laboratory.

``index.html`` has a comment, such as ``<!-- [state hello] -->``, where each of these
belongs. Rule: all text that is put there is escaped.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from html import escape
from pathlib import PurePosixPath
from typing import Any

from dartio_tut.store import is_database

_place = re.compile(r"<!-- \[([a-z]+)(?: ([a-z-]+))?\] -->")

COURSE = """
  <li><a href="/learn/">The course</a> teaches what these servers do, from nothing to a
    server of your own.
"""

WATCHING = """
  <li><a href="/wire/">The wire</a> shows every exchange with these servers as it
    happens, byte by byte.
  <li><a href="/try/">The laboratory</a> sends requests of yours, broken ones too, to
    the servers in memory.
"""

NOT_HERE = """
  <li>The wire, which shows every exchange, and the laboratory are for a person at the
    machine of the servers only, and not while others can reach the pages.
"""


def fill_index(
    text: str, servers: Mapping[str, Mapping[str, Any]], watching: bool | None
) -> str:
    """
    Return the *text* of the index with what is known.

    :param servers: the members of each server, by its name, as in ``/servers.json``.
    :param watching: whether whoever reads it may see the wire and the laboratory;
        ``None`` when there are none.
    """

    def filled(found: re.Match[str]) -> str:
        what, name = found[1], found[2]
        if what == "ways":
            return _ways(watching)
        server = servers.get(name or "")
        if server is None:
            return found[0]
        return _state(server) if what == "state" else _more(server)

    return _place.sub(filled, text)


def _ways(watching: bool | None) -> str:
    more = {True: WATCHING, False: NOT_HERE, None: ""}[watching]
    return f'<ul class="ways" aria-label="Beside the servers">{COURSE}{more}</ul>'


def _state(server: Mapping[str, Any]) -> str:
    if server["running"]:
        return '<span class="state runs">runs</span>'
    return '<span class="state">does not run</span>'


def _more(server: Mapping[str, Any]) -> str:
    """The rows of the table of facts that follow the address."""
    lesson = PurePosixPath(server["lesson"])
    source = PurePosixPath(server["source"])
    page = f"/learn/{lesson.relative_to('docs').with_suffix('.html')}"
    rows = [
        _row("Lesson", _link(page, lesson.stem)),
        _row("Source", _link(f"/source/{source.name}", str(source))),
    ]
    if server["store"] is not None:
        rows.append(_row("Store", _store(server["store"])))
    return "\n      ".join(rows)


def _row(title: str, content: str) -> str:
    return f"<div><dt>{title}<dd>{content}</div>"


def _link(url: str, text: str) -> str:
    return f'<a href="{escape(url)}">{escape(text)}</a>'


def _store(where: str) -> str:
    shown = f"<code>{escape(where).replace('/', '/<wbr>')}</code>"
    folder = where.removeprefix("file://")
    if is_database(where) or os.path.isdir(folder):
        return shown
    return f'{shown} <span class="missing">is missing: restart the servers</span>'

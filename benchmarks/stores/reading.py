"""
Reads: any of a few notes, and any of very many.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from .ours import twistd
from .over_http import Asked, Server, under_load
from .samples import DOCUMENT, NOTE, name_of
from .turn import Contender, Stage, Turn, by_program

SIZES = (1, 1_000, 1_000_000)
"""Notes there are."""

FEW, MANY = 100, 10_000
"""Documents there are."""

PAGE = 1000
"""Documents in a list at most."""

CLIENTS = 64

ANY = """\
request = function()
  return wrk.format(nil, nil, nil, '{"getNote": ' .. math.random(0, COUNT - 1) .. '}')
end
"""

EACH = """\
request = function()
  return wrk.format(nil, "/doc-" .. math.random(0, COUNT - 1) .. ".json")
end
"""


def write_notes(folder: Path, count: int) -> None:
    """Leave *count* notes in *folder*, as a person would who copies them there."""
    block = 10_000
    with (folder / "notes.txt").open("w") as file:
        for first in range(0, count, block):
            numbers = range(first, min(first + block, count))
            file.writelines(f"{NOTE} {number}\n" for number in numbers)


def write_documents(folder: Path, count: int) -> None:
    """Leave *count* documents in *folder*."""
    for number in range(count):
        (folder / name_of(number)).write_bytes(DOCUMENT)


def readers(filled: dict[int, Path]) -> list[Contender]:
    """Who reads notes: the folders are those of so many."""
    found = []
    for count, where in filled.items():
        title = f"{count:,}"
        direct, http = partial(_entry, where), partial(_get_note, where, count)
        found.append(Contender(f"store {count}", f"`entry`, {title}", title, direct))
        found.append(Contender(f"http {count}", f"HTTP, {title}", title, http))
    return found


def document_readers(filled: dict[int, Path]) -> list[Contender]:
    """Who reads and lists documents: the folders are those of so many."""
    found = []
    for count, where in filled.items():
        few = f"{count:,}"
        get = Asked("GET", f"/{name_of(0)}", each=EACH.replace("COUNT", str(count)))
        page = Asked("GET", f"/?limit={PAGE}")
        named = {
            f"get {count}": ("`GET` of any", partial(_writer, where, get)),
            f"list {count}": (f"list of {PAGE:,}", partial(_writer, where, page)),
            f"store {count}": ("the same, without HTTP", partial(_list, where)),
        }
        found += [Contender(n, title, few, run) for n, (title, run) in named.items()]
    return found


def _entry(where: Path, stage: Stage, clients: int) -> Turn:
    return by_program(stage, "direct", "entry", where, clients, stage.seconds, 0)


def _get_note(where: Path, count: int, stage: Stage, clients: int) -> Turn:
    lua = ANY.replace("COUNT", str(count))
    asked = Asked("POST", "/", b'{"getNote": 0}', each=lua)
    server = Server(lambda port, own: twistd("notes", port, where))
    return under_load(stage, server, asked, clients)


def _writer(where: Path, asked: Asked, stage: Stage, clients: int) -> Turn:
    server = Server(lambda port, own: twistd("writer", port, where, "--rest"))
    return under_load(stage, server, asked, clients)


def _list(where: Path, stage: Stage, clients: int) -> Turn:
    return by_program(stage, "direct", "list", where, clients, stage.seconds, 0)

"""
The pages of the course, in their order, and the code that they show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .harness import CHECKOUT

DOCS = CHECKOUT / "docs"
TUTORIAL = DOCS / "tutorial"

_toctree = re.compile(r"^```\{toctree\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_fence = re.compile(r"^(`{3,})([^\n]*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_comment = re.compile(r"<!--.*?-->", re.DOTALL)
_notes = re.compile(r"\n\n(?:\d+\. `[^`]+`(?:.|\n(?!\n))*\n{0,2})+")
_note = re.compile(r"^\d+\. `([^`]+)`", re.MULTILINE)
_option = re.compile(r"^:([\w-]+): ?(.*)$", re.MULTILINE)


def course_pages() -> list[Path]:
    """The pages, in the order in which the index lists them; the index is the first."""
    index = TUTORIAL / "index.md"
    names = [
        line
        for tree in _toctree.findall(index.read_text("utf-8"))
        for line in tree.splitlines()
        if line and not line.startswith(":")
    ]
    return [index, *(TUTORIAL / f"{name}.md" for name in names)]


@dataclass(frozen=True)
class Shown:
    """
    Code that a page shows.

    :ivar excerpt: what the reader sees.
    :ivar module: the whole file that it is from.
    """

    excerpt: str
    module: str
    path: Path


def shown_code(page: Path) -> Iterator[Shown]:
    """What *page* shows of Python, in its order: files, parts of files, examples."""
    for fence in _fence.finditer(page.read_text("utf-8")):
        if fence[2].startswith("{literalinclude}"):
            path = _path(page, fence)
            if path.suffix == ".py":
                yield Shown(_included(page, fence), path.read_text("utf-8"), path)
        elif fence[2] == "python":
            yield Shown(fence[3], fence[3], page)


def prose(page: Path, without_code: bool = True) -> str:
    """The text of *page* without its comments, and without its blocks of code."""
    text = _comment.sub("", page.read_text("utf-8"))
    return _fence.sub("", text) if without_code else text


def notes_with_code(page: Path) -> Iterator[tuple[str, list[str]]]:
    """
    Numbered notes of *page*, which stand right below the file that they are about: what
    is shown of it, and what of that each note quotes.
    """
    text = page.read_text("utf-8")
    for fence in _fence.finditer(text):
        notes = _notes.match(text, fence.end())
        if notes and fence[2].startswith("{literalinclude}"):
            yield _included(page, fence), _note.findall(notes[0])


def _path(page: Path, fence: re.Match[str]) -> Path:
    return (page.parent / fence[2].split()[1]).resolve()


def _included(page: Path, fence: re.Match[str]) -> str:
    return _excerpt(_path(page, fence).read_text("utf-8"), _options(fence[3]))


def _options(text: str) -> dict[str, str]:
    return dict(_option.findall(text))


def _excerpt(module: str, options: dict[str, str]) -> str:
    """What Sphinx shows of *module* with these *options*."""
    lines = module.splitlines(keepends=True)
    if name := options.get("pyobject"):
        return "".join(_object(lines, name))
    if text := options.get("start-at") or options.get("start-after"):
        at = _index(lines, text) + ("start-after" in options)
        lines = lines[at:]
    if text := options.get("end-at") or options.get("end-before"):
        lines = lines[: _index(lines, text) + ("end-at" in options)]
    return "".join(lines)


def _index(lines: list[str], text: str) -> int:
    text = text.strip('"')
    return next(number for number, line in enumerate(lines) if text in line)


def _object(lines: list[str], name: str) -> list[str]:
    """The class or function *name*, which begins in the first column."""
    start = re.compile(rf"(async def|def|class) {name}\b").match
    at = next(number for number, line in enumerate(lines) if start(line))
    end = at + 1
    # A signature of several lines ends with a parenthesis in the first column.
    while end < len(lines) and re.match(r"\s|\)", lines[end]):
        end += 1
    return lines[at:end]

"""
The lessons as the laboratory has them: the same resources, with stores in memory and
with files that come with the package.

``hello-secure`` is not among them: its lesson is TLS, of which nothing is left in
memory.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.web.resource import IResource

from dartio_tut.daemon import WatchedSite
from dartio_tut.resources import (
    Bench,
    Files,
    HostPages,
    Laboratory,
    Preset,
    RestDocuments,
    RestNotes,
    Tree,
)
from dartio_tut.store import MemoryDocuments, MemoryNotes

from .basic_file import BasicFile
from .hello import Hello
from .lessons import LESSONS, Lesson
from .mini_file import MiniFile
from .notes import Notes
from .pages import PAGES
from .pages import Options as Pages
from .thinker import Thinker
from .writer import Writer

INDEX = Path(PAGES, "index.html")

PAGES_PORT = Pages.default_port

PRESETS_FILE = "presets.toml"


def usual_url(lesson: Lesson) -> str:
    """Where *lesson* listens unless told otherwise."""
    return f"http://localhost:{lesson.port}"


def laboratory(url_of: Callable[[Lesson], str] = usual_url) -> Laboratory:
    """
    A laboratory for the lessons.

    :param url_of: says where a lesson is to be reached: scheme, host and port.
    """
    presets = _presets()
    benches = [
        Bench(
            lesson.name,
            lesson.summary,
            partial(url_of, lesson),
            presets[lesson.name],
            TREES[lesson.name],
        )
        for lesson in LESSONS
        if lesson.name in TREES
    ]
    return Laboratory(benches, WatchedSite)


def _thinker() -> Tree:
    documents = MemoryDocuments()
    return Tree(Thinker(documents=documents), documents=documents)


def _notes() -> Tree:
    """With ``--rest``, so that there is more to try."""
    log = MemoryNotes()
    return Tree(RestNotes(log, Notes(log)), notes=log)


def _writer() -> Tree:
    """With ``--rest``, so that there is more to try."""
    documents = MemoryDocuments()
    writer = Writer(documents)
    return Tree(RestDocuments(documents, writer), documents=documents)


def _files(**options: Any) -> IResource:
    """The packaged folder; what takes a while is done at once."""
    return Files(PAGES, run=maybeDeferred, **options)


TREES: dict[str, Callable[[], Tree]] = {
    "hello": lambda: Tree(Hello()),
    "thinker": _thinker,
    "notes": _notes,
    "mini-file": lambda: Tree(MiniFile(INDEX)),
    "basic-file": lambda: Tree(BasicFile(INDEX)),
    "static": lambda: Tree(_files(listing=True, index=["default.html"])),
    "writer": _writer,
    "pages": lambda: Tree(HostPages(_files(), PAGES, PAGES_PORT)),
}
"""What makes the resources of each lesson, by its name."""


@cache
def _presets() -> dict[str, list[Preset]]:
    """The presets of each lesson, by its name."""
    text = resources.files(__package__).joinpath(PRESETS_FILE).read_text("utf-8")
    found: dict[str, list[Preset]] = {}
    for entry in tomllib.loads(text)["preset"]:
        raw = entry["raw"].replace("\n", "\r\n")
        preset = Preset(entry["title"], raw, entry["expect"])
        found.setdefault(entry["server"], []).append(preset)
    return found

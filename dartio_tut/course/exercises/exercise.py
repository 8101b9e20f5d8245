"""
What is packaged of an exercise.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Mistake:
    """
    A wrong attempt: the solution with some of its text replaced.

    :ivar what: what is wrong, for people.
    :ivar says: a part of the message that only this mistake gets.
    """

    what: str
    replace: str
    by: str
    says: str


@dataclass(frozen=True)
class Exercise:
    """
    One exercise.

    :ivar lesson: the page of the tutorial that it belongs to.
    :ivar try_it: what to type to see one's own file at work.
    :ivar start_says: a part of the message that the start gets.
    """

    number: int
    folder: Path
    title: str
    lesson: str
    task: str
    try_it: str
    hint: str
    start_says: str
    mistakes: tuple[Mistake, ...]

    @property
    def file_name(self) -> str:
        """The name of the reader's file."""
        return f"{self.folder.name}.py"

    @property
    def start(self) -> str:
        """The source that a reader begins with."""
        return (self.folder / "start.py").read_text("utf-8")

    @property
    def solution(self) -> str:
        """The source of a file that passes."""
        return (self.folder / "solution.py").read_text("utf-8")

    def mistaken(self, mistake: Mistake) -> str:
        """The source of a reader who has made *mistake*."""
        return self.solution.replace(mistake.replace, mistake.by)


@cache
def read_exercises() -> Mapping[int, Exercise]:
    """All exercises by their numbers, in order."""
    files = sorted(FOLDER.glob("[0-9][0-9]_*/exercise.toml"))
    return {exercise.number: exercise for exercise in map(_read, files)}


def _read(file: Path) -> Exercise:
    folder, facts = file.parent, tomllib.loads(file.read_text("utf-8"))
    mistakes = tuple(Mistake(**mistake) for mistake in facts.pop("mistakes"))
    texts = {name: " ".join(str(value).split()) for name, value in facts.items()}
    texts["try_it"] = facts["try_it"].strip()
    return Exercise(int(folder.name[:2]), folder=folder, mistakes=mistakes, **texts)

"""
What ``dartio learn`` prints.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from textwrap import fill, indent

from dartio_tut.course import Exercise, Verdict

from ..terminal import print_text
from .progress import Progress

COLUMNS = 78
"""The width of the texts: every terminal has it."""

MARGIN = "  "


def print_list(exercises: Iterable[Exercise], progress: Progress) -> None:
    """A line for each exercise: number, lesson, title, and whether it is solved."""
    exercises = list(exercises)
    width = max(len(exercise.lesson) for exercise in exercises)
    for exercise in exercises:
        mark = "solved" if exercise.number in progress.solved else ""
        line = f"{exercise.number:2} {mark:6}  {exercise.lesson:{width}}"
        print(f"{line}  {exercise.title}")
    solved = sum(exercise.number in progress.solved for exercise in exercises)
    print(f"{solved} of {len(exercises)} solved. Begin one: dartio learn start N")


def print_task(exercise: Exercise, path: Path) -> None:
    """What to do, and how to go on."""
    print(f"Exercise {exercise.number}: {exercise.title}\n")
    print(fill(exercise.task, COLUMNS))
    print(f"\nYour file: {path}\nTry it:")
    print(indent(exercise.try_it, MARGIN))
    print(f"Check it:\n{MARGIN}dartio learn check {exercise.number}")


def print_hint(exercise: Exercise) -> None:
    """What helps, without the solution."""
    print(fill(exercise.hint, COLUMNS))


def print_verdict(exercise: Exercise, verdict: Verdict) -> None:
    """Whether the exercise is solved; if not, why."""
    if verdict.solved:
        print(f"Exercise {exercise.number} is solved: {exercise.title}.")
        return
    for label, said in verdict.facts:
        print_text(f"{label}:")
        for line in said.splitlines():
            print_text(indent(_filled(line), MARGIN))


def _filled(text: str) -> str:
    """*text* in lines of a terminal; paths and URLs stay whole."""
    width = COLUMNS - len(MARGIN)
    return fill(text, width, break_long_words=False, break_on_hyphens=False)

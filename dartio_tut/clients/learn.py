"""
Exercises: lists those of the course, hands out the file to begin with, and checks what
a reader has made of it.

    $ dartio learn
    $ dartio learn start 1
    $ dartio learn check 1
"""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

from dartio_tut.course import Exercise, read_exercises

from .arguments import parse_positive_seconds
from .command import ClientError, run_alone
from .learning import (
    Progress,
    check,
    print_hint,
    print_list,
    print_task,
    print_verdict,
    start,
)

LIMIT_SECONDS = 10.0
"""No test takes a second, on a slow machine neither."""


def add_arguments(parser: ArgumentParser) -> None:
    """Tell *parser* what this client understands."""
    parser.set_defaults(action=show_list)
    commands = parser.add_subparsers(metavar="ACTION")

    def add(name: str, action: Any, summary: str) -> ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(action=action)
        if action is not show_list:
            command.add_argument("exercise", type=parse_number, metavar="N")
        return command

    add("list", show_list, "list the exercises; the same without an action")
    starting = add("start", begin, "copy the file that an exercise begins with")
    starting.add_argument(
        "--into", type=Path, default=Path(), metavar="DIR", help="to there, not here"
    )
    checking = add("check", examine, "test your file, and say what is not right yet")
    checking.add_argument(
        "file", type=Path, nargs="?", help="default: where `start` has put it"
    )
    checking.add_argument(
        "--limit",
        type=parse_positive_seconds,
        default=LIMIT_SECONDS,
        metavar="SECONDS",
        help="give up when the test has not ended by then (default: %(default)s)",
    )
    add("hint", show_hint, "show a hint")
    add("solution", show_solution, "show a solution")


NUMBER = re.compile("[0-9]{1,9}")
"""A number of an exercise: int() does not take any number of digits."""

SHOWN_CHARACTERS = 60
"""How much of a wrong number is quoted: less than a line of a terminal."""


def parse_number(text: str) -> Exercise:
    """The exercise with the number *text*."""
    exercises = read_exercises()
    number = int(text) if NUMBER.fullmatch(text) else 0
    if number not in exercises:
        raise ArgumentTypeError(
            f"there is no exercise {text[:SHOWN_CHARACTERS]!r}: "
            f"they are 1 to {max(exercises)}"
        )
    return exercises[number]


async def main(reactor: Any, arguments: Namespace) -> None:
    """Do what the command line says."""
    await arguments.action(reactor, arguments)


async def show_list(reactor: Any, arguments: Namespace) -> None:
    """Print the number, the title and the lesson of each exercise."""
    print_list(read_exercises().values(), Progress.read())


async def begin(reactor: Any, arguments: Namespace) -> None:
    """Copy the start of the exercise, and print its task."""
    progress = Progress.read()
    path = start(arguments.exercise, arguments.into)
    print_task(arguments.exercise, path)
    progress.note_start(arguments.exercise.number, path)


async def examine(reactor: Any, arguments: Namespace) -> None:
    """Check the reader's file, and print the verdict."""
    exercise, progress = arguments.exercise, Progress.read()
    path = arguments.file or progress.path_of(exercise)
    verdict = await check(reactor, exercise, path, arguments.limit)
    print_verdict(exercise, verdict)
    if not verdict.solved:
        more = f"dartio learn hint {exercise.number}"
        raise ClientError(f"exercise {exercise.number} is not solved yet; see {more}")
    progress.note_solved(exercise.number)


async def show_hint(reactor: Any, arguments: Namespace) -> None:
    """Print the hint of the exercise."""
    print_hint(arguments.exercise)


async def show_solution(reactor: Any, arguments: Namespace) -> None:
    """Print a file that passes."""
    print(arguments.exercise.solution, end="")


if __name__ == "__main__":
    run_alone(sys.modules[__name__])

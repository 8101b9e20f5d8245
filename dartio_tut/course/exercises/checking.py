"""
Runs the test of an exercise on a reader's file, in this process.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

from twisted.internet.defer import FirstError
from twisted.internet.error import ReactorNotRunning
from twisted.python.failure import Failure
from twisted.trial.reporter import TestResult

from ..running import ServedTooSoonError, nothing_served
from .case import ExerciseCase, Failed
from .exercise import Exercise
from .reader_file import MissingNameError, ReaderFile, UnreadableError
from .teaching import TeachingFailure
from .verdict import Verdict

ADVICE: dict[type[BaseException], str] = {
    ReactorNotRunning: "The test needs no reactor, and your file must not stop it.",
    ModuleNotFoundError: "Is it installed in the same .venv as dartio?",
    ServedTooSoonError: "Put `run(...)` at the end, below `if __name__ == "
    '"__main__":`: then the file serves only when you run it.',
    SystemExit: "A server must go on: respond, rather than end the program.",
}
"""What helps against some exceptions."""


def check(exercise: Exercise, path: Path) -> Verdict:
    """The verdict on the file at *path*; whatever the file raises is in it."""
    reader = ReaderFile(path)
    return check_loaded(exercise, reader)


def check_loaded(exercise: Exercise, reader: ReaderFile) -> Verdict:
    """The verdict on *reader*, which nobody has run yet."""
    with nothing_served():
        return _verdict(exercise, reader)


def _verdict(exercise: Exercise, reader: ReaderFile) -> Verdict:
    try:
        reader.load()
    except SyntaxError as error:
        return _not_python(reader, error)
    except UnreadableError as error:
        return Verdict(False, (("Your file cannot be read", str(error)),))
    except BaseException:  # noqa: BLE001  (SystemExit, too, is the reader's)
        return _raised(reader, Failure())
    for test in _tests(exercise, reader):
        result = TestResult()
        test.run(result)
        for _, failure in [*result.failures, *result.errors]:
            return _failed(reader, failure)
    return Verdict(True)


def _tests(exercise: Exercise, reader: ReaderFile) -> Iterator[ExerciseCase]:
    """The tests, in the order in which they are written: easy ones come first."""
    path = exercise.folder / "check.py"
    names: dict[str, Any] = {"__name__": "check", "__file__": str(path)}
    exec(_code(path), names)  # noqa: S102  (it is ours)
    for case in list(names.values()):
        if _is_case(case):
            case.reader = reader
            for name in vars(case):
                if name.startswith("test_"):
                    yield case(name)


@cache
def _code(path: Path) -> CodeType:
    return compile(path.read_bytes(), str(path), "exec", dont_inherit=True)


def _is_case(found: Any) -> bool:
    return (
        isinstance(found, type)
        and issubclass(found, ExerciseCase)
        and found is not ExerciseCase
    )


def _failed(reader: ReaderFile, failure: Any) -> Verdict:
    """What *failure*, of a test, tells the reader."""
    if isinstance(failure.value, Failed):
        failure = failure.value.failure
    error = failure.value
    if isinstance(error, TeachingFailure):  # also from a server that a test plays
        return Verdict(False, error.facts)
    if isinstance(error, MissingNameError):
        wanted = f"{error.name}, by this name: the test uses it"
        return Verdict(False, (("This is not in your file", wanted),))
    return _raised(reader, failure)


def _not_python(reader: ReaderFile, error: SyntaxError) -> Verdict:
    where = reader.shown_line(error.lineno)
    return Verdict(False, (("This is no Python", where), ("Python says", error.msg)))


def _text_of(error: BaseException) -> str:
    """What *error* says, whose class may be the reader's."""
    try:
        return str(error)
    except BaseException as other:  # noqa: BLE001  (SystemExit, too, is the reader's)
        return f"it cannot be shown, since its __str__ raises {type(other).__name__}"


def _raised(reader: ReaderFile, failure: Any) -> Verdict:
    """What is said of an exception in the reader's code."""
    if isinstance(failure.value, FirstError):  # of gatherResults
        failure = failure.value.subFailure
    error = failure.value
    line = reader.line_of(failure.getTracebackObject())
    name = type(error).__name__
    text = _text_of(error)
    said = f"{name}: {text}" if text else name
    facts = [("Your file raised an exception", reader.shown_line(line))]
    facts.append(("The exception", said))
    for kind, advice in ADVICE.items():
        if isinstance(error, kind):
            facts.append(("What to do", advice))
    return Verdict(False, tuple(facts))

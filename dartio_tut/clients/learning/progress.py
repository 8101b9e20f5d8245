"""
What a reader has begun and solved: a small file in the reader's data folder.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from dartio_tut.course import Exercise
from dartio_tut.store import read_regular_file

from ..errors import ClientError

MAX_FILE_BYTES = 1024 * 1024
"""Far more than the paths of all exercises need."""


class Progress:
    """
    The content of the file at *path*.

    :ivar solved: the numbers of the exercises that have been solved once.
    """

    def __init__(self, path: Path, files: dict[int, str], solved: set[int]) -> None:
        self.solved = solved
        self._path = path
        self._files = files

    @classmethod
    def read(cls, path: Path | None = None) -> Progress:
        """
        The progress that is kept at *path*; none where nothing is kept.

        :raises ClientError: the file cannot be read, or somebody else has written it.
        """
        path = path or user_data_path("dartio_tut") / "learn.json"
        try:
            return cls(path, *_parse(read_regular_file(str(path), MAX_FILE_BYTES)))
        except (FileNotFoundError, NotADirectoryError):
            return cls(path, {}, set())
        except OSError as error:
            raise ClientError(f"cannot read {path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ClientError(
                f"{path} is not what dartio learn has written: remove it, and the"
                " exercises count as unsolved"
            ) from None

    def note_start(self, number: int, path: Path) -> None:
        """Keep where the file of an exercise is."""
        with self._alone():
            self._read_again()
            self._files[number] = str(path)
            self._write()

    def note_solved(self, number: int) -> None:
        """Keep that an exercise is solved."""
        with self._alone():
            self._read_again()
            if number not in self.solved:
                self.solved.add(number)
                self._write()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While this lasts, no other `dartio learn` changes the file."""
        folder = self._path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise ClientError(f"cannot write {self._path}: {error.strerror}") from None
        try:
            with suppress(OSError):  # some file systems have no locks
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _read_again(self) -> None:
        """Take in what was kept from another terminal while a test was running here."""
        now = Progress.read(self._path)
        self.solved |= now.solved
        self._files |= now._files

    def path_of(self, exercise: Exercise) -> Path:
        """
        The reader's file: the one in the current folder, or else where it was begun.
        """
        here = Path(exercise.file_name)
        begun = self._files.get(exercise.number)
        return here if here.exists() or begun is None else Path(begun)

    def _write(self) -> None:
        kept = {"files": self._files, "solved": sorted(self.solved)}
        beside = self._path.with_suffix(f".{os.getpid()}")
        try:
            beside.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
            beside.replace(self._path)
        except OSError as error:
            with suppress(OSError):
                beside.unlink()
            raise ClientError(f"cannot write {self._path}: {error.strerror}") from None


def _parse(content: bytes) -> tuple[dict[int, str], set[int]]:
    """
    What the *content* of the file says: where files are, and what is solved.

    :raise ValueError: (or another of what :meth:`Progress.read` expects) if it says
        anything else.
    """
    kept: Any = json.loads(content)
    files = {int(number): file for number, file in kept["files"].items()}
    for file in files.values():
        if not file or b"\0" in os.fsencode(file):
            raise ValueError(f"{file!r} is no path")
    if not all(type(number) is int for number in kept["solved"]):
        raise ValueError("no numbers")
    return files, set(kept["solved"])

"""
The files that exercises hand out and print are typed as strictly as all others.

`make check` cannot read them where they are: names that begin with a number are no
packages, and all of them have the same names. So mypy reads copies.
"""

from __future__ import annotations

import subprocess
import sys

from dartio_tut.course import read_exercises

from .support.harness import CHECKOUT, Case

AS_READERS_WRITE = ("--no-warn-return-any", "--disable-error-code=union-attr")
"""
What a reader is not asked for: treq has no types, so whatever it returns may be
anything; and Twisted says that the content of a request is None, before there is one.
"""


class TypeTests(Case):
    """What mypy says of the files."""

    def test_starts_and_solutions_are_strictly_typed(self) -> None:
        for exercise in read_exercises().values():
            for kind in ("start", "solution"):
                path = self.here / f"exercise_{exercise.number}_{kind}.py"
                path.write_text(getattr(exercise, kind))
        self.assertEqual(self.said_of_files(), "")

    def test_a_file_without_types_is_noticed(self) -> None:
        self.here.joinpath("exercise.py").write_text(
            "def greet(name):\n    return name\n"
        )
        self.assertIn("missing a type annotation", self.said_of_files())

    def said_of_files(self) -> str:
        """What mypy finds in the files of this folder."""
        options = ("--config-file", str(CHECKOUT / "setup.cfg"), "--no-error-summary")
        ended = subprocess.run(
            [sys.executable, "-m", "mypy", *options, *AS_READERS_WRITE]
            + [str(path) for path in self.here.glob("*.py")],
            cwd=self.here,
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.stdout + ended.stderr

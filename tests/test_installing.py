"""
Installing as docs/operations.md says, word for word, and by ``make``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SkipTest

from .support.clones import copy_clone
from .support.command_blocks import command_blocks, replaced_in, run_block
from .support.harness import CHECKOUT, PATIENCE, Case, ask, environment

PAGE = CHECKOUT / "docs" / "operations.md"

EXTRAS = {"libpass", "prometheus_client", "psycopg", "segno", "ngh2", "sphinx", "ruff"}
"""What only those install who ask for it."""


class InstallingTests(Case):
    """The section *Installing*."""

    def test_wheel_of_a_clone_serves_and_takes_an_extra_afterwards(self) -> None:
        clone, target = self.folder / "clone", self.folder / "opt"
        copy_clone(clone)
        install, extra = command_blocks(PAGE, "Installing")
        place = {"/opt/dartio-tut": str(target)}
        run_block(replaced_in(install, place), clone, self.home)
        self.assertEqual(EXTRAS & self.installed(target), set())
        shutil.rmtree(clone)  # the installed package needs it no more
        twistd = str(target / "bin" / "twistd")
        daemon = self.started(twistd, "-n", "--pidfile=", "hello", "--port", "0")
        self.addCleanup(daemon.stop)
        self.assertEqual(ask(daemon.ready()).body, b"Hello, world!")
        run_block(replaced_in(extra, place), self.here, self.home)
        line = ("hello", "--metrics", "tcp:0", "--check")
        checked = self.started(twistd, "-n", *line)
        self.assertEqual(checked.ended(), 0, checked.output())
        self.assertIn("all is in order", checked.output())

    def installed(self, environment: Path) -> set[str]:
        """The names of what is installed in *environment*."""
        found = [*environment.glob("lib/python3*/site-packages/*.dist-info")]
        self.assertTrue(found)
        return {folder.name.partition("-")[0].lower() for folder in found}


class MakeTests(Case):
    """What ``make`` does with an environment that does not work."""

    def setUp(self) -> None:
        super().setUp()
        self.make = shutil.which("make")
        if self.make is None:
            raise SkipTest("NOT TESTED: make run; there is no make here")
        self.clone = self.here / "it's (a) clone, $1"
        self.clone.mkdir()
        shutil.copy(CHECKOUT / "Makefile", self.clone)
        self.sources()

    def sources(self) -> None:
        """What the wheel is made of, which is older than what ``make`` has made."""
        for name in ("dartio_tut", "twisted"):
            (self.clone / name).mkdir()
        for name in ("setup.cfg", "pyproject.toml", "README.md"):
            (self.clone / name).touch()

    def made(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``make`` with *words* in the clone."""
        return subprocess.run(
            [str(self.make), *words],
            cwd=self.clone,
            env=environment(self.home),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def test_an_old_python_is_told_and_nothing_is_made_with_it(self) -> None:
        old = self.here / "old"
        program = "import sys; sys.version_info = (3, 9, 2); exec(sys.argv[1])"
        old.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{program}' \"$2\"\n")
        old.chmod(0o755)
        ended = self.made("run", f"PYTHON={old}")
        self.assertEqual(ended.returncode, 2)
        said = f"{old} is Python 3.9, and 3.11 or later is needed."
        self.assertTrue(ended.stderr.startswith(said), ended.stderr)
        self.assertFalse((self.clone / ".venv").exists())

    def test_what_editors_and_people_leave_is_no_source(self) -> None:
        folder = self.clone / "dartio_tut"
        for name in ("hello.py", "hello copy.py", "a:b", "x#y.py", "50%.py", "$1.py"):
            (folder / name).touch()
        (folder / ".#hello.py").symlink_to("user@host.1:2")
        ended = self.made("-n", "-p", ".venv/.installed")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        (line,) = re.findall("(?m)^SOURCES :?= (.*)$", ended.stdout)
        sources = ["dartio_tut", "dartio_tut/hello.py", "twisted"]
        others = ["setup.cfg", "pyproject.toml", "README.md"]
        self.assertEqual(line.split(), sources + others)

    def test_in_a_folder_that_was_moved_another_one_is_made(self) -> None:
        made = self.clone / ".venv"
        made.mkdir()
        (made / ".installed").touch()
        for folder, is_made in ((self.clone, False), (self.here / "before", True)):
            (made / ".created").write_text(f"{folder.resolve()}\n")
            os.utime(made / ".created", (0, 0))
            said = self.made("-n", ".venv/.installed").stdout
            self.assertEqual("-m venv --clear .venv" in said, is_made, said)

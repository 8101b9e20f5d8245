"""
``dartio new``: the package that it makes works at once, in its folder and from a wheel.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any
from unittest import TestResult

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from .support.clones import copy_clone
from .support.course_pages import TUTORIAL, shown_code
from .support.harness import BIN, CHECKOUT, Case, Daemon, ask, environment
from .support.privileges import MODES_APPLY

PAGE = TUTORIAL / "your_own.md"

TWISTD = "from twisted.scripts.twistd import run; run()"

TRIAL = "from twisted.scripts.trial import run; run()"

PASSED = "PASSED (successes=7)"


def commands(page: Path, begin: str = "", section: str = "") -> list[str]:
    """The lines of the blocks ``sh`` of *page*, or of its *section*, that begin so."""
    text = page.read_text()
    if section:
        text = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).splitlines()
    return [line for line in lines if line.startswith(begin)]


class NewTests(Case):
    """A package of one's own."""

    def setUp(self) -> None:
        super().setUp()
        said, _ = self.run_program("dartio", "new", "greeter")
        self.assertIn("Made greeter.", said)
        self.folder = self.here / "greeter"

    def run_python(self, python: str, *line: str, cwd: Path, path: str = "") -> str:
        """Run *python* to its end; what it says."""
        ended = subprocess.run(
            [python, *line],
            cwd=cwd,
            env=environment(self.home) | ({"PYTHONPATH": path} if path else {}),
            capture_output=True,
            text=True,
            check=False,
        )
        said = ended.stdout + ended.stderr
        self.assertEqual(ended.returncode, 0, said)
        return said

    def serve_with(self, *runner: str) -> Daemon:
        """Serve it with *runner*, which is twistd."""
        line = (*runner, "-n", "--pidfile=", "greeter", "--port", "0")
        daemon = self.started(*line).ready()
        self.addCleanup(daemon.stop)
        return daemon

    def make_wheels(self) -> Path:
        """Do what its README says: make two wheels; the folder that they are in."""
        (line,) = commands(self.folder / "README.md", "pip wheel ")
        options, folders = line.split(" --wheel-dir ")
        offline = ("--no-index", "--no-build-isolation", "--quiet")
        clone = self.home / "dartio_tut"
        copy_clone(clone)
        words = folders.replace("~", str(self.home)).split()
        self.run_python(
            sys.executable,
            *("-m", *options.split(), *offline, "--wheel-dir", *words),
            cwd=self.folder,
        )
        return self.folder / words[0]

    def make_environment(self, wheels: Path) -> str:
        """
        A virtual environment in which what README says is installed, from the folder
        *wheels*; its Python.
        """
        (line,) = commands(self.folder / "README.md", "/opt/greeter/bin/pip install ")
        where = self.here / "environment"
        self.run_python(
            sys.executable, "-m", "venv", "--without-pip", str(where), cwd=self.here
        )
        python = str(where / "bin" / "python")
        options = ("--no-deps", "--no-index", "--quiet")
        self.run_python(
            sys.executable,
            *("-m", "pip", "--python", python, "install", *options, *line.split()[2:]),
            cwd=wheels,
        )
        (packages,) = where.glob("lib/*/site-packages")
        # What it depends on is what is tested here, and no network is needed.
        ours = sysconfig.get_path("purelib")
        (packages / "dependencies.pth").write_text(f"{ours}\n")
        return python

    def test_its_tests_pass_in_its_folder_and_it_serves(self) -> None:
        trial = str(BIN / "trial")
        said = self.run_python(trial, "greeter", cwd=self.folder, path=".")
        self.assertIn(PASSED, said)
        env = shutil.which("env") or "env"
        runner = (env, f"PYTHONPATH={self.folder}", str(BIN / "twistd"))
        daemon = self.serve_with(*runner)
        self.assertEqual(ask(daemon, target="/?name=Leia").body, b"Hello, Leia!\n")

    def test_a_change_that_is_wrong_fails_its_tests(self) -> None:
        server = self.folder / "greeter" / "server.py"
        server.write_text(server.read_text().replace("Hello, ", "Goodbye, "))
        with self.assertRaisesRegex(self.failureException, "Goodbye, world!"):
            self.run_python(str(BIN / "trial"), "greeter", cwd=self.folder, path=".")

    def test_its_wheel_is_tested_and_serves_in_an_environment_of_its_own(self) -> None:
        python = self.make_environment(self.make_wheels())
        shutil.rmtree(self.folder)
        said = self.run_python(python, "-c", TRIAL, "greeter", cwd=self.here)
        self.assertIn(PASSED, said)
        for package in ("greeter", "dartio_tut"):
            code = f"import {package}; print({package}.__file__)"
            where = self.run_python(python, "-c", code, cwd=self.here)
            self.assertTrue(where.startswith(str(self.here / "environment")), where)
        daemon = self.serve_with(python, "-c", TWISTD)
        response = ask(daemon, target="/?name=Leia")
        self.assertEqual((response.code, response.body), (200, b"Hello, Leia!\n"))
        self.assertEqual(ask(daemon, "HEAD").fields["content-length"], "14")

    def test_a_folder_that_is_there_or_read_only_gives_one_line(self) -> None:
        _, error = self.run_program("dartio", "new", "greeter", code=1)
        self.assertEqual(
            error,
            "dartio: cannot make greeter: it is there already. Choose another name, "
            "or remove it\n",
        )
        line: tuple[str, ...] = ("dartio", "new", "other")
        if os.geteuid() == 0:
            program = shutil.which(MODES_APPLY[0])
            if program is None:
                raise SkipTest(
                    "NOT TESTED: a folder that is read-only; no setpriv here"
                )
            line = (program, *MODES_APPLY[1:], str(BIN / "dartio"), *line[1:])
        closed = self.here / "closed"
        closed.mkdir()
        self.here.chmod(0o500)
        self.addCleanup(self.here.chmod, 0o700)
        _, error = self.run_program(*line, code=1)
        self.assertEqual(error, "dartio: cannot make other: Permission denied\n")
        closed.chmod(0)  # nobody can see what is in it, either
        self.addCleanup(closed.chmod, 0o700)
        _, error = self.run_program(*line, "--in", str(closed), code=1)
        made = closed / "other"
        self.assertEqual(error, f"dartio: cannot make {made}: Permission denied\n")

    def test_a_name_that_cannot_be_is_refused_before_anything_is_made(self) -> None:
        for name, said in (
            ("my-server", "as in 'my_server'"),
            ("class", "keyword of Python"),
            ("json", "standard library"),
        ):
            _, error = self.run_program("dartio", "new", name, code=2)
            self.assertIn(said, error)
        self.assertEqual(
            sorted(p.name for p in self.here.iterdir() if p != self.home), ["greeter"]
        )


class PageTests(SynchronousTestCase):
    """The page on a server of one's own."""

    def test_it_deploys_as_the_package_itself_says(self) -> None:
        template = CHECKOUT / "dartio_tut" / "course" / "your_own" / "README.md"
        said = commands(template, section="Deploy it")[1:]
        self.assertEqual(commands(PAGE, section="Deploy it"), said)

    def test_its_example_passes_and_can_fail(self) -> None:
        (code,) = [s.module for s in shown_code(PAGE) if s.path == PAGE]
        for text, is_right in (
            (code, True),
            (code.replace("wait(1)", "wait(0.5)"), False),
        ):
            names: dict[str, Any] = {"__name__": "example"}
            exec(compile(text, "example.py", "exec"), names)
            result = TestResult()
            names["SlowTests"]("test_answers_after_three_seconds").run(result)
            self.assertEqual(result.wasSuccessful(), is_right)
            self.assertEqual(result.errors, [])


class UnitTests(Case):
    """Its unit for systemd."""

    def setUp(self) -> None:
        super().setUp()
        self.run_program("dartio", "new", "greeter")
        self.unit = self.here / "greeter" / "deploy" / "greeter.service"

    def test_it_is_as_strict_as_that_of_our_servers(self) -> None:
        ours = (CHECKOUT / "deploy" / "dartio@.service").read_text()
        for of_ours, of_its in (
            ("user for each server; its data below /var/lib/dartio/NAME", "user"),
            ("dartio-%i", "greeter"),
            ("dartio/%i", "greeter"),
        ):
            ours = ours.replace(of_ours, of_its)
        start = "Restart=on-failure"
        its = self.unit.read_text().replace(
            "user of its own; its data below /var/lib/greeter", "user"
        )
        self.assertEqual(its[its.index(start) :], ours[ours.index(start) :])

    def test_systemd_finds_no_fault(self) -> None:
        if not shutil.which("systemd-analyze"):
            raise SkipTest("NOT TESTED: no systemd-analyze here")
        text = self.unit.read_text()
        self.assertIn("ExecStart=/opt/greeter/bin/twistd -n --pidfile= greeter ", text)
        self.unit.write_text(text.replace("/opt/greeter/bin", str(BIN)))
        ended = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(self.unit)],
            capture_output=True,
            text=True,
            check=False,
        )
        said = [line for line in ended.stderr.splitlines() if "greeter" in line]
        self.assertEqual((ended.returncode, said), (0, []), ended.stderr)

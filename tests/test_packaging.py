"""
What the wheel holds, and that it is what is tested.
"""

from __future__ import annotations

import subprocess
from configparser import ConfigParser

from dartio_tut.servers.lessons import LESSONS

from .support.harness import BIN, CHECKOUT, Case, environment

SUFFIXES = {".css", ".html", ".js", ".json", ".py", ".typed"}
"""Of the files that the package is made of; the rest are byte code and caches."""


class PackagingTests(Case):
    """The installed package."""

    def python(self, code: str) -> str:
        return subprocess.run(
            [str(BIN / "python"), "-c", code],
            cwd=self.here,
            env=environment(self.home),
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    def installed_files(self) -> list[str]:
        """The files of the installed wheel, without byte code."""
        return self.python(
            "from importlib.metadata import files;"
            "print(*[f for f in files('dartio-tut') if 'pycache' not in str(f)])"
        ).split()

    def test_code_is_the_wheels_not_the_checkouts(self) -> None:
        where = self.python("import dartio_tut; print(dartio_tut.__file__)")
        self.assertFalse(where.startswith(str(CHECKOUT / "dartio_tut")), where)

    def test_wheel_holds_every_file_of_the_package(self) -> None:
        installed = set(self.installed_files())
        for folder in ("dartio_tut", "twisted"):
            for path in (CHECKOUT / folder).rglob("*"):
                name = str(path.relative_to(CHECKOUT))
                if path.suffix in SUFFIXES:
                    self.assertIn(name, installed)

    def test_wheel_holds_nothing_but_the_package(self) -> None:
        for name in self.installed_files():
            self.assertRegex(
                name,
                r"^(dartio_tut/|twisted/plugins/dartio_tut_\w+\.py$"
                r"|dartio_tut-[\d.]+\.dist-info/|(\.\./)+bin/dartio$)",
            )

    def test_server_imports_only_what_it_needs(self) -> None:
        loaded = self.python(
            "import sys\n"
            "from twisted.plugin import getPlugins\n"
            "from twisted.application.service import IServiceMaker\n"
            "list(getPlugins(IServiceMaker))\n"
            "ours = {m for m in sys.modules if m.startswith('dartio_tut')}\n"
            "light = ('lessons', 'held_signals', 'server_plugin')\n"
            "allowed = {f'dartio_tut.servers.{name}' for name in light}\n"
            "assert ours <= {'dartio_tut', 'dartio_tut.servers', *allowed}, ours\n"
            "import dartio_tut.servers.hello\n"
            "print(*[m for m in ('treq', 'sqlite3', 'passlib', 'psycopg',"
            " 'dartio_tut.servers.notes', 'dartio_tut.store.postgresql.open_database',"
            " 'dartio_tut.clients') if m in sys.modules])"
        )
        self.assertEqual(loaded, "")

    def test_wall_between_lessons_names_each_of_them(self) -> None:
        settings = ConfigParser()
        settings.read(CHECKOUT / "setup.cfg")
        named = settings["importlinter:contract:lessons"]["modules"].split()
        self.assertEqual(sorted(named), sorted(lesson.module for lesson in LESSONS))

"""
`dartio_tut.test.support.cheap_runs`: trial's tests see what they would see without it.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from twisted.application.service import IServiceMaker
from twisted.plugin import getPlugins
from twisted.python import usage
from twisted.trial import _synctest
from twisted.trial.unittest import SynchronousTestCase

from twisted import plugin, plugins

from .support import cheap_runs
from .support.cheap_runs import ForgottenWarnings, RememberedKinds, work_in_memory


class WarningsTests(SynchronousTestCase):
    """Modules forget which warnings they have caused."""

    def test_it_is_at_work(self) -> None:
        self.assertIsInstance(_synctest._setWarningRegistryToNone, ForgottenWarnings)

    def test_each_module_forgets_once(self) -> None:
        asked: list[list[str]] = []
        forgotten = ForgottenWarnings(lambda modules: asked.append([*modules]))
        modules = {name: ModuleType(name) for name in ("a", "b")}
        forgotten(modules)
        forgotten(modules)
        modules["c"] = ModuleType("c")
        forgotten(modules)
        del modules["c"]
        modules["d"], modules["a"] = ModuleType("d"), ModuleType("a")
        forgotten(modules)
        self.assertEqual(asked, [["a", "b"], ["c"], ["a", "d"]])


class KindsTests(SynchronousTestCase):
    """What an option's method takes."""

    def opt_flag(self) -> None:
        """Takes nothing."""

    def opt_value(self, value: str) -> None:
        """Takes a text."""

    def opt_wrong(self, value: str, other: str) -> None:
        """Takes what no option can."""

    def test_it_is_at_work(self) -> None:
        self.assertIsInstance(usage.flagFunction, RememberedKinds)

    def test_each_function_is_looked_at_once_and_told_as_it_is(self) -> None:
        asked: list[object] = []
        kinds: Any = usage.flagFunction
        look = kinds._look

        def looking(method: Any, name: str | None) -> bool:
            asked.append(method)
            return bool(look(method, name))

        kinds = RememberedKinds(looking)
        for _ in range(2):
            self.assertTrue(kinds(self.opt_flag, "flag"))
            self.assertFalse(kinds(self.opt_value, "value"))
            self.assertRaises(usage.UsageError, kinds, self.opt_wrong, "wrong")
        wrong = self.opt_wrong
        self.assertEqual(asked, [self.opt_flag, self.opt_value, wrong, wrong])


class MemoryTests(SynchronousTestCase):
    """Where the files of a run are."""

    def setUp(self) -> None:
        self.at_end: list[Callable[[], None]] = []
        self.patch(atexit, "register", self.at_end.append)
        self.patch(cheap_runs, "IN_FULL", False)
        self.environ = os.environ.copy()
        self.environ.pop("DARTIO_MEMORY", None)
        self.patch(os, "environ", self.environ)
        self.patch(sys, "modules", {**sys.modules})
        sys.modules.pop("tests", None)
        self.addCleanup(os.chdir, Path.cwd())
        self.before = Path.cwd()
        self.memory = Path(self.mktemp()).absolute()
        self.memory.mkdir()

    def test_they_are_in_memory_until_the_process_ends(self) -> None:
        work_in_memory(self.memory)
        self.assertEqual(Path.cwd().parent, self.memory)
        Path("folder").mkdir()
        Path("folder", "file").touch()
        for remove in self.at_end:
            remove()
        self.assertEqual([*self.memory.iterdir()], [])

    def test_a_process_that_was_forked_removes_nothing(self) -> None:
        work_in_memory(self.memory)
        self.patch(os, "getpid", lambda: 1)
        for remove in self.at_end:
            remove()
        self.assertTrue(Path.cwd().is_dir())

    def test_they_stay_where_they_are_when_that_is_wanted_or_there_is_no_memory(
        self,
    ) -> None:
        work_in_memory(self.memory / "not-there")
        self.environ["DARTIO_MEMORY"] = "no"
        work_in_memory(self.memory)
        del self.environ["DARTIO_MEMORY"]
        self.patch(cheap_runs, "IN_FULL", True)
        work_in_memory(self.memory)
        self.patch(cheap_runs, "IN_FULL", False)
        sys.modules["tests"] = ModuleType("tests")
        work_in_memory(self.memory)
        del sys.modules["tests"]
        self.patch(cheap_runs, "NEEDED_BYTES", 1 << 62)
        work_in_memory(self.memory)
        self.assertEqual(Path.cwd(), self.before)
        self.assertEqual(self.at_end, [])


class PluginsTests(SynchronousTestCase):
    """Which plugins there are."""

    def test_their_folders_are_looked_at_once(self) -> None:
        self.assertEqual([*getPlugins(IServiceMaker)], [*getPlugins(IServiceMaker)])
        self.assertIs(plugin.getCache(plugins), plugin.getCache(plugins))

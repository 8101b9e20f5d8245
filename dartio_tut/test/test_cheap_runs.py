"""
`dartio_tut.test.support.cheap_runs`: trial's tests see what they would see without it.
"""

from __future__ import annotations

from types import ModuleType

from twisted.trial import _synctest
from twisted.trial.unittest import SynchronousTestCase

from .support.cheap_runs import ForgottenWarnings


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

"""
Makes runs of many short tests cheaper, and changes nothing that a test sees.

trial has each test see all warnings anew: before each, it sets an attribute of every
imported module, so that Python remembers no warning. That took a millisecond, of
tests that take two. The attribute stays as it was set; so here only modules are given
it that have come since. (One that takes the place of another, by its name, is noticed
with the next that comes.)

What has been imported before the first test is no garbage, so the collector need not
look at it.

hypothesis imports the plugins of whatever is installed: trio, and with it pytest. Our
tests use neither.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from types import ModuleType

from twisted.trial import _synctest


class ForgottenWarnings:
    """
    Does what *forget* does to modules, once to each.

    :param forget: has modules forget which warnings were shown.
    """

    def __init__(self, forget: Callable[[dict[str, ModuleType]], object]) -> None:
        self._forget = forget
        self._done: dict[str, ModuleType] = {}
        self._seen: tuple[int, str] | None = None

    def __call__(self, modules: dict[str, ModuleType]) -> None:
        """Have *modules* forget, and remember none from now on."""
        # To compare all of them would cost as much as to set them.
        seen = len(modules), next(reversed(modules))
        if seen == self._seen:
            return
        if self._seen is None:
            gc.freeze()
        done = self._done
        self._forget({n: m for n, m in modules.items() if done.get(n) is not m})
        self._done, self._seen = dict(modules), seen


def make_runs_cheap() -> None:
    """Prepare this process for unit tests; it may be called more than once."""
    os.environ.setdefault("HYPOTHESIS_NO_PLUGINS", "1")
    forget = getattr(_synctest, "_setWarningRegistryToNone", None)
    if callable(forget) and not isinstance(forget, ForgottenWarnings):
        _synctest._setWarningRegistryToNone = ForgottenWarnings(forget)

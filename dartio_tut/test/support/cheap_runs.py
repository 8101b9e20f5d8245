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

Twisted's `Options` looks at the parameters of each of its methods whenever options are
made: here once at each function. And whenever plugins are looked for, it looks at all
files of all their folders: here once.

The files of tests are in memory, where the system has a folder for such: on a disk they
took a second, and the time of whoever waits for it. They are gone when the run has
ended. ``DARTIO_MEMORY=no`` leaves them in trial's folder, for a look at them; ``make
soak``, too, has them on the disk.
"""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import MethodType, ModuleType
from typing import Any

from twisted.python import usage
from twisted.trial import _synctest

from twisted import plugin

from .in_full import IN_FULL

MEMORY = Path("/dev/shm")
"""Where Linux has a file system in memory, for whoever needs one."""


NEEDED_BYTES = 1024**3
"""What must be free of it: a run takes a quarter. A container often has 64 MiB."""


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
            work_in_memory()
        done = self._done
        self._forget({n: m for n, m in modules.items() if done.get(n) is not m})
        self._done, self._seen = dict(modules), seen


class RememberedKinds:
    """
    Tells flags from options that take an argument; looks once at each function.

    :param look: what looks at the parameters of a method.
    """

    def __init__(self, look: Callable[[MethodType, str | None], bool]) -> None:
        self._look = look
        self._found: dict[Callable[..., Any], bool] = {}

    def __call__(self, method: Any, name: str | None = None) -> bool:
        """
        Whether *method* takes no argument.

        :raise UsageError: when it takes more than one.
        """
        if not isinstance(method, MethodType):
            return self._look(method, name)
        function = method.__func__
        if function not in self._found:
            self._found[function] = self._look(method, name)
        return self._found[function]


def work_in_memory(memory: Path = MEMORY) -> None:
    """
    Let this run's current folder be in *memory*, until the process ends.

    trial has made its own folder the current one, and goes back from it at the end.
    """
    # Black-box tests import the support of these, and start daemons, on a disk.
    if IN_FULL or os.environ.get("DARTIO_MEMORY") == "no" or "tests" in sys.modules:
        return
    if not os.access(memory, os.W_OK | os.X_OK):
        return
    disk = os.statvfs(memory)
    if disk.f_bavail * disk.f_frsize < NEEDED_BYTES:
        return
    folder = tempfile.mkdtemp(prefix="dartio_tut-test-", dir=memory)
    process = os.getpid()

    def remove() -> None:
        if os.getpid() == process:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    os.chdir(folder)


def make_runs_cheap() -> None:
    """Prepare this process for unit tests; it may be called more than once."""
    if not isinstance(usage.flagFunction, RememberedKinds):
        usage.flagFunction = RememberedKinds(usage.flagFunction)
    if not hasattr(plugin.getCache, "cache_info"):
        plugin.getCache = cache(plugin.getCache)
    os.environ.setdefault("HYPOTHESIS_NO_PLUGINS", "1")
    forget = getattr(_synctest, "_setWarningRegistryToNone", None)
    if callable(forget) and not isinstance(forget, ForgottenWarnings):
        _synctest._setWarningRegistryToNone = ForgottenWarnings(forget)

"""
Runs the suite of every store on a store that needs a running reactor.

Each test runs in a thread, which makes its calls in the reactor's thread and waits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.threads import blockingCallFromThread, deferToThread

T = TypeVar("T")

THE_REACTOR: Any = reactor


class Waiting:
    """A *store* whose Deferreds have fired when they are returned."""

    def __init__(self, store: Any) -> None:
        self.store = store

    def __getattr__(self, name: str) -> Callable[..., Deferred[Any]]:
        method = getattr(self.store, name)

        def call(*args: Any, **named: Any) -> Deferred[Any]:
            try:
                called = functools.partial(method, *args, **named)
                return succeed(blockingCallFromThread(THE_REACTOR, called))
            except Exception as error:  # noqa: BLE001 - whatever the Deferred failed with
                return fail(error)

        return call


def in_threads(suite: type[T]) -> type[T]:
    """A copy of *suite* that runs each test in a thread."""
    tests = {
        name: _in_thread(test)
        for name, test in vars(suite).items()
        if name.startswith("test_")
    }
    return type(suite.__name__, (suite,), tests)


def _in_thread(test: Callable[..., None]) -> Callable[..., Deferred[None]]:
    @functools.wraps(test)
    def waits(self: Any) -> Deferred[None]:
        return deferToThread(test, self)

    return waits

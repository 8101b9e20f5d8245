"""
Tests that wait: the suite of every store, on a store that needs a reactor.

A test runs in a thread; each of its calls is made in the reactor's, and waited for.
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
    """The *store*, whose Deferreds have fired when they are returned."""

    def __init__(self, store: Any) -> None:
        self.store = store

    def __getattr__(self, name: str) -> Callable[..., Deferred[Any]]:
        method = getattr(self.store, name)

        def call(*args: Any, **named: Any) -> Deferred[Any]:
            try:
                called = functools.partial(method, *args, **named)
                return succeed(blockingCallFromThread(THE_REACTOR, called))
            except Exception as error:  # noqa: BLE001 - whatever the Deferred had
                return fail(error)

        return call


def in_threads(suite: type[T]) -> type[T]:
    """*suite*, each of its tests in a thread."""
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

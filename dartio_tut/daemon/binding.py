"""
Binding an endpoint at once, or saying why not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocolFactory,
    IStreamServerEndpoint,
)
from twisted.python import context
from twisted.python.failure import Failure
from twisted.python.log import ILogContext

T = TypeVar("T")


def endpoint_warnings(endpoint: IStreamServerEndpoint) -> Sequence[str]:
    """What is wrong with *endpoint* though it can be used: an expired certificate."""
    warnings: Sequence[str] = getattr(endpoint, "warnings", ())
    return warnings


def bind(endpoint: IStreamServerEndpoint, factory: IProtocolFactory) -> IListeningPort:
    """
    Listen on *endpoint*, now; what goes wrong is raised.

    :raise ValueError: when it does not tell at once whether it listens.
    """
    outcome: list[Any] = []
    listening: Deferred[IListeningPort] = without_port_lines(
        lambda: endpoint.listen(factory)
    )
    listening.addBoth(outcome.append)
    if not outcome:
        raise ValueError("this kind of endpoint does not tell at once if it listens")
    if isinstance(outcome[0], Failure):
        outcome[0].raiseException()
    port: IListeningPort = outcome[0]
    return port


def without_port_lines(listen: Callable[[], T]) -> T:
    """
    Call *listen* without its line in the log.

    Twisted logs "Site starting on 4040" for each port, before anything is answered
    there; the daemon says in words of its own where it listens. An event whose format
    is empty has no text, and log files leave it out.
    """
    silent = {**(context.get(ILogContext) or {}), "log_format": ""}
    called: T = context.call({ILogContext: silent}, listen)
    return called

"""
A reactor that notes how a name was looked up: which addresses were found, and when.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IAddress, IHostResolution, IResolutionReceiver
from zope.interface import implementer

from .own_names import OwnNames


class TimedNames(OwnNames):
    """
    *reactor*, with an eye on its name resolver.

    :param seconds: the time.
    :ivar addresses: those that were found, in the order in which they came.
    :ivar resolved: when all had come; ``None`` before.
    """

    def __init__(self, reactor: Any, seconds: Callable[[], float]) -> None:
        super().__init__(reactor)
        self._seconds = seconds
        self.addresses: list[str] = []
        self.resolved: float | None = None

    def receiver(self, receiver: IResolutionReceiver) -> IResolutionReceiver:
        """Tells this object, and then *receiver*."""
        return _Receiver(receiver, self)

    def found(self, address: IAddress) -> None:
        """One of the addresses."""
        host: str = getattr(address, "host", "")
        self.addresses.append(host)

    def done(self) -> None:
        """All addresses have come."""
        self.resolved = self._seconds()


@implementer(IResolutionReceiver)
class _Receiver:
    """Passes on what is found to *receiver*, and tells *names* of it."""

    def __init__(self, receiver: IResolutionReceiver, names: TimedNames) -> None:
        self._receiver = receiver
        self._names = names

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """Pass it on."""
        self._receiver.resolutionBegan(resolutionInProgress)

    def addressResolved(self, address: IAddress) -> None:
        """Tell, and pass it on."""
        self._names.found(address)
        self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:
        """Tell, and pass it on."""
        self._names.done()
        self._receiver.resolutionComplete()

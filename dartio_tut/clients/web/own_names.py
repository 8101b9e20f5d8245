"""
A reactor with a name resolver of our own in front of the reactor's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
)
from zope.interface import implementer


@implementer(IReactorPluggableNameResolver, IHostnameResolver)
class OwnNames:
    """*reactor*, but names are looked up by this object, which asks the reactor's."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    @property
    def nameResolver(self) -> IHostnameResolver:
        """This object."""
        return self

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        """Install *resolver* in the reactor."""
        before: IHostnameResolver = self._reactor.installNameResolver(resolver)
        return before

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """Look *hostName* up."""
        found: IHostResolution = self._reactor.nameResolver.resolveHostName(
            self.receiver(resolutionReceiver),
            self.name(hostName),
            portNumber,
            addressTypes,
            transportSemantics,
        )
        return found

    def name(self, asked: str) -> str:
        """The name to look up when *asked* is asked for."""
        return asked

    def receiver(self, receiver: IResolutionReceiver) -> IResolutionReceiver:
        """What is told of the addresses in the place of *receiver*."""
        return receiver

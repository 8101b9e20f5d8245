"""
Looking up a host name that IDNA does not know.

Twisted's endpoint refuses such a name before it asks anybody. So the endpoint is given
a stand-in, and a reactor that looks up the real name in its place.
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

STAND_IN = "stand-in.invalid"
"""A name that every endpoint takes, and nobody has (RFC 6761 section 6.4)."""


@implementer(IReactorPluggableNameResolver, IHostnameResolver)
class NameAsItIs:
    """*reactor*, which looks up *host*, whatever name it is asked for."""

    def __init__(self, reactor: Any, host: str) -> None:
        self._reactor = reactor
        self._host = host

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    @property
    def nameResolver(self) -> IHostnameResolver:
        """This object: it asks the reactor's."""
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
        """Look the real host up, in the place of *hostName*."""
        found: IHostResolution = self._reactor.nameResolver.resolveHostName(
            resolutionReceiver,
            self._host,
            portNumber,
            addressTypes,
            transportSemantics,
        )
        return found

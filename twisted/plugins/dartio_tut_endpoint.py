"""The endpoint string ``https:``, imported only when one is used."""

from typing import Any

from twisted.internet.interfaces import (
    IStreamServerEndpoint,
    IStreamServerEndpointStringParser,
)
from twisted.plugin import IPlugin
from zope.interface import implementer


@implementer(IPlugin, IStreamServerEndpointStringParser)
class _HTTPSParser:
    prefix = "https"

    def parseStreamServer(
        self, reactor: Any, *args: Any, **kwargs: Any
    ) -> IStreamServerEndpoint:
        from dartio_tut.daemon import https_endpoint

        return https_endpoint(reactor, *args, **kwargs)


https = _HTTPSParser()

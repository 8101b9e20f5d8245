"""
The site: hands each request to the resource tree.
"""

from __future__ import annotations

from twisted.web.resource import IResource
from twisted.web.server import Site as TwistedSite

from dartio_tut.wire import Request


class Site(TwistedSite):
    """
    A `twisted.web.server.Site` for any resource tree, with our requests.

    It never shows a traceback to a client.
    """

    noisy = False

    def __init__(self, resource: IResource) -> None:
        super().__init__(resource, requestFactory=Request)

"""
The site: hands each request to the resource tree.
"""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from math import inf
from tempfile import SpooledTemporaryFile
from typing import Any

from twisted.web.resource import IResource, getChildForRequest
from twisted.web.server import Site as TwistedSite

from dartio_tut.wire import (
    Channel,
    ConnectionLimit,
    Deadlines,
    HeadReader,
    Limits,
    Request,
)


class Site(TwistedSite):
    """
    A `twisted.web.server.Site` for any resource tree, several times as fast.

    It never shows a traceback to a client, and writes no access log unless it is
    given a *logPath*.

    :param resource: the root of the tree.
    :param limits: what a client may ask of it.
    :param streaming: find the resource of a request with content as soon as its head
        is there; one with ``streams_up_to`` has the content handed over as it comes
        (`Request.deliver_body`), up to so many bytes.
    """

    noisy = False
    displayTracebacks = False

    def __init__(
        self,
        resource: IResource,
        *args: Any,
        limits: Limits | None = None,
        streaming: bool = False,
        **more: Any,
    ) -> None:
        more.setdefault("requestFactory", Request)
        super().__init__(resource, *args, **more)
        self.limits = limits or Limits()
        if "timeout" in more:  # Twisted's name for it
            idle = inf if more["timeout"] is None else more["timeout"]
            self.limits = replace(self.limits, idle_time=idle)
        self.streaming = streaming
        self.heads = HeadReader(self.limits)
        self.crowd = ConnectionLimit(self.limits)
        self.deadlines = Deadlines(self.reactor)

    def buildProtocol(self, addr: Any) -> Any:
        """A channel for a new connection."""
        channel = Channel()
        channel.site = channel.factory = self
        channel.requestFactory = self.requestFactory
        channel.uses_our_request = isinstance(self.requestFactory, type) and issubclass(
            self.requestFactory, Request
        )
        channel.limits = self.limits
        channel.heads = self.heads
        channel.crowd = self.crowd
        channel.deadlines = self.deadlines
        channel.callLater = self.reactor.callLater
        return channel

    def acceptableProtocols(self) -> list[bytes]:
        """HTTP/1.1 only: HTTP/2 is for endpoints that ask for it (``http2=yes``)."""
        return [b"http/1.1"]

    def getContentFile(self, length: int | None) -> Any:
        """Where a request's content is kept: in memory, and on disk beyond a bound."""
        if length is not None and length <= self.limits.body_in_memory:
            return BytesIO()
        return SpooledTemporaryFile(max_size=self.limits.body_in_memory)

    def getResourceFor(self, request: Any) -> IResource:
        """The resource that answers *request*."""
        request.site = self
        request.sitepath = request.prepath[:]
        found: IResource = getChildForRequest(self.resource, request)
        return found

    def _openLogFile(self, path: str | bytes) -> Any:
        """
        The access log: lines are appended, because several servers may share it.

        Twisted's own file writes where this site has last written, over the lines of
        others.
        """
        return open(path, "a", buffering=1, encoding="utf-8")

    def log(self, request: Any) -> None:
        """Write a line of the access log, if there is one."""
        if self.logPath is not None:
            super().log(request)

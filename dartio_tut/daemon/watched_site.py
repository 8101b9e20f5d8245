"""
A site that somebody watches: every byte of its connections is told.

HTTP/2 is not offered by it, because only the bytes of HTTP/1 are told.
"""

from __future__ import annotations

from typing import Any

from twisted.web.resource import IResource

from dartio_tut.wire import IWatcher, WatchedChannel

from .site import Site


class WatchedSite(Site):
    """
    A `Site` whose connections are told to *watcher*.
    """

    offers_http2 = False
    has_short_notes = False

    def __init__(
        self, resource: IResource, *args: Any, watcher: IWatcher, **more: Any
    ) -> None:
        super().__init__(resource, *args, **more)
        self._watcher = watcher

    def make_channel(self) -> WatchedChannel:
        """What speaks HTTP/1 on a connection, and tells of it."""
        channel = WatchedChannel(self, self._watcher)
        channel.callLater = self.reactor.callLater
        return channel

    def getResourceFor(self, request: Any) -> IResource:
        """The resource that answers *request*; the watcher is told."""
        found = super().getResourceFor(request)
        channel = request.channel
        if isinstance(channel, WatchedChannel):
            channel.watch.resource_found(found)
        return found

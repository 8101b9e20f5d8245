"""
Requests of a factory that is not ours, with their fields, as Twisted makes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.web import http
from twisted.web.iweb import INonQueuedRequestFactory

from .body_intake import BodyIntake
from .request_head import VERSION, RequestHead

if TYPE_CHECKING:
    from .stream import Stream


def begin_foreign(stream: Stream) -> None:
    """The request on *stream* begins."""
    head = stream.head
    request = stream.request = _foreign_request(stream, head)
    if stream.request_has_ended:
        request.gotLength(0)
        request.requestReceived(head.method, head.target, VERSION)
    else:
        BodyIntake(stream, request, is_streamed=False)


def _foreign_request(stream: Stream, head: RequestHead) -> http.Request:
    """A request of the site's factory, on *stream*."""
    factory = stream.site.requestFactory
    is_not_queued = INonQueuedRequestFactory.providedBy(factory)
    request: http.Request = factory(stream) if is_not_queued else factory(stream, False)
    for name, values in head.values.items():
        request.requestHeaders.setRawHeaders(name, values)
    request.parseCookies()
    return request

"""
What becomes of a request whose method its resource does not support.

HEAD is answered with what GET would get, without its body, where the resource knows
GET: it is asked for that, and does not learn the difference. Twisted does so, too. But
when the resource fails, Twisted sends a body; when it finishes within ``render``,
Twisted sends nothing. Either way, the client takes the wrong bytes for a response.
"""

from __future__ import annotations

from twisted.web import server
from twisted.web.error import UnsupportedMethod
from twisted.web.resource import IResource

from .not_bytes import check_rendered
from .producers import stop


def render_head(
    request: server.Request, resource: IResource, error: UnsupportedMethod
) -> bool:
    """
    Answer *request*, whose method *resource* has refused with *error*, by GET.

    :return: false when it is not HEAD, or GET would be refused, too.
    """
    if request.method != b"HEAD" or b"GET" not in error.allowedMethods:
        return False
    request._log.info("Using GET to fake a HEAD request for {resrc}", resrc=resource)
    request.method, request._inFakeHead = b"GET", True
    try:
        body = resource.render(request)
        if body is not server.NOT_DONE_YET:
            check_rendered(resource, request, body)
    finally:
        end_fake_head(request)
    if request.finished or request._disconnected:
        return True
    if body is not server.NOT_DONE_YET:
        request.setHeader(b"Content-Length", b"%d" % len(body))
    else:
        request._log.info(
            "Tried to fake a HEAD request for {resrc}, but it got away from me.",
            resrc=resource,
        )
        if producer := request.producer:
            request.unregisterProducer()
            stop(producer)
    if not request.finished:  # by the producer
        request.write(b"")
        request.finish()
    return True


def end_fake_head(request: server.Request) -> None:
    """From now on *request* is what it was, and its body is not sent."""
    request.method, request._inFakeHead = b"HEAD", False


class Refusing:
    """
    Stands for a resource that has refused the method already, so that Twisted's own
    ``render`` goes on from there, with a page.
    """

    def __init__(self, resource: IResource, error: UnsupportedMethod) -> None:
        self._resource = resource
        self._error = error

    def render(self, request: server.Request) -> object:
        """Refuse the method."""
        raise self._error

    def __repr__(self) -> str:
        return repr(self._resource)

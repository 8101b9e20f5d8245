"""
``--hsts``: the header field Strict-Transport-Security (RFC 6797) on all responses.

A browser that has seen it asks this host by https only, for as many seconds as it says,
and lets nobody go on who is warned of a certificate. It is for servers all of whose
sockets have TLS; over plain HTTP it must not be sent (section 7.2).
"""

from __future__ import annotations

from typing import Any

from twisted.web.resource import IResource
from twisted.web.server import Request
from zope.interface import implementer

from dartio_tut.wire import Fields

HSTS = b"Strict-Transport-Security"


@implementer(IResource)
class StrictTransportSecurity:
    """
    Sets the field on every response of *resource*, and on refusals of the wire.

    :param seconds: how long a browser keeps to https; 0 makes it forget.
    """

    isLeaf = False

    def __init__(self, resource: IResource, seconds: int) -> None:
        self._resource = resource
        self._value = b"max-age=%d" % seconds

    @property
    def refusal_fields(self) -> Fields:
        """The field, and those that the tree asks for."""
        fields: Fields = getattr(self._resource, "refusal_fields", ())
        return ((HSTS, self._value), *fields)

    @property
    def streams_up_to(self) -> int:
        """How many bytes of content the tree's root takes as a stream."""
        size: int = getattr(self._resource, "streams_up_to", 0)
        return size

    def getChildWithDefault(self, path: bytes, request: Any) -> IResource:
        """The tree, which is then asked for *path* as if it were the root."""
        request.postpath.insert(0, request.prepath.pop())
        request.setHeader(HSTS, self._value)
        return self._resource

    def render(self, request: Request) -> bytes | int:
        """As the tree's root renders."""
        request.setHeader(HSTS, self._value)
        rendered: bytes | int = self._resource.render(request)
        return rendered

    def putChild(self, path: bytes, child: IResource) -> None:
        """Put *child* into the tree."""
        self._resource.putChild(path, child)

"""
Resources that wrap a tree of others: a password before it, header fields on it, a
prefix above it.

Rule: a wrapper hides nothing that the tree offers to the wire. Wrappers may be stacked
in any order.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted.web.resource import IResource, Resource
from twisted.web.server import Request
from zope.interface import implementer

from .fields import Fields


@implementer(IResource)
class Wrapper:
    """
    A resource that wraps *resource*, the root of a tree.

    A class derived from this one overrides `prepare`, `resource_for` or `find`. The
    request then goes on to the resource that was chosen, as if that were the root, so
    that a streaming leaf is found below any stack of wrappers.
    """

    isLeaf = False

    def __init__(self, resource: IResource) -> None:
        self._resource = resource

    @property
    def refusal_fields(self) -> Fields:
        """Header fields that the tree wants on refusals which the wire itself sends."""
        fields: Fields = getattr(self._resource, "refusal_fields", ())
        return fields

    @property
    def streams_up_to(self) -> int:
        """How many bytes of content the tree's root takes as a stream."""
        size: int = getattr(self._resource, "streams_up_to", 0)
        return size

    def prepare(self, request: Request) -> None:
        """
        Change *request*, or its response, before a resource is chosen.

        This may be called more than once for a request.
        """

    def resource_for(self, request: Request) -> IResource:
        """Choose the resource that answers *request*; its response is not touched."""
        return self._resource

    def find(
        self, request: Request, path: Sequence[bytes]
    ) -> tuple[IResource, Sequence[bytes]]:
        """
        Choose the resource that answers *request*; its response is not touched.

        :param path: the segments of the path that are left.
        :return: the resource, and those segments at the beginning that lead to it.
        """
        return self.resource_for(request), ()

    def getChildWithDefault(self, path: bytes, request: Request) -> IResource:
        """Find the resource that goes on with the path."""
        self.prepare(request)
        segments = [path, *(request.postpath or ())]
        found, taken = self.find(request, segments)
        # Twisted has moved the path's first segment already.
        request.prepath = [*(request.prepath or ())[:-1], *taken]
        request.postpath = segments[len(taken) :]
        while isinstance(found, Wrapper) and not request.postpath:
            found.prepare(request)
            found, _ = found.find(request, ())
        return found

    def render(self, request: Request) -> bytes | int:
        """Answer *request*, whose path ends here."""
        self.prepare(request)
        found, _ = self.find(request, ())
        answered: bytes | int = found.render(request)
        return answered

    def putChild(self, path: bytes, child: IResource) -> None:
        """
        Refuse to put a resource beside the tree.

        :raise NotImplementedError: always.
        """
        raise NotImplementedError("put it below the tree that is wrapped")


def stream_limit_below(
    resource: IResource, request: Request, path: Sequence[bytes]
) -> int:
    """
    Tell how many bytes of content are taken as a stream by the resource to which
    *path* leads from *resource*, without running code of the tree.

    Known are wrappers, and the children that `Resource.putChild` has put somewhere. A
    tree that makes its children on the way counts as one that does not stream.
    """
    while True:
        if isinstance(resource, Wrapper):
            resource, taken = resource.find(request, path)
            path = path[len(taken) :]
        elif resource.isLeaf or not path:
            size: int = getattr(resource, "streams_up_to", 0)
            return size
        else:
            child = _static_child(resource, path[0])
            if child is None:
                return 0
            resource, path = child, path[1:]


def _static_child(resource: IResource, name: bytes) -> IResource | None:
    if not isinstance(resource, Resource):
        return None
    if type(resource).getChildWithDefault is not Resource.getChildWithDefault:
        return None
    child: IResource | None = resource.getStaticEntity(name)
    return child

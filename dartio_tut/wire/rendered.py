"""
A resource that has rendered already.
"""

from __future__ import annotations

from twisted.web import http
from twisted.web.error import UnsupportedMethod
from twisted.web.resource import IResource


class AlreadyRendered:
    """
    Stands for a resource that has refused a request's method already, so that Twisted's
    own ``render`` goes on from there: with a page, or with GET in place of HEAD.
    """

    def __init__(self, resource: IResource, error: UnsupportedMethod) -> None:
        self._resource = resource
        self._error: UnsupportedMethod | None = error

    def render(self, request: http.Request) -> object:
        """Refuse the method at first; then render."""
        error, self._error = self._error, None
        if error is not None:
            raise error
        return self._resource.render(request)

    def __repr__(self) -> str:
        return repr(self._resource)

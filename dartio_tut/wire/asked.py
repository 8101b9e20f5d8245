"""
A resource that was asked already.
"""

from __future__ import annotations

from typing import Any


class Asked:
    """
    Stands for a resource that was asked already, so that Twisted's own ``render``
    goes on from its answer.
    """

    def __init__(self, resource: Any, error: Any, body: Any = None) -> None:
        self._resource = resource
        self._error = error
        self._body = body

    def render(self, request: Any) -> Any:
        error, self._error = self._error, None
        if error is not None:
            raise error
        if self._body is not None:
            return self._body
        return self._resource.render(request)

    def __repr__(self) -> str:
        return repr(self._resource)

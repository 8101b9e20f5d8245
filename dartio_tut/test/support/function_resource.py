"""
A resource that is a function, for tests that are about its request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.web.resource import Resource


class FunctionResource(Resource):
    """Render every request, whatever its path, by calling *render_request*."""

    isLeaf = True

    def __init__(self, render_request: Callable[[Any], Any]) -> None:
        super().__init__()
        self._render_request = render_request

    def render(self, request: Any) -> Any:
        """Return what the function returns: bytes, or ``NOT_DONE_YET``."""
        return self._render_request(request)

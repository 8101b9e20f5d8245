"""
The client in memory of `dartio_tut.testing`, as our own tests like to call it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource
from twisted.web.server import NOT_DONE_YET

from dartio_tut import testing
from dartio_tut.testing import Response, connect, read_response

from .function_resource import FunctionResource


def ask(
    resource: IResource,
    method: str = "GET",
    target: str = "/",
    body: bytes = b"",
    **fields: str,
) -> Response:
    """Send *resource* one request; ``content_type=`` is a field."""
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return testing.ask(resource, method, target, fields=named, body=body)


class RequestCase(SynchronousTestCase):
    """A test that sends requests to functions, as `FunctionResource` serves them."""

    def written(
        self,
        render: Callable[[Any], Any],
        *lines: str,
        start: str = "GET / HTTP/1.1",
    ) -> bytes:
        """All bytes that are sent when *render* is called."""
        head = "\r\n".join([start, "Host: a", *lines, "", ""])
        return connect(FunctionResource(render)).send(head.encode("latin-1"))

    def response(
        self,
        render: Callable[[Any], Any],
        *lines: str,
        start: str = "GET / HTTP/1.1",
    ) -> Response:
        """The response when *render* is called; it must be whole and well framed."""
        method = start.partition(" ")[0]
        return read_response(self.written(render, *lines, start=start), method)

    def held_request(
        self, *lines: str, start: str = "GET /a/b?c=d HTTP/1.1", body: bytes = b""
    ) -> Any:
        """A request that waits for its response, at ``self.connection``."""
        held: list[Any] = []

        def hold(request: Any) -> int:
            held.append(request)
            return NOT_DONE_YET

        if body:
            lines = (*lines, f"Content-Length: {len(body)}")
        head = "\r\n".join([start, "Host: a:80", *lines, "", ""])
        self.connection = connect(FunctionResource(hold))
        self.connection.send(head.encode("latin-1") + body)
        return held[0]

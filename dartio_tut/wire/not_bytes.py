"""
What the log says of a resource that gives something other than bytes to be sent.

Rule: it says what to do. The client learns nothing of it.
"""

from __future__ import annotations

from inspect import iscoroutine

from twisted.web import server
from twisted.web.resource import IResource, Resource

from .unsendable import UnsendableError


class NotBytesError(UnsendableError):
    """A resource has given something other than bytes to be sent."""

    def __init__(self, where: str, value: object) -> None:
        kind = "None" if value is None else type(value).__name__
        super().__init__(f"{where} bytes; got {kind}. {_hint(value)}")


def check_rendered(resource: IResource, request: server.Request, body: object) -> None:
    """
    See that *body*, which *resource* has returned, can be sent.

    :raise NotBytesError: when it is anything else than bytes.
    """
    if not isinstance(body, bytes):
        if iscoroutine(body):
            body.close()
        raise NotBytesError(f"{_render_name(resource, request)} must return", body)


def _hint(value: object) -> str:
    """What the author of a resource may have meant by *value*."""
    if isinstance(value, str):
        return 'Encode the text: text.encode("utf-8").'
    if value is None:
        return (
            "Is a return statement missing? For a response that comes later, return "
            "NOT_DONE_YET."
        )
    if iscoroutine(value):
        return (
            "A render method cannot be async, because nothing awaits it: let it start "
            "the coroutine with Deferred.fromCoroutine, and return NOT_DONE_YET. "
            "dartio_tut.resources.respond_later does both."
        )
    return "See twisted.web.resource.Resource.render."


def shown(data: bytes) -> str:
    """*data* of a request line, for a person."""
    return data.decode("ascii", "backslashreplace")


def _render_name(resource: IResource, request: server.Request) -> str:
    """The method of *resource* that has rendered *request*, by the name to look for."""
    kind = type(resource)
    dispatches = kind.render is Resource.render
    name = f"render_{request.method.decode('ascii')}" if dispatches else "render"
    if not hasattr(kind, name):
        name = "render"
    return f"{kind.__qualname__}.{name} ({kind.__module__})"

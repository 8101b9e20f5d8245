"""
Hanging a tree up further below: ``/files/`` instead of ``/``.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from twisted.web.http import NOT_FOUND
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from .fields import SECURITY_FIELDS, set_fields
from .problem import problem


class NotFound(Resource):
    """Answers 404."""

    isLeaf = True

    def render(self, request: Request) -> bytes:
        """There is nothing here."""
        set_fields(request, SECURITY_FIELDS)
        return problem(request, NOT_FOUND, "Not found.")


class _Step(NotFound):
    isLeaf = False

    def getChild(self, path: bytes, request: Request) -> IResource:
        return NotFound()


def parse_path_prefix(text: str) -> str:
    """
    *text*, if it is a path to mount a tree at.

    :raise ValueError: when it does not begin with a slash, or has empty parts.
    """
    _names(text)
    return text


def _names(prefix: str) -> list[bytes]:
    path = prefix.removesuffix("/")
    names = [unquote_to_bytes(name) for name in path.split("/")[1:]]
    if prefix[:1] != "/" or not all(names) or b"." in names or b".." in names:
        raise ValueError(f"{prefix!r} is no path: use one such as /files/")
    return names


def mounted(resource: IResource, prefix: str) -> IResource:
    """
    *resource* as what is found at the path *prefix*, and nothing else anywhere.

    :raise ValueError: when *prefix* does not begin with a slash, or has empty parts.
    """
    for name in reversed(_names(prefix)):
        step = _Step()
        step.putChild(name, resource)
        resource = step
    return resource

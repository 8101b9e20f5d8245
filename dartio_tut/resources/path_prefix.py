"""
Serving a tree further below: at ``/files/`` instead of ``/``.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from twisted.web.http import NOT_FOUND
from twisted.web.resource import IResource
from twisted.web.server import Request

from .responses import ErrorResource, HTTPError
from .wrapper import Wrapper


def parse_path_prefix(text: str) -> str:
    """
    Return *text* if a tree can be served at that path.

    :raise ValueError: when it does not begin with a slash, or has empty parts.
    """
    _segments(text)
    return text


def _segments(prefix: str) -> list[bytes]:
    path = prefix.removesuffix("/")
    names = [unquote_to_bytes(name) for name in path.split("/")[1:]]
    if prefix[:1] != "/" or not all(names) or b"." in names or b".." in names:
        raise ValueError(f"{prefix!r} is not a path; use one such as /files/")
    return names


class PathPrefix(Wrapper):
    """
    Serve a tree at the path *prefix*; every other path is answered with 404.

    :param prefix: a path such as ``/files/``, with or without the last slash.
    :raise ValueError: when it does not begin with a slash, or has empty parts.
    """

    def __init__(self, resource: IResource, prefix: str) -> None:
        super().__init__(resource)
        self._segments = _segments(prefix)
        self._not_found = ErrorResource(HTTPError(NOT_FOUND, "Not found."))

    @property
    def streams_up_to(self) -> int:
        """How many bytes of content are taken as a stream by a path that ends here."""
        return 0 if self._segments else super().streams_up_to

    def find(
        self, request: Request, path: Sequence[bytes]
    ) -> tuple[IResource, Sequence[bytes]]:
        """Choose the tree when *path* begins with the prefix."""
        segments = self._segments
        if list(path[: len(segments)]) != segments:
            return self._not_found, ()
        return self._resource, segments

"""
Serving a tree further below: at ``/files/`` instead of ``/``.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, unquote_to_bytes

from twisted.web.http import NOT_FOUND
from twisted.web.resource import IResource
from twisted.web.server import Request

from .fields import option_bytes
from .responses import ErrorResource, HTTPError
from .wrapper import Wrapper

_KEPT = "!$&'()*+,;=:@~[]^{|}"
"""Punctuation that terminals and browsers take as it is."""


def parse_path_prefix(text: str) -> str:
    """
    Return *text* as the path of a URL, in which a space is ``%20``.

    :raise ValueError: when it does not begin with a slash, or has empty parts.
    """
    path = "".join(f"/{quote(name, safe=_KEPT)}" for name in _segments(text))
    return f"{path}/" if text.endswith("/") else path


def _segments(prefix: str) -> list[bytes]:
    path = prefix.removesuffix("/")
    names = [unquote_to_bytes(option_bytes(name)) for name in path.split("/")[1:]]
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

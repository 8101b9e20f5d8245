"""
Pages that link to servers at other ports, wherever they are opened from.

In its file, such a page calls each server ``http://localhost:4041/``, where it is for a
person at the machine. When the page is sent, ``localhost`` becomes the host that was
asked for, so that the links work from other machines, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from html import escape
from pathlib import Path

from twisted.web.http import CACHED, NOT_FOUND
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from .asked_addresses import asked_authority, asked_host
from .fields import SECURITY_FIELDS, set_fields
from .responses import TEXT_HTML_OR_PROBLEM, HTTPError, error_response
from .wrapper import Wrapper

Filling = Callable[[str, Request], str]
"""Makes the text that is sent of the text of a page."""

INDEX = b"index.html"

_address = re.compile(r'(=")?(https?://)?\blocalhost:([0-9]+)\b')


class HostPages(Wrapper):
    """
    Serve the ``.html`` files of *folder* with addresses of the host that is asked for,
    and *resource* everywhere else.

    :param own_port: the port at which pages call themselves; a link to it becomes one
        without a host.
    :param filling: makes of a page's text what is sent; `with_asked_host` unless given.
    """

    def __init__(
        self,
        resource: IResource,
        folder: str,
        own_port: int,
        filling: Filling | None = None,
    ) -> None:
        super().__init__(resource)
        if filling is None:

            def filling(text: str, request: Request) -> str:
                return with_asked_host(text, request, own_port)

        self._pages = {
            path.name.encode(): _HostPage(path, filling)
            for path in Path(folder).glob("*.html")
        }
        if INDEX in self._pages:
            self._pages[b""] = self._pages[INDEX]

    def find(
        self, request: Request, path: Sequence[bytes]
    ) -> tuple[IResource, Sequence[bytes]]:
        """Choose the page that *path* names, for a request that reads it."""
        if len(path) <= 1 and request.method in (b"GET", b"HEAD"):
            page = self._pages.get(path[0] if path else b"")
            if page is not None:
                return page, path
        return self._resource, ()


class _HostPage(Resource):
    """The page at *path*, of which *filling* makes what is sent."""

    isLeaf = True

    def __init__(self, path: Path, filling: Filling) -> None:
        super().__init__()
        self._path = path
        self._filling = filling

    def render(self, request: Request) -> bytes:
        set_fields(request, SECURITY_FIELDS)
        try:
            text = self._path.read_text("utf-8")
        except OSError:
            error = HTTPError(NOT_FOUND, "Not found.")
            return error_response(request, error, TEXT_HTML_OR_PROBLEM)
        content = self._filling(text, request).encode()
        request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
        request.setHeader(b"Cache-Control", b"no-cache")
        tag = sha256(content).hexdigest()[:32]
        if request.setETag(f'"{tag}"'.encode()) is CACHED:
            return b""
        return content


def with_asked_host(
    text: str,
    request: Request,
    own_port: int,
    url_of: Callable[[int], str] | None = None,
) -> str:
    """
    Return the HTML *text* with addresses for the host that *request* asks for.

    :param own_port: the port of the page itself; a link to it becomes one without a
        host, which works behind a proxy, too.
    :param url_of: says where the server that is called ``localhost:PORT`` is, without
        a slash at the end. If nothing does, it is at that port of the host.
    """
    host, own = asked_host(request), asked_authority(request)

    def found_address(found: re.Match[str]) -> str:
        attribute, scheme, port = found[1] or "", found[2] or "", int(found[3])
        if port == own_port:
            return attribute if attribute else escape(scheme + own)
        url = url_of(port) if url_of else ""
        if not url:
            return attribute + escape(f"{scheme}{host}:{port}")
        return attribute + escape(url if scheme else url.partition("//")[2])

    return _address.sub(found_address, text)

"""
The pages below ``/wire/``, which show what a recorder keeps.

Rule: hang it up behind `OwnPagesOnly`; what it shows is for nobody else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.web.http import (
    NOT_FOUND,
    PERMANENT_REDIRECT,
    SERVICE_UNAVAILABLE,
)
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request

from ..queries import number_parameter
from ..responses import TEXT_ONLY, HTTPError, error_response, method_not_allowed
from ..rest.event_stream import begin_events
from .all_exchanges import AllExchanges
from .event_texts import EventTexts
from .exchange_json import exchange_json
from .list_pages import exchange_page, list_page
from .recorder import Recorder
from .wire_stream import WireStream

MAX_STREAMS = 8
"""Pages that follow at a time: each costs some work for every exchange."""

MAX_NUMBER = 10**15
"""The highest number of an exchange that can be asked for."""

HTML = b"text/html; charset=utf-8"
JSON = b"application/json"
_TYPES = {
    ".css": b"text/css; charset=utf-8",
    ".html": HTML,
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
}
_ASSETS = Path(__file__).with_name("assets")
_page_number = re.compile(rb"([1-9][0-9]{0,14})(\.json)?").fullmatch


class WireView(Resource):
    """
    Shows what *recorder* keeps.

    :param clock: for tests; the reactor unless given.
    :param servers: lists the servers, for the page: so that its asking is not shown.
    """

    isLeaf = True

    def __init__(
        self,
        recorder: Recorder,
        clock: IReactorTime | None = None,
        servers: IResource | None = None,
    ) -> None:
        super().__init__()
        self._servers = servers
        self._recorder = recorder
        self._texts = EventTexts(recorder)
        self._clock = clock
        self._assets = {
            path.name.encode(): (_TYPES[path.suffix], path.read_bytes())
            for path in _ASSETS.iterdir()
            if path.suffix in _TYPES
        }

    def render(self, request: Request) -> Any:
        """Answer with the page, or the part of it, that the path leads to."""
        if request.method not in (b"GET", b"HEAD"):
            return method_not_allowed(request, "GET, HEAD")
        try:
            return self._rendered(request, tuple(request.postpath or ()))
        except HTTPError as error:
            return error_response(request, error, TEXT_ONLY)

    def _rendered(self, request: Request, path: Sequence[bytes]) -> Any:
        recorder = self._recorder
        match path:
            case ():
                request.setResponseCode(PERMANENT_REDIRECT)
                here = b"/".join([b"", *(request.prepath or ()), b""])
                request.setHeader(b"Location", here)
                return b""
            case (b"",):
                return self._asset(request, b"index.html")
            case (b"assets", name):
                return self._asset(request, name)
            case (b"list",):
                return _content(request, HTML, list_page(recorder))
            case (b"exchanges.json",):
                return self._all(
                    request, number_parameter(request, b"after", 0, MAX_NUMBER)
                )
            case (b"servers.json",) if self._servers is not None:
                return self._servers.render(request)
            case (b"events",):
                return self._follow(request)
            case (b"exchanges", name):
                return self._exchange(request, name)
        raise HTTPError(NOT_FOUND, "There is no such page.")

    def _asset(self, request: Request, name: bytes) -> bytes:
        found = self._assets.get(name)
        if found is None:
            raise HTTPError(NOT_FOUND, "There is no such file.")
        return _content(request, *found)

    def _all(self, request: Request, after: int) -> int | bytes:
        """What is kept, without the exchanges up to the number *after*."""
        request.setHeader(b"Content-Type", JSON)
        if request.method == b"HEAD":
            return b""
        AllExchanges(request, self._recorder, after).start()
        return NOT_DONE_YET

    def _exchange(self, request: Request, name: bytes) -> bytes:
        asked = _page_number(name)
        found = None if asked is None else self._recorder.exchange(int(asked[1]))
        if asked is None or found is None:
            raise HTTPError(
                NOT_FOUND, "There is no such exchange, or it is not kept any more."
            )
        if asked[2]:
            return _json(request, exchange_json(found))
        return _content(request, HTML, exchange_page(found))

    def _follow(self, request: Request) -> int | bytes:
        if len(self._recorder.followers) >= MAX_STREAMS:
            raise HTTPError(
                SERVICE_UNAVAILABLE,
                f"{MAX_STREAMS} pages follow already: close one of them.",
            )
        begin_events(request)
        if request.method == b"HEAD":
            return b""
        clock: Any = self._clock
        if clock is None:
            from twisted.internet import reactor as clock
        WireStream(request, self._recorder, self._texts, clock)
        return NOT_DONE_YET


def _content(request: Request, kind: bytes, content: bytes) -> bytes:
    request.setHeader(b"Content-Type", kind)
    return content


def _json(request: Request, data: object) -> bytes:
    return _content(request, JSON, json.dumps(data, ensure_ascii=False).encode())

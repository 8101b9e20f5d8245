"""
The resources of the laboratory: its page, and what the page asks for.

Rule: hang it up behind `OwnPagesOnly`; it is for a person at this machine only.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Coroutine, Sequence
from importlib import resources
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.http import (
    BAD_REQUEST,
    INSUFFICIENT_STORAGE_SPACE,
    NOT_FOUND,
    PERMANENT_REDIRECT,
    REQUEST_ENTITY_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
)
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from ..bodies.json_body import media_type, read_body
from ..bodies.json_thread import parse_json_object
from ..fields import NOSNIFF, set_fields
from ..page_assets import PageAssets
from ..responses import (
    UNPROCESSABLE_CONTENT,
    ErrorResource,
    HTTPError,
    method_not_allowed,
    respond_later,
)
from .bench import Bench, NewSite, Tree

MAX_REQUEST_BYTES = 40 * 1024
"""Bytes of one try: enough for a head that is beyond a server's limit, and few enough
for the JSON that they come in, and that they may be, to be parsed without a thread."""

MAX_STORED_BYTES = 4 * 1024 * 1024
"""Bytes that may be sent before the laboratory has to be reset: so many at most are
kept in memory."""

MAX_BODY_BYTES = 64 * 1024
"""A body that is longer would be parsed in a thread; none has to be."""

ASSETS_FROM = ("laboratory", "wire_view")
"""The rooms whose assets the page has: its own, and those that show a message."""

Action = Callable[[Request], Coroutine[Deferred[Any], Any, dict[str, Any]]]


class Laboratory(Resource):
    """
    The laboratory for the servers *benches*.

    :param new_site: makes the site that each request is sent to.
    """

    def __init__(self, benches: Sequence[Bench], new_site: NewSite) -> None:
        super().__init__()
        self._benches = {bench.name: bench for bench in benches}
        self._new_site = new_site
        self._trees: dict[str, Tree] = {}
        self._sent_bytes = 0
        own, *others = (
            resources.files("dartio_tut.resources").joinpath(name, "assets")
            for name in ASSETS_FROM
        )
        page = PageAssets(own).getStaticEntity(b"index.html")
        if page is not None:
            self.putChild(b"", page)
        self.putChild(b"assets", PageAssets(own, *others))
        self.putChild(b"servers.json", _Fixed(_servers(benches)))
        self.putChild(b"broken.json", _Fixed(_broken()))
        self.putChild(b"send", _Post(self._send))
        self.putChild(b"reset", _Post(self._reset))

    def getChild(self, path: bytes, request: Request) -> IResource:
        """There is nothing else."""
        return ErrorResource(HTTPError(NOT_FOUND, "Not found."))

    def render(self, request: Request) -> bytes:
        """Lead on to the page, whose path ends with a slash."""
        if request.method not in (b"GET", b"HEAD"):
            return method_not_allowed(request, "GET, HEAD")
        request.setResponseCode(PERMANENT_REDIRECT)
        here = b"/".join([b"", *(request.prepath or ()), b""])
        request.setHeader(b"Location", here)
        return b""

    async def _send(self, request: Request) -> dict[str, Any]:
        """Send bytes to a server, and tell what came of them."""
        asked = await parse_json_object(_body(request))
        bench = self._benches.get(_member(asked, "server"))
        if bench is None:
            names = ", ".join(self._benches)
            raise HTTPError(
                UNPROCESSABLE_CONTENT, f"Expected server to be one of: {names}."
            )
        raw = _decoded(_member(asked, "base64"))
        if self._sent_bytes + len(raw) > MAX_STORED_BYTES:
            raise HTTPError(
                INSUFFICIENT_STORAGE_SPACE,
                f"More than {MAX_STORED_BYTES} bytes were sent: reset the laboratory.",
            )
        self._sent_bytes += len(raw)
        if bench.name not in self._trees:
            self._trees[bench.name] = bench.make_tree()
        tree = self._trees[bench.name]
        # Imported late: a server without a laboratory does without it.
        from .exchange_json import outcome_json
        from .sending import send
        from .stored import stored_json

        outcome = send(raw, tree, self._new_site)
        return outcome_json(outcome, bench, await stored_json(tree))

    async def _reset(self, request: Request) -> dict[str, Any]:
        """Forget all that was stored."""
        await parse_json_object(_body(request))
        self._trees, self._sent_bytes = {}, 0
        return {"reset": True}


class _Fixed(Resource):
    """Answers GET with *value* as JSON."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self._content = _json(value)

    def getChild(self, path: bytes, request: Request) -> IResource:
        """There is nothing below it."""
        return ErrorResource(HTTPError(NOT_FOUND, "Not found."))

    def render(self, request: Request) -> bytes:
        """Answer GET and HEAD."""
        if request.method not in (b"GET", b"HEAD"):
            return method_not_allowed(request, "GET, HEAD")
        _set_json_fields(request)
        return self._content


class _Post(_Fixed):
    """Answers POST with what *action* returns, as JSON."""

    def __init__(self, action: Action) -> None:
        super().__init__(None)
        self._action = action

    def render(self, request: Request) -> Any:
        """Answer POST of JSON."""
        if request.method != b"POST":
            return method_not_allowed(request, "POST")
        return respond_later(request, self._answer(request))

    async def _answer(self, request: Request) -> bytes:
        answer = await self._action(request)
        _set_json_fields(request)
        return _json(answer)


def _body(request: Request) -> bytes:
    """The body of *request*, which is JSON of a length that is parsed at once."""
    if media_type(request) != "application/json":
        raise HTTPError(UNSUPPORTED_MEDIA_TYPE, "Say Content-Type: application/json.")
    body = read_body(request)
    if len(body) > MAX_BODY_BYTES:
        raise HTTPError(
            REQUEST_ENTITY_TOO_LARGE, f"A try has at most {MAX_REQUEST_BYTES} bytes."
        )
    return body


def _member(asked: dict[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise HTTPError(UNPROCESSABLE_CONTENT, f"Expected {name} to be a string.")
    return value


def _decoded(text: str) -> bytes:
    try:
        raw = b64decode(text.encode("ascii"), validate=True)
    except (Base64Error, ValueError):
        raise HTTPError(BAD_REQUEST, "Expected base64 to be in base64.") from None
    if len(raw) > MAX_REQUEST_BYTES:
        raise HTTPError(
            REQUEST_ENTITY_TOO_LARGE, f"A try has at most {MAX_REQUEST_BYTES} bytes."
        )
    return raw


def _servers(benches: Sequence[Bench]) -> list[dict[str, Any]]:
    return [
        {
            "name": bench.name,
            "summary": bench.summary,
            "presets": [
                {"title": preset.title, "raw": preset.raw, "expect": preset.expect}
                for preset in bench.presets
            ],
        }
        for bench in benches
    ]


def _broken() -> list[dict[str, str]]:
    from .broken_requests import broken_requests  # late, as above

    return [
        {
            "title": broken.title,
            "base64": b64encode(broken.raw).decode("ascii"),
            "what_happens": broken.what_happens,
            "attack": broken.attack,
            "clause": broken.clause,
            "server": broken.server,
        }
        for broken in broken_requests()
    ]


def _set_json_fields(request: Request) -> None:
    set_fields(request, NOSNIFF)
    request.setHeader(b"Content-Type", b"application/json")
    request.setHeader(b"Cache-Control", b"no-store")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"

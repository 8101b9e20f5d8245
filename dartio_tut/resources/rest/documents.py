"""
The documents of a store over HTTP: they are read, listed, put and deleted, with
conditions.

``/`` is the list, ``/name`` a document. Another resource answers POST.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote, unquote_to_bytes, urlencode

from twisted.web.http import (
    BAD_REQUEST,
    CREATED,
    NO_CONTENT,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_MODIFIED,
    UNSUPPORTED_MEDIA_TYPE,
)
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from dartio_tut.store import (
    ABSENT,
    PRESENT,
    Conflict,
    DocumentInfo,
    Documents,
    InvalidName,
    NoSuchEntry,
)

from ..bodies.json_body import media_type, parse_json, read_body
from ..conditions import choose
from ..fields import field_of
from ..negotiation import best_type
from ..queries import number, text
from ..responses import (
    TEXT,
    HTTPError,
    error_response,
    method_not_allowed,
    respond_later,
)
from .descriptions import description
from .digests import check_digests, digest_of
from .documents_page import as_page
from .preconditions import precondition
from .store_errors import from_store

JSON = b"application/json"
HTML = b"text/html; charset=utf-8"

_KINDS = {kind.partition(b";")[0]: kind for kind in (JSON, TEXT, HTML)}

DEFAULT_LIST_LENGTH = 100
"""Documents on a page of the list, unless ``limit`` says how many."""

MAX_LIST_LENGTH = 1000
"""Documents on a page of the list at most."""

DESCRIPTION_NAME = b"openapi.json"
"""The name of the description of these resources; no document can have it."""

LIST_METHODS = "GET, HEAD, OPTIONS"

DOCUMENT_METHODS = "GET, HEAD, PUT, DELETE, POST, OPTIONS"


class RestDocuments(Resource):
    """
    Documents in JSON.

    :param documents: the store that keeps them.
    :param posting: the resource that answers POST.
    :param require_match: whether a change must have If-Match or If-None-Match.
    """

    isLeaf = True

    def __init__(
        self, documents: Documents, posting: IResource, require_match: bool = False
    ) -> None:
        super().__init__()
        self._documents = documents
        self._posting = posting
        self._require_match = require_match

    def render(self, request: Request) -> bytes | int:
        """Answer for the list, or for the document that the path names."""
        request.setHeader(b"X-Content-Type-Options", b"nosniff")
        name = unquote_to_bytes(request.path[1:])
        allow = _allowed(name)
        if request.method not in allow.encode("ascii").split(b", "):
            return method_not_allowed(request, allow)
        if request.method == b"OPTIONS":
            request.setHeader(b"Allow", allow.encode("ascii"))
            request.setResponseCode(NO_CONTENT)
            return b""
        if request.method == b"POST":
            return self._post(request, allow)
        if name == DESCRIPTION_NAME:
            request.setHeader(b"Content-Type", JSON)
            return description("writer")
        if not name:
            return respond_later(request, self._list(request))
        return respond_later(request, self._document(request, name))

    def _post(self, request: Request, allow: str) -> bytes | int:
        if unquote_to_bytes(request.path.rpartition(b"/")[2]) == DESCRIPTION_NAME:
            text = f"Cannot store: the name {DESCRIPTION_NAME.decode()} is taken."
            return error_response(request, HTTPError(BAD_REQUEST, text))
        answered: bytes | int = self._posting.render(request)
        if request.code == NOT_ALLOWED:  # it names POST only
            request.setHeader(b"Allow", allow.encode("ascii"))
        return answered

    async def _document(self, request: Request, encoded: bytes) -> bytes:
        changing = request.method == b"PUT"
        try:
            name = encoded.decode("utf-8")
            if changing:
                return await self._put(request, name)
            if request.method == b"DELETE":
                return await self._delete(request, name)
            return await self._get(request, name)
        except UnicodeDecodeError:
            why = "the name is not UTF-8"
        except InvalidName as error:
            why = str(error)
        if changing:
            raise HTTPError(BAD_REQUEST, f"Cannot store: {why}.")
        raise HTTPError(NOT_FOUND, "There is no such document.")

    async def _delete(self, request: Request, name: str) -> bytes:
        expected = precondition(request, self._require_match)
        await from_store(self._documents.delete(name, expected))
        request.setResponseCode(NO_CONTENT)
        return b""

    async def _get(self, request: Request, name: str) -> bytes:
        found = await from_store(self._documents.get(name))
        etag = b'"%b"' % found.version.encode("ascii")
        request.setHeader(b"ETag", etag)
        request.setHeader(b"Cache-Control", b"no-cache")
        code = choose(field_of(request), etag, None, 0, b"HEAD").code
        if code == NOT_MODIFIED:
            request.setResponseCode(NOT_MODIFIED)
            return b""
        if code != 200:
            raise HTTPError(code, "It is not the version that was expected.")
        request.setHeader(b"Content-Type", JSON)
        request.setHeader(b"Repr-Digest", digest_of(found.content))
        return found.content

    async def _put(self, request: Request, name: str) -> bytes:
        kind = media_type(request)
        if kind != "application/json" and not kind.endswith("+json"):
            raise HTTPError(UNSUPPORTED_MEDIA_TYPE, "Documents are application/json.")
        if field_of(request)(b"content-range") is not None:
            raise HTTPError(BAD_REQUEST, "Parts cannot be stored, only all of it.")
        body = read_body(request)
        check_digests(request, body)
        parse_json(body)
        expected = precondition(request, self._require_match)
        if expected is None:
            version, is_new = await from_store(self._put_whatever_is_there(name, body))
        else:
            version = await from_store(self._documents.put(name, body, expected))
            is_new = expected == ABSENT
        request.setResponseCode(CREATED if is_new else NO_CONTENT)
        request.setHeader(b"ETag", b'"%b"' % version.encode("ascii"))
        return b""

    async def _put_whatever_is_there(self, name: str, body: bytes) -> tuple[str, bool]:
        """
        Store a document whatever is there, and return its version and whether it is
        new: the status code depends on that.
        """
        while True:
            # Looking first costs less than a change that the store refuses.
            is_new = not await self._exists(name)
            expected = ABSENT if is_new else PRESENT
            try:
                return await self._documents.put(name, body, expected), is_new
            except Conflict:
                pass  # another request has stored or deleted it meanwhile

    async def _exists(self, name: str) -> bool:
        try:
            await self._documents.get(name)
        except NoSuchEntry:
            return False
        return True

    async def _list(self, request: Request) -> bytes:
        prefix = text(request, b"prefix")
        after = text(request, b"after")
        limit = number(request, b"limit", DEFAULT_LIST_LENGTH, MAX_LIST_LENGTH)
        found = await from_store(self._documents.list(prefix, after, limit + 1))
        shown = found[:limit]
        following = None
        if len(found) > limit and shown:
            query = {"prefix": prefix, "after": shown[-1].name, "limit": str(limit)}
            following = "?" + urlencode({k: v for k, v in query.items() if v})
            request.setHeader(b"Link", b'<%b>; rel="next"' % following.encode("ascii"))
        kind = _KINDS[best_type(request.getHeader(b"Accept"), list(_KINDS))]
        request.setHeader(b"Content-Type", kind)
        request.setHeader(b"Vary", b"Accept")
        request.setHeader(b"Cache-Control", b"no-cache")
        if kind == TEXT:
            return "".join(f"{listed.name}\n" for listed in shown).encode()
        if kind == HTML:
            return as_page(request, shown, prefix, following)
        return _as_json(shown, following)


def _allowed(name: bytes) -> str:
    """The methods for the document *name*, or for the list when it is empty."""
    return DOCUMENT_METHODS if name and name != DESCRIPTION_NAME else LIST_METHODS


def _as_json(shown: Sequence[DocumentInfo], following: str | None) -> bytes:
    documents = [
        {"name": listed.name, "size": listed.size, "url": quote(listed.name, safe="")}
        for listed in shown
    ]
    said = {"documents": documents, "next": following}
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"

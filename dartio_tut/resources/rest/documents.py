"""
The documents of a store over HTTP: they are read, listed, put and deleted, with
conditions.

``/`` is the list, ``/name`` a document, ``/?follow`` a stream of changes. Another
resource answers POST.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from twisted.internet.interfaces import IReactorTime
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
from twisted.web.server import NOT_DONE_YET, Request

from dartio_tut.store import (
    ABSENT,
    PRESENT,
    Conflict,
    Documents,
    InvalidName,
    NoSuchEntry,
)

from ..bodies.json_body import media_type, read_body
from ..bodies.json_thread import parse_json
from ..conditions import evaluate_conditions
from ..fields import NOSNIFF, field_of, lines_of, set_fields
from ..queries import has_parameter
from ..responses import (
    HTTPError,
    error_response,
    method_not_allowed,
    respond_later,
)
from .descriptions import DESCRIPTION_NAME, description
from .digests import check_digests, digest_of
from .document_names import document_name, etag_of
from .documents_list import JSON, DocumentsList
from .follow_documents import DocumentsFollowers
from .preconditions import precondition
from .store_errors import from_store

LIST_METHODS = "GET, HEAD, OPTIONS"

DOCUMENT_METHODS = "GET, HEAD, PUT, DELETE, POST, OPTIONS"


class RestDocuments(Resource):
    """
    Documents in JSON.

    :param documents: the store that keeps them.
    :param posting: the resource that answers POST.
    :param require_match: whether a change must have If-Match or If-None-Match.
    :param clock: for tests; the reactor unless given.
    """

    isLeaf = True

    def __init__(
        self,
        documents: Documents,
        posting: IResource,
        require_match: bool = False,
        clock: IReactorTime | None = None,
    ) -> None:
        super().__init__()
        self._documents = documents
        self._list = DocumentsList(documents)
        self._followers = DocumentsFollowers(documents, clock)
        self._posting = posting
        self._require_match = require_match

    def render(self, request: Request) -> bytes | int:
        """Answer for the list, or for the document that the path names."""
        set_fields(request, NOSNIFF)
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
        if not name and has_parameter(request, b"follow"):
            self._followers.follow(request)
            return NOT_DONE_YET
        if not name:
            return respond_later(request, self._list.respond(request))
        return respond_later(request, self._document(request, name))

    def _post(self, request: Request, allow: str) -> bytes | int:
        try:
            document_name(request)
        except HTTPError as error:
            return error_response(request, error)
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
        etag = etag_of(found.version)
        request.setHeader(b"ETag", etag)
        request.setHeader(b"Cache-Control", b"no-cache")
        code = evaluate_conditions(lines_of(request), etag, None, 0, b"HEAD").code
        if code == NOT_MODIFIED:
            request.setResponseCode(NOT_MODIFIED)
            return b""
        if code != 200:
            raise HTTPError(code, "It is not the version that was expected.")
        request.setHeader(b"Content-Type", JSON)
        request.setHeader(b"Repr-Digest", digest_of(found))
        return found.content

    async def _put(self, request: Request, name: str) -> bytes:
        kind = media_type(request)
        if kind != "application/json" and not kind.endswith("+json"):
            raise HTTPError(UNSUPPORTED_MEDIA_TYPE, "Documents are application/json.")
        if field_of(request)(b"content-range") is not None:
            raise HTTPError(BAD_REQUEST, "Parts cannot be stored, only all of it.")
        body = read_body(request)
        check_digests(request, body)
        await parse_json(body)
        expected = precondition(request, self._require_match)
        if expected is None:
            version, is_new = await from_store(self._put_whatever_is_there(name, body))
        else:
            version = await from_store(self._documents.put(name, body, expected))
            is_new = expected == ABSENT
        request.setResponseCode(CREATED if is_new else NO_CONTENT)
        request.setHeader(b"ETag", etag_of(version))
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


def _allowed(name: bytes) -> str:
    """The methods for the document *name*, or for the list when it is empty."""
    return DOCUMENT_METHODS if name and name != DESCRIPTION_NAME else LIST_METHODS

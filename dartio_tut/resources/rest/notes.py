"""
The notes of a store over HTTP: many on a page, one by its number, and new ones as they
are stored.

``/`` is a page, ``/3`` a note, ``/?follow`` a stream of events. Another resource
answers POST.
"""

from __future__ import annotations

import json
from urllib.parse import unquote_to_bytes

from twisted.internet.interfaces import IReactorTime
from twisted.web.http import (
    NO_CONTENT,
    NOT_FOUND,
    NOT_MODIFIED,
    OK,
    PRECONDITION_FAILED,
)
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request

from dartio_tut.store import Notes, version_of

from ..conditions import evaluate_conditions, is_match
from ..cors import cors_fields
from ..fields import NOSNIFF, Fields, field_of, lines_of, set_fields
from ..negotiation import best_type
from ..queries import has_parameter, number_parameter
from ..responses import TEXT, HTTPError, method_not_allowed, respond_later
from .descriptions import DESCRIPTION_NAME, description
from .document_names import etag_of
from .follow_notes import NotesFollowers
from .store_errors import from_store

JSON = b"application/json"

_KINDS = {kind.partition(b";")[0]: kind for kind in (JSON, TEXT)}

DEFAULT_PAGE_LENGTH = 100
"""Notes on a page, unless ``limit`` says how many."""

MAX_PAGE_LENGTH = 1000
"""Notes on a page at most."""

MAX_PAGE_CHARACTERS = 1024 * 1024
"""A page with more, about, ends; the notes behind are on the next one."""

NOTES_PER_READ = 25
"""Notes read from the store at a time: each may be as long as a request body."""

MAX_NUMBER_DIGITS = 19
"""A longer number is that of no note."""

READING_METHODS = "GET, HEAD, OPTIONS"

PAGE_METHODS = "GET, HEAD, OPTIONS, POST"

NOTE_METHODS = "GET, HEAD, DELETE, OPTIONS"

ANY_ORIGIN = cors_fields(
    "GET, HEAD, POST, OPTIONS",
    ("Idempotency-Key", "If-None-Match", "Last-Event-ID"),
    ("ETag", "Link", "Retry-After"),
)
"""Header fields by which the pages of any origin may use all of these resources."""


class RestNotes(Resource):
    """
    Notes by their numbers.

    :param notes: the store that keeps them.
    :param posting: the resource that answers POST.
    :param fields: header fields of every response.
    :param clock: for tests; the reactor unless given.
    """

    isLeaf = True

    def __init__(
        self,
        notes: Notes,
        posting: IResource,
        fields: Fields = ANY_ORIGIN,
        clock: IReactorTime | None = None,
    ) -> None:
        super().__init__()
        self._notes = notes
        self._posting = posting
        self._followers = NotesFollowers(notes, clock)
        self.refusal_fields = fields
        self._fields = (*fields, *NOSNIFF)

    def render(self, request: Request) -> bytes | int:
        """Answer with a page, a note or a stream of events."""
        set_fields(request, self._fields)
        name = unquote_to_bytes(request.path[1:])
        if request.method == b"POST" and not _is_read_only(name):
            request.notifyFinish().addBoth(lambda _: self._followers.look())
            answered: bytes | int = self._posting.render(request)
            return answered
        allow = _allowed(name)
        if request.method == b"OPTIONS":
            request.setHeader(b"Allow", allow.encode("ascii"))
            request.setResponseCode(NO_CONTENT)
            return b""
        if request.method == b"DELETE" and name not in (b"", DESCRIPTION_NAME):
            return respond_later(request, self._delete(request, name))
        if request.method not in (b"GET", b"HEAD"):
            return method_not_allowed(request, allow)
        return self._read(request, name)

    def _read(self, request: Request, name: bytes) -> bytes | int:
        if name == DESCRIPTION_NAME:
            request.setHeader(b"Content-Type", JSON)
            return description("notes")
        if name:
            return respond_later(request, self._note(request, name))
        if has_parameter(request, b"follow"):
            self._followers.follow(request)
            return NOT_DONE_YET
        return respond_later(request, self._page(request))

    async def _note(self, request: Request, name: bytes) -> bytes:
        kind = self._kind(request)
        said = await self._representation(_number_of(name), kind)
        etag = etag_of(version_of(said))
        code = evaluate_conditions(lines_of(request), etag, None, 0, b"HEAD").code
        if code not in (OK, NOT_MODIFIED):
            raise HTTPError(code, "It is not the version that was expected.")
        request.setResponseCode(code)
        request.setHeader(b"ETag", etag)
        _set_fields(request, kind)
        return said if code == OK else b""

    async def _representation(self, number: int, kind: bytes) -> bytes:
        text = await from_store(self._notes.entry(number))
        if kind == TEXT:
            return text.encode() + b"\n"
        return _json({"number": number, "text": text})

    async def _delete(self, request: Request, name: bytes) -> bytes:
        """Delete a note, if If-Match and If-None-Match allow it."""
        number = _number_of(name)
        field = field_of(request)
        match, none_match = field(b"if-match"), field(b"if-none-match")
        if match is not None or none_match is not None:
            # A strong tag is that of one representation (RFC 9110 section 8.8.1).
            found = [await self._representation(number, kind) for kind in (JSON, TEXT)]
            tags = [etag_of(version_of(content)) for content in found]
            is_expected = match is None or any(is_match(match, tag) for tag in tags)
            if not is_expected or (
                none_match is not None
                and any(is_match(none_match, tag, weakly=True) for tag in tags)
            ):
                text = "It is not the version that was expected."
                raise HTTPError(PRECONDITION_FAILED, text)
        await from_store(self._notes.delete(number))
        request.setResponseCode(NO_CONTENT)
        return b""

    async def _page(self, request: Request) -> bytes:
        start = number_parameter(request, b"from", 0, 10**18)
        limit = number_parameter(
            request, b"limit", DEFAULT_PAGE_LENGTH, MAX_PAGE_LENGTH
        )
        count = await from_store(self._notes.count())
        texts = await self._some(start, limit)
        after = start + len(texts)
        count = max(count, after) if texts else count
        following = f"?from={after}&limit={limit}" if texts and after < count else None
        if following:
            link = b'<%b>; rel="next"' % following.encode("ascii")
            request.setHeader(b"Link", link)
        kind = self._kind(request)
        _set_fields(request, kind)
        if kind == TEXT:
            return "".join(f"{t}\n" for t in texts if t is not None).encode()
        notes = [
            {"number": start + k, "text": text}
            for k, text in enumerate(texts)
            if text is not None  # else the note was deleted
        ]
        return _json({"notes": notes, "count": count, "next": following})

    async def _some(self, start: int, limit: int) -> list[str | None]:
        """Read *limit* notes from *start* on, or fewer when they are long."""
        texts: list[str | None] = []
        size = 0
        while len(texts) < limit and size < MAX_PAGE_CHARACTERS:
            most = min(NOTES_PER_READ, limit - len(texts))
            found = await from_store(self._notes.entries(start + len(texts), most))
            texts += found
            size += sum(len(text or "") for text in found)
            if len(found) < most:
                break
        return texts

    def _kind(self, request: Request) -> bytes:
        """The media type that the client prefers."""
        return _KINDS[best_type(field_of(request)(b"accept"), list(_KINDS))]


def _number_of(name: bytes) -> int:
    if not _is_number(name):
        raise HTTPError(NOT_FOUND, "There is no such note.")
    return int(name)


def _is_number(name: bytes) -> bool:
    return name.isdigit() and len(name) <= MAX_NUMBER_DIGITS


def _allowed(name: bytes) -> str:
    """The methods for the note *name*, or for the page of notes when it is empty."""
    if not name:
        return PAGE_METHODS
    return READING_METHODS if name == DESCRIPTION_NAME else NOTE_METHODS


def _is_read_only(name: bytes) -> bool:
    """Whether *name* can only be read, so that POST is not allowed."""
    return name == DESCRIPTION_NAME or _is_number(name)


def _set_fields(request: Request, kind: bytes) -> None:
    request.setHeader(b"Content-Type", kind)
    request.setHeader(b"Vary", b"Accept")
    request.setHeader(b"Cache-Control", b"no-cache")


def _json(said: object) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"

"""
The list of the documents of a store.

Rule: making a list may mean to look at every document. It is rationed, so that clients
that list a large store do not hold up those that read and write documents.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from urllib.parse import quote, urlencode

from twisted.internet.defer import DeferredSemaphore
from twisted.web.http import SERVICE_UNAVAILABLE
from twisted.web.server import Request

from dartio_tut.store import DocumentInfo, Documents

from ..fields import field_of
from ..files.listing.model import date_and_time
from ..negotiation import best_type
from ..queries import number_parameter, text_parameter
from ..responses import TEXT, HTTPError
from .descriptions import DESCRIPTION_NAME
from .documents_page import as_page
from .store_errors import from_store

JSON = b"application/json"
HTML = b"text/html; charset=utf-8"

_KINDS = {kind.partition(b";")[0]: kind for kind in (JSON, TEXT, HTML)}

DEFAULT_LIST_LENGTH = 100
"""Documents on a page of the list, unless ``limit`` says how many."""

MAX_LIST_LENGTH = 1000
"""Documents on a page of the list at most."""

CONCURRENT_LISTS = 2
"""Lists that are made at a time; as many as listings of folders."""

WAITING_LISTS = 32
"""Lists that wait for their turn, some seconds' worth; one more is answered 503."""

RETRY_AFTER_SECONDS = b"5"
"""After that time, the lists that wait now have had their turn."""

MAX_READ_BYTES = 4 * 1024 * 1024
"""How much is read for the versions of the documents on one page, in a store that does
not know them."""

REMEMBERED_VERSIONS = 10_000
"""Versions that need not be read again while a document has the same identity."""


class DocumentsList:
    """
    Answers with the list.

    :param documents: the store.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._turns = DeferredSemaphore(CONCURRENT_LISTS)
        self._versions: OrderedDict[DocumentInfo, str] = OrderedDict()

    async def respond(self, request: Request) -> bytes:
        """
        Prepare a page of the list as the response to *request*; return its content.

        :raise HTTPError: 503 when too many are waiting.
        """
        prefix = text_parameter(request, b"prefix")
        after = text_parameter(request, b"after")
        limit = number_parameter(
            request, b"limit", DEFAULT_LIST_LENGTH, MAX_LIST_LENGTH
        )
        kind = _KINDS[best_type(field_of(request)(b"accept"), list(_KINDS))]
        if len(self._turns.waiting) >= WAITING_LISTS:
            raise HTTPError(
                SERVICE_UNAVAILABLE,
                "Too many lists are being made. Try again soon.",
                ((b"Retry-After", RETRY_AFTER_SECONDS),),
            )
        await self._turns.acquire()
        try:
            if request._disconnected:
                return b""
            found = await from_store(self._documents.list(prefix, after, limit + 1))
            # A person may have put a file of that name there: it cannot be reached.
            shown = [d for d in found[:limit] if d.name != DESCRIPTION_NAME.decode()]
            if kind == JSON:
                shown = [await self._with_version(d) for d in self._readable(shown)]
        finally:
            self._turns.release()
        following = _following(prefix, limit, found)
        if following:
            request.setHeader(b"Link", b'<%b>; rel="next"' % following.encode("ascii"))
        request.setHeader(b"Content-Type", kind)
        request.setHeader(b"Vary", b"Accept")
        request.setHeader(b"Cache-Control", b"no-cache")
        if kind == TEXT:
            return "".join(f"{document.name}\n" for document in shown).encode()
        if kind == HTML:
            return as_page(request, shown, prefix, following)
        said = {"documents": [*map(as_object, shown)], "next": following}
        return json.dumps(said, ensure_ascii=False).encode() + b"\n"

    def _readable(
        self, shown: Sequence[DocumentInfo]
    ) -> list[tuple[DocumentInfo, bool]]:
        """Each of *shown*, and whether it may be read for its version."""
        size = 0
        found = []
        for document in shown:
            if document.version is None and document not in self._versions:
                size += document.size
            found.append((document, size <= MAX_READ_BYTES))
        return found

    async def _with_version(self, listed: tuple[DocumentInfo, bool]) -> DocumentInfo:
        """What a store that does not know versions says of a document, with one."""
        document, may_read = listed
        if document.version is not None:
            return document
        known = self._versions.get(document)
        if known is None and may_read:
            try:
                known = (await from_store(self._documents.get(document.name))).version
            except HTTPError:
                return document  # it is gone meanwhile, or cannot be read
            self._remember(document, known)
        return document._replace(version=known)

    def _remember(self, document: DocumentInfo, version: str) -> None:
        self._versions[document] = version
        if len(self._versions) > REMEMBERED_VERSIONS:
            self._versions.popitem(last=False)


def as_object(document: DocumentInfo) -> dict[str, object]:
    """Return what the list says of a document, for JSON."""
    return {
        "name": document.name,
        "size": document.size,
        "url": quote(document.name, safe=""),
        "modified": _time(document.modified),
        "version": document.version,
    }


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    day, clock, second = date_and_time(seconds)
    return f"{day}T{clock}:{second:02}Z"


def _following(prefix: str, limit: int, found: Sequence[DocumentInfo]) -> str | None:
    """The URL of the next page, if *found* has more than this one."""
    if not 0 < limit < len(found):
        return None
    query = {"prefix": prefix, "after": found[limit - 1].name, "limit": str(limit)}
    return "?" + urlencode({name: value for name, value in query.items() if value})

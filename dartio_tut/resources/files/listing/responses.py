"""
Answering with the listing of a folder, in the format that a client prefers.

To read a large folder takes a while, so it is done in a thread. A page is kept for a
second, but not when a name has come or gone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, time_ns
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import NOT_FOUND, SERVICE_UNAVAILABLE
from twisted.web.server import NOT_DONE_YET, Request

from ...address_turns import AddressTurns, address_of
from ...fields import Fields, field_of, merge_fields, set_fields
from ...responses import HTTPError, finish_response, response_for_error
from ..lookup import OpenFolder
from ..path_segments import PathSegments
from ..private_files import PrivateFiles
from ..read_errors import report_read_error
from ..safe_open import ABSENT_ERRORS, OpenedFile
from .formats import HTML, JSON, TEXT, as_json, as_text, choose_format
from .model import Entry, SortOrder, filter_and_sort, parse_filter, parse_order
from .page import CONTENT_SECURITY_POLICY, as_html
from .scan import scan_folder

_CONTENT_TYPES = {
    HTML: b"text/html; charset=utf-8",
    JSON: b"application/json",
    TEXT: b"text/plain; charset=utf-8",
}

PAGE_TTL_SECONDS = 1.0
"""How long a page is sent again: sizes and times in it may be this old."""

KEPT_PAGES_BYTES = 16 * 1024 * 1024
"""Bytes of all pages that are kept: eight pages of 10,000 entries."""

CONCURRENT_SCANS = 2
"""Folders that are read at a time. More threads would slow down the reactor's."""

KEPT_PAGES = 1024
"""Pages that are kept at most, however small they are."""

MTIME_TICK_NS = 20_000_000
"""Nanoseconds in which two changes of a folder may get the same time."""

VersionedPage = tuple[tuple[int, int] | None, bytes]
"""The version of a folder, and the page of it."""


@dataclass
class _Waiting:
    """Those who wait for the same page."""

    pages: list[tuple[Request, Deferred[bytes]]] = field(default_factory=list)
    """The requests, and what their page is handed to."""

    addresses: set[str] = field(default_factory=set)
    """Whose turn it can be to make it: the first makes it for all."""


def _busy() -> HTTPError:
    text = "It cannot be read just now. Try again."
    return HTTPError(SERVICE_UNAVAILABLE, text, ((b"Retry-After", b"1"),))


class ListingForm(NamedTuple):
    """Which folder is asked for, in which format and order, and which entries."""

    names: PathSegments
    format: bytes
    order: SortOrder
    filter: str

    def written(self, found: list[Entry]) -> bytes:
        """Return the content, of the entries *found* in the folder."""
        path = b"/" + b"".join(name + b"/" for name in self.names)
        chosen = filter_and_sort(found, self.order, self.filter)
        if self.format == HTML:
            return as_html(path, chosen, self.order, self.filter)
        return as_json(path, chosen) if self.format == JSON else as_text(path, chosen)


class FolderListings:
    """
    Answer with the listings of a folder and of those below it.

    :param may_show: tells whether a name may be shown.
    :param open: opens what is below the folder.
    :param run: calls what takes a while elsewhere.
    :param fields: header fields of all responses.
    :param private: files that are not listed.
    :param refuse: answers with an error.
    """

    _log = Logger()

    def __init__(
        self,
        may_show: Callable[[bytes], bool],
        open: Callable[[PathSegments], OpenedFile],
        run: Callable[..., Deferred[Any]],
        fields: Fields,
        private: PrivateFiles,
        refuse: Callable[[Request, HTTPError], bytes | int],
    ) -> None:
        self._may_show = may_show
        self._open = open
        self._run = run
        self._fields = fields
        self._private = private
        self._refuse = refuse
        self._turns = AddressTurns(CONCURRENT_SCANS)
        self._waiting: dict[ListingForm, _Waiting] = {}
        self._size = 0
        self._kept: dict[ListingForm, tuple[float, tuple[int, int], bytes]] = {}

    def answer(self, request: Request, folder: OpenFolder) -> bytes | int:
        """Answer with the listing of the open *folder*, which is closed."""
        descriptor, status, names = folder
        os.close(descriptor)
        value_of = field_of(request)
        format, by_agent = choose_format(value_of(b"accept"), value_of(b"user-agent"))
        order, filter = parse_order(request.args), parse_filter(request.args)
        form = ListingForm(names, format, order, filter)
        vary = b"Accept, User-Agent" if by_agent else b"Accept"
        version = status.st_ino, status.st_mtime_ns
        until, of, page = self._kept.get(form, (0, None, b""))
        if of == version and monotonic() < until:
            self._set_fields(request, format, vary)
            return page
        Deferred.fromCoroutine(self._answer_later(request, form, vary))
        return NOT_DONE_YET

    def _set_fields(self, request: Request, format: bytes, vary: bytes) -> None:
        own = (
            (b"Content-Type", _CONTENT_TYPES[format]),
            (b"Cache-Control", b"no-cache"),
            (b"Vary", vary),
        )
        set_fields(request, merge_fields(own, self._fields))
        if format == HTML:
            request.setHeader(b"Content-Security-Policy", CONTENT_SECURITY_POLICY)

    async def _answer_later(
        self, request: Request, form: ListingForm, vary: bytes
    ) -> None:
        content: bytes | int
        try:
            try:
                content = await self._next_page(request, form)
                self._set_fields(request, form.format, vary)
            except HTTPError as error:
                content = self._refuse(request, error)
        except Exception as error:  # noqa: BLE001  (whatever it is, it gets a response)
            content = response_for_error(request, error)
        if isinstance(content, bytes):
            finish_response(request, content)

    async def _next_page(self, request: Request, form: ListingForm) -> bytes:
        """The page that is made next; all who wait for it share it."""
        address = address_of(request)
        waiting = self._waiting.get(form) or _Waiting()
        turn = None if address in waiting.addresses else self._turns.enter(address)
        if turn is None and not waiting.pages:
            raise _busy()
        page: Deferred[bytes] = Deferred()
        waiting.pages.append((request, page))
        self._waiting[form] = waiting
        if turn is not None:
            waiting.addresses.add(address)
            Deferred.fromCoroutine(self._answer_all(form, turn))
        return await page

    async def _answer_all(self, form: ListingForm, turn: Deferred[None]) -> None:
        """Read the folder when it has its turn, for all who wait for it then."""
        await turn
        # Who comes from now on wants what changes from now on, too.
        waiting = self._waiting.pop(form, _Waiting()).pages
        page: Any = b""
        try:
            if not all(request._disconnected for request, _ in waiting):
                page = await self._read(form)
        except Exception:  # noqa: BLE001  (whatever it is, it gets a response)
            page = Failure()  # which is raised where they wait
        finally:
            self._turns.leave()
        for _, waits in waiting:
            waits.callback(page)

    async def _read(self, form: ListingForm) -> bytes:
        """Read the folder, and keep the page."""
        try:
            made: VersionedPage = await self._run(self._make, form)
        except OSError as error:
            if error.errno in ABSENT_ERRORS:  # gone since it was asked for
                raise HTTPError(NOT_FOUND, "Not found.") from None
            report_read_error(self._log, b"/" + b"/".join(form.names), error)
            raise _busy() from None
        self._keep(form, *made)
        return made[1]

    def _make(self, form: ListingForm) -> VersionedPage:
        """Return the page, and the version of the folder unless that is very new."""
        folder, status = self._open(form.names)
        opener, private = self._opener(form.names), self._private.identities()
        page = form.written(scan_folder(folder, self._may_show, opener, private))
        settled = time_ns() - status.st_mtime_ns > MTIME_TICK_NS
        return (status.st_ino, status.st_mtime_ns) if settled else None, page

    def _keep(
        self, form: ListingForm, version: tuple[int, int] | None, page: bytes
    ) -> None:
        if version is None:
            return
        self._size += len(page)
        if self._size > KEPT_PAGES_BYTES or len(self._kept) >= KEPT_PAGES:
            self._kept.clear()
            self._size = len(page)
        self._kept[form] = monotonic() + PAGE_TTL_SECONDS, version, page

    def _opener(self, names: PathSegments) -> Callable[[bytes], OpenedFile]:
        return lambda name: self._open((*names, name))

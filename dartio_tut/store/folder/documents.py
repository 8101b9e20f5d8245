"""
Documents in a folder, each a file of its name.

Rule: the reactor never waits for a disk. A content is written and flushed in a thread
of its own; then all contents that are whole are renamed together, and share one flush.
"""

from __future__ import annotations

import builtins
import os
import time
from collections.abc import Callable, Collection
from typing import TypeVar

from twisted.internet.defer import Deferred, fail

from ..faults import FaultReport
from ..interface import (
    Document,
    DocumentInfo,
    InvalidName,
    Quota,
    StoreUnavailable,
    version_of,
)
from ..names import check_name, is_name
from .disk import DEFAULT_QUOTA, make_folder, store_error
from .documents_batch import Change, DocumentsBatch
from .documents_count import COUNT_NAME, DocumentsCount
from .documents_files import has_notes, is_notes_file
from .documents_folder import DocumentsFolder
from .folder_lock import FolderLock
from .group_commit import GroupCommit, PendingOperations, RunInThread, in_thread
from .new_file import NewFile, NewFiles, remove_leftovers
from .notes_file import NOTES_NAME
from .opening import opening_errors, reading_faults, writing_faults
from .token_log import IdempotencyLog, sha256_of

T = TypeVar("T")

ListQuery = tuple[str, str, int]
"""What is asked for: a prefix, the name before, how many."""

NEW_FILE_PREFIX = ".new-"
"""What a file is called until it is whole; no document may begin with a dot."""

MAX_WAITING_PAGES = 100
"""More requests for a page are refused: clients had better try again."""


def open_folder_documents(
    folder: str,
    quota: Quota = DEFAULT_QUOTA,
    run: RunInThread = in_thread,
    now: Callable[[], float] = time.time,
) -> FolderDocuments:
    """
    The documents in *folder*, which is made if it is missing.

    :param quota: how much may be stored.
    :param run: where the disk is waited for.
    :param now: the time in seconds, for the age of tokens and counts.
    :raise OSError: if they cannot be read and written.
    """
    path = make_folder(folder)
    with opening_errors(path):
        lock = FolderLock(path)
        with lock.held():
            remove_leftovers(path, NEW_FILE_PREFIX)
            documents = DocumentsFolder(path, lock, NewFiles(path, NEW_FILE_PREFIX))
            tokens = IdempotencyLog(
                path / ".documents-tokens", NEW_FILE_PREFIX, is_name, now
            )
            count = DocumentsCount(path / COUNT_NAME, quota, documents.sizes, now)
            batch = DocumentsBatch(documents, tokens, count)
            batch.resolve()
            count.read(anew=True)
            if os.path.lexists(path / NOTES_NAME) and not has_notes(path):
                count.mark_folder()  # so that notes do not take it for theirs
    return FolderDocuments(documents, batch, count, quota, run)


class FolderDocuments:
    """Documents as files of their names; see `dartio_tut.store.Documents`."""

    def __init__(
        self,
        folder: DocumentsFolder,
        batch: DocumentsBatch,
        count: DocumentsCount,
        quota: Quota,
        run: RunInThread,
    ) -> None:
        self._folder = folder
        self._count = count
        self._quota = quota
        self._run = run
        self._changes: GroupCommit[Change] = GroupCommit(run, batch.change)
        self._pages: GroupCommit[ListQuery] = GroupCommit(run, self._read_pages)
        self._waiting_pages = 0
        self._pending = PendingOperations()
        self._reading = reading_faults(folder.path)
        self._writing = writing_faults(folder.path)

    def get(self, name: str) -> Deferred[Document]:
        """The document *name*."""
        return self._checked(
            name, lambda: self._run(self._folder.get, name), self._reading
        )

    def put(
        self,
        name: str,
        content: bytes,
        expected: Collection[str] | None = None,
        token: str | None = None,
    ) -> Deferred[str]:
        """Store *content* as the document *name*."""
        return self._checked(
            name,
            lambda: self._run(
                self._prepared, name, content, expected, token
            ).addCallback(self._changes.submit),
            self._writing,
        )

    def delete(
        self, name: str, expected: Collection[str] | None = None
    ) -> Deferred[None]:
        """Remove the document *name*."""
        return self._checked(
            name,
            lambda: self._changes.submit(Change(name, expected)),
            self._writing,
        )

    def list(
        self, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Deferred[builtins.list[DocumentInfo]]:
        """The documents whose names begin with *prefix* and come after *after*."""
        if self._waiting_pages >= MAX_WAITING_PAGES:
            return fail(StoreUnavailable("too many lists of documents are asked for"))
        self._waiting_pages += 1
        page: Deferred[builtins.list[DocumentInfo]]
        page = self._pages.submit((prefix, after, limit)).addBoth(self._page_ended)
        return self._pending.watch(page, self._reading)

    def close(self) -> Deferred[None]:
        """Wait for pending operations; nothing is held open."""
        return self._pending.when_idle()

    def _checked(
        self, name: str, work: Callable[[], Deferred[T]], faults: FaultReport
    ) -> Deferred[T]:
        try:
            check_name(name)
            if is_notes_file(name) and has_notes(self._folder.path):
                raise InvalidName("notes are kept in the file of that name")
        except InvalidName:
            return fail()
        return self._pending.watch(work(), faults)

    def _prepared(
        self,
        name: str,
        content: bytes,
        expected: Collection[str] | None,
        token: str | None,
    ) -> Change:
        """The change that puts *content*, which is on disk already."""
        new: NewFile = self._folder.written(content, self._quota)
        try:
            if is_notes_file(name):
                self._count.mark_folder()  # so that notes do not take it for theirs
        except OSError as error:
            new.discard()
            raise store_error(error) from error
        key = None if token is None else sha256_of(token)
        return Change(name, expected, key, new, len(content), version_of(content))

    def _read_pages(
        self, pages: builtins.list[ListQuery], begun: Callable[[], None]
    ) -> builtins.list[object]:
        """One scan of the folder is enough for all that wait."""
        return [self._folder.page(*page) for page in pages]

    def _page_ended(self, outcome: T) -> T:
        self._waiting_pages -= 1
        return outcome

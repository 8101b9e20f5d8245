"""
Documents in a folder, each the file of its name.

Rule: the reactor never waits for a disk. A content is written and flushed in a thread
of its own; then those that are whole are renamed together, and share one flush.
"""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable, Collection
from typing import TypeVar

from twisted.internet.defer import Deferred, fail

from ..interface import Document, DocumentInfo, InvalidName, Quota
from ..names import check_name
from .disk import DEFAULT_QUOTA, make_folder
from .documents_batch import Change, DocumentsLog
from .documents_files import is_reserved
from .group_commit import GroupCommit, PendingOperations, Run, in_thread

T = TypeVar("T")


def open_folder_documents(
    folder: str,
    quota: Quota = DEFAULT_QUOTA,
    run: Run = in_thread,
    now: Callable[[], float] = time.time,
) -> FolderDocuments:
    """
    The documents in *folder*, which is made when there is none.

    :param quota: how much may be stored.
    :param run: where the disk is waited for.
    :param now: the time in seconds, for the age of tokens and counts.
    :raise OSError: when they cannot be read and written.
    """
    return FolderDocuments(DocumentsLog(make_folder(folder), quota, now), run)


class FolderDocuments:
    """Documents as files of their name; see `dartio_tut.store.Documents`."""

    def __init__(self, log: DocumentsLog, run: Run) -> None:
        self._log = log
        self._run = run
        self._changes: GroupCommit[Change] = GroupCommit(run, log.change)
        self._pending = PendingOperations()

    def get(self, name: str) -> Deferred[Document]:
        """The document *name*."""
        return self._checked(name, lambda: self._run(self._log.get, name))

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
                self._log.prepared, name, content, expected, token
            ).addCallback(self._changes.submit),
        )

    def delete(
        self, name: str, expected: Collection[str] | None = None
    ) -> Deferred[None]:
        """Remove the document *name*."""
        return self._checked(name, lambda: self._changes.submit(Change(name, expected)))

    def list(
        self, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Deferred[builtins.list[DocumentInfo]]:
        """The documents whose name begins with *prefix*."""
        return self._pending.watch(self._run(self._log.page, prefix, after, limit))

    def close(self) -> Deferred[None]:
        """Wait for what is under way; nothing is held open."""
        return self._pending.when_idle()

    def _checked(self, name: str, work: Callable[[], Deferred[T]]) -> Deferred[T]:
        try:
            check_name(name)
            if is_reserved(self._log.folder, name):
                raise InvalidName("notes are kept in the file of that name")
        except InvalidName:
            return fail()
        return self._pending.watch(work())

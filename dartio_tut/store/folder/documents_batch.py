"""
One batch of changes to documents, under one lock, made durable by one flush.

Rule: contents are whole on disk before the lock is taken. A round decides on all of its
changes, writes the tokens, renames, flushes the folder, and only then tells anybody. No
name and no token comes twice in a round, so no change depends on another that may fail.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ..interface import (
    Conflict,
    IdempotencyKeyReused,
    NameTaken,
    NoSuchEntry,
    StoreFull,
    StoreUnavailable,
    is_as_expected,
    version_of,
)
from ..names import fold_name, same_name_taken
from .disk import copy_owner_and_mode, make_later, store_error
from .documents_count import DocumentsCount
from .documents_files import lstat_or_none, name_taken_error, read_document
from .documents_folder import DocumentsFolder
from .new_file import NewFile
from .token_log import IdempotencyLog, IdempotencyRecord


@dataclass
class Change:
    """
    A document that is to be put, or deleted.

    :ivar token: the hash of its token.
    :ivar new: the file with its content; ``None`` deletes the document.
    :ivar size: the bytes of its content; ``None`` as for *new*.
    :ivar version: the version of its content.
    :ivar old: the status of the document that was there.
    """

    name: str
    expected: Collection[str] | None = None
    token: bytes | None = None
    new: NewFile | None = None
    size: int | None = None
    version: str | None = None
    old: os.stat_result | None = None
    outcome: object = None
    is_decided: bool = False

    @property
    def old_size(self) -> int | None:
        """The bytes of the document that was there."""
        return None if self.old is None else self.old.st_size

    def end(self, outcome: object) -> None:
        """Set what became of it."""
        self.outcome, self.is_decided = outcome, True


class DocumentsBatch:
    """Changes the documents of a folder; its calls block, for a thread."""

    def __init__(
        self, folder: DocumentsFolder, tokens: IdempotencyLog, count: DocumentsCount
    ) -> None:
        self._folder = folder
        self._tokens = tokens
        self._count = count

    def change(
        self, changes: Sequence[Change], begun: Callable[[], None] = lambda: None
    ) -> Sequence[object]:
        """
        Make all *changes*; what became of each.

        :param begun: is called once the lock is held.
        """
        try:
            with self._folder.lock.held() as descriptor:
                begun()
                rest = changes
                while rest:
                    now, rest = _first_of_each(rest)
                    self._round(descriptor, now)
        finally:
            for change in changes:
                if change.new:
                    change.new.discard()
        return [change.outcome for change in changes]

    def resolve(self) -> None:
        """Find out whether what came with the last tokens was stored."""
        self._tokens.read()
        unsettled = self._tokens.unsettled
        wrong = [entry for entry in unsettled if not self._is_there(entry)]
        if wrong:
            self._tokens.forget(wrong)
        elif unsettled:
            self._tokens.settle()

    def _round(self, descriptor: int, changes: Sequence[Change]) -> None:
        """Make *changes*, no two of which have the same name or token."""
        self._decide(changes)
        wanted = [change for change in changes if not change.is_decided]
        with_token = [change for change in wanted if change.token]
        names_are_current = self._folder.names.is_current()
        before = os.fstat(descriptor).st_mtime_ns
        self._write_tokens(with_token)
        for change in wanted:
            if not change.is_decided:
                self._make(change)
        made = [change for change in wanted if not change.is_decided]
        if not made:
            return
        try:
            make_later(descriptor, before)
            os.fsync(descriptor)
        except OSError as error:
            why = StoreUnavailable(f"the folder cannot be flushed: {error}")
            why.__cause__ = error
            for change in made:
                change.end(why)
            return
        if names_are_current:
            self._folder.names.change(
                [change.name for change in made if change.new],
                [change.name for change in made if not change.new],
            )
        self._count.made()
        with suppress(OSError):  # then it is found out next time
            if with_token and all(not change.is_decided for change in with_token):
                self._tokens.settle()
        for change in made:
            change.end(change.version)

    def _decide(self, changes: Sequence[Change]) -> None:
        """Find those that are not to be made."""
        try:
            self._count.read()
            self.resolve()
        except OSError as error:
            for change in changes:
                if change.new:  # a deletion, which makes room, may still be made
                    change.end(store_error(error))
        for change in changes:
            try:
                if not change.is_decided:
                    self._check(change)
            except (
                IdempotencyKeyReused,
                Conflict,
                NameTaken,
                NoSuchEntry,
                StoreFull,
            ) as why:
                change.end(why)
            except OSError as error:
                change.end(store_error(error))

    def _check(self, change: Change) -> None:
        """Whether *change* is to be made."""
        if change.token and (entry := self._tokens.find(change.token)):
            if (entry.place, entry.content.hex()) != (change.name, change.version):
                raise IdempotencyKeyReused(
                    "the token came with another document before"
                )
            change.end(change.version)
            return
        found = lstat_or_none(self._folder.path / change.name)
        is_document = found is not None and stat.S_ISREG(found.st_mode)
        if is_document and not self._folder.has_exactly(change.name):
            is_document = False
        change.old = found if is_document else None
        if not is_as_expected(self._version(change), change.expected):
            raise Conflict(f"{change.name} does not have the expected version")
        if change.size is not None:
            self._check_name_is_free(change, found)
            self._count.check(change.old_size, change.size)
        elif change.old is None:
            raise NoSuchEntry(f"there is no document {change.name}")
        # So that what comes after it in the round is counted with it.
        self._count.change(change.old_size, change.size)

    def _check_name_is_free(self, change: Change, found: os.stat_result | None) -> None:
        """See that the name does not belong to anything but the document."""
        if change.old is not None:
            return
        if found is not None and not stat.S_ISREG(found.st_mode):
            raise name_taken_error(change.name, found)
        other = self._folder.names.same_as(change.name)
        if other not in (None, change.name):
            raise same_name_taken(change.name, str(other))
        if found is not None:
            why = "the file system takes it for the name of another file"
            raise NameTaken(f"{change.name}: {why}")

    def _version(self, change: Change) -> str | None:
        """The version of what is there; ``*`` where it does not matter which it is."""
        if change.old is None:
            return None
        if not change.expected or "*" in change.expected:
            return "*"
        content = read_document(self._folder.path / change.name)
        return None if content is None else version_of(content)

    def _write_tokens(self, changes: Sequence[Change]) -> None:
        entries = [
            self._tokens.entry(c.token, bytes.fromhex(c.version), c.name)
            for c in changes
            if c.token and c.version
        ]
        try:
            if entries:
                self._tokens.add(entries)
        except OSError as error:
            for change in changes:
                self._not_made(change, store_error(error))

    def _make(self, change: Change) -> None:
        path = self._folder.path / change.name
        try:
            if change.new is None:
                path.unlink()
                return
            if change.old is not None:
                copy_owner_and_mode(change.old, change.new.descriptor)
            change.new.rename(path)
        except OSError as error:
            self._not_made(change, store_error(error))

    def _not_made(self, change: Change, why: Exception) -> None:
        self._count.change(change.size, change.old_size)
        change.end(why)

    def _is_there(self, entry: IdempotencyRecord) -> bool:
        content = read_document(self._folder.path / entry.place)
        return content is not None and version_of(content) == entry.content.hex()


def _first_of_each(changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """The first changes of each name and token, and the rest."""
    first: list[Change] = []
    rest: list[Change] = []
    seen: set[object] = set()
    for change in changes:
        keys = {fold_name(change.name), change.token} - {None}
        (rest if keys & seen else first).append(change)
        seen |= keys
    return first, rest

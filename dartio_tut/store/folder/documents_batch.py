"""
One batch of changes to documents, under one lock, made durable by one flush.

Rule: contents are whole on disk before the lock is taken. A round decides on all of
its changes, writes the tokens, renames, flushes the folder, and only then tells. No
name and no token comes twice in a round, so none depends on another that may fail.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ..interface import (
    Conflict,
    Document,
    DocumentInfo,
    NoSuchEntry,
    Quota,
    StoreFull,
    TokenReused,
    Unavailable,
    fulfils,
    version_of,
)
from .disk import NewFile, free_bytes, locked, new_file, store_error
from .documents_count import DocumentsCount
from .documents_files import content_of, listed, names, size_of
from .token_log import Entry, TokenLog, hash_of


@dataclass
class Change:
    """
    A document that is to be put, or deleted.

    :ivar token: the hash of its token.
    :ivar new: the file with its content; ``None`` deletes it.
    :ivar size: the bytes of its content; ``None`` as for *new*.
    :ivar version: of its content.
    :ivar old: the bytes of the document that was there.
    """

    name: str
    expected: Collection[str] | None = None
    token: bytes | None = None
    new: NewFile | None = None
    size: int | None = None
    version: str | None = None
    old: int | None = None
    outcome: object = None
    decided: bool = False

    def end(self, outcome: object) -> None:
        """This is what became of it."""
        self.outcome, self.decided = outcome, True


class DocumentsLog:
    """The documents of a folder; blocking calls, for a thread."""

    def __init__(self, folder: Path, quota: Quota, now: Callable[[], float]) -> None:
        self.folder = folder
        self._quota = quota
        self._tokens = TokenLog(folder / ".documents-tokens", now)
        self._count = DocumentsCount(folder / ".documents", quota, self._sizes, now)
        with locked(folder):
            self._resolve()
            self._count.read(anew=True)

    def get(self, name: str) -> Document:
        """The document *name*."""
        content = content_of(self.folder / name)
        if content is None:
            raise NoSuchEntry(f"there is no document {name}")
        return Document(content, version_of(content))

    def page(self, prefix: str, after: str, limit: int) -> list[DocumentInfo]:
        """The documents whose name begins with *prefix*."""
        found = listed(self.folder, names(self.folder, prefix, after))
        return list(islice(found, max(limit, 0)))

    def prepared(
        self,
        name: str,
        content: bytes,
        expected: Collection[str] | None,
        token: str | None,
    ) -> Change:
        """The change that puts *content*, which is on disk already."""
        if free_bytes(self.folder, self._quota) < len(content):
            left = self._quota.free
            raise StoreFull(f"{left} bytes of the disk are to be left free")
        key = None if token is None else hash_of(token)
        new = new_file(self.folder)
        try:
            new.write(content)
        except OSError as error:
            new.discard()
            raise store_error(error) from error
        size, version = len(content), version_of(content)
        return Change(name, expected, key, new, size, version)

    def change(self, changes: Sequence[Change]) -> Sequence[object]:
        """Make all *changes*; gives what became of each."""
        try:
            with locked(self.folder) as folder:
                rest = changes
                while rest:
                    now, rest = _first_of_each(rest)
                    self._round(folder, now)
        finally:
            for change in changes:
                if change.new:
                    change.new.discard()
        return [change.outcome for change in changes]

    def _round(self, folder: int, changes: Sequence[Change]) -> None:
        """Make *changes*, no two of the same name or token."""
        self._decide(changes)
        wanted = [change for change in changes if not change.decided]
        with_token = [change for change in wanted if change.token]
        self._write_tokens(with_token)
        for change in wanted:
            if not change.decided:
                self._make(change)
        made = [change for change in wanted if not change.decided]
        if not made:
            return
        try:
            os.fsync(folder)
        except OSError as error:
            for change in made:
                change.end(Unavailable(f"the folder cannot be flushed: {error}"))
            return
        self._count.made()
        with suppress(OSError):  # then it is found out next time
            if with_token and all(not change.decided for change in with_token):
                self._tokens.settle()
        for change in made:
            change.end(change.version)

    def _decide(self, changes: Sequence[Change]) -> None:
        """Find those that are not to be made."""
        try:
            self._count.read()
            self._resolve()
        except OSError as error:
            for change in changes:
                if change.new:  # what makes room may still be done
                    change.end(store_error(error))
        for change in changes:
            try:
                if not change.decided:
                    self._check(change)
            except (TokenReused, Conflict, NoSuchEntry, StoreFull) as refusal:
                change.end(refusal)
            except OSError as error:
                change.end(store_error(error))

    def _check(self, change: Change) -> None:
        """Whether *change* is to be made."""
        if change.token and (entry := self._tokens.find(change.token)):
            if (entry.place, entry.content.hex()) != (change.name, change.version):
                raise TokenReused("the token came with another document before")
            change.end(change.version)
            return
        change.old = size_of(self.folder / change.name)
        if not fulfils(self._version(change), change.expected):
            raise Conflict(f"{change.name} is not as it was expected")
        if change.size is not None:
            self._count.check(change.old, change.size)
        elif change.old is None:
            raise NoSuchEntry(f"there is no document {change.name}")
        # So that what comes after it in the round is counted with it.
        self._count.change(change.old, change.size)

    def _version(self, change: Change) -> str | None:
        """The version of what is there; not which, where that does not matter."""
        if change.old is None:
            return None
        if not change.expected or "*" in change.expected:
            return "*"
        content = content_of(self.folder / change.name)
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
        path = self.folder / change.name
        try:
            if change.new is None:
                path.unlink()
            else:
                change.new.rename(path)
        except OSError as error:
            self._not_made(change, store_error(error))

    def _not_made(self, change: Change, why: Exception) -> None:
        self._count.change(change.size, change.old)
        change.end(why)

    def _resolve(self) -> None:
        """Find out whether what came with the last tokens was stored."""
        self._tokens.read()
        unsettled = self._tokens.unsettled
        wrong = [entry for entry in unsettled if not self._is_there(entry)]
        if wrong:
            self._tokens.forget(wrong)
        elif unsettled:
            self._tokens.settle()

    def _is_there(self, entry: Entry) -> bool:
        content = content_of(self.folder / entry.place)
        return content is not None and version_of(content) == entry.content.hex()

    def _sizes(self) -> list[int]:
        return [found.size for found in listed(self.folder, names(self.folder))]


def _first_of_each(changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """The first changes of each name and token, and the rest."""
    first: list[Change] = []
    rest: list[Change] = []
    seen: set[object] = {None}
    for change in changes:
        if change.name in seen or (change.token and change.token in seen):
            rest.append(change)
        else:
            first.append(change)
        seen.update((change.name, change.token))
    return first, rest

"""
The folder of documents: reads of it, and new files in it.

Rule: reads take no lock. A new file has no name in the folder until its content is
whole and on disk, so that nothing is left of a process that is killed, and so that the
folder looks the same to `DocumentNames` meanwhile.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Protocol

from ..interface import (
    Document,
    DocumentInfo,
    NoSuchEntry,
    Quota,
    StoreFull,
    version_of,
)
from .disk import free_bytes, store_error
from .documents_files import document_infos, read_document
from .documents_names import DocumentNames
from .folder_lock import FolderLock
from .new_file import NewFile


class NewFileMaker(Protocol):
    """As `NewFiles`."""

    ignores_case: bool

    def make(self) -> NewFile:
        """A new empty file."""


class DocumentsFolder:
    """The documents in a folder; its calls block, for a thread."""

    def __init__(self, path: Path, lock: FolderLock, new_files: NewFileMaker) -> None:
        self.path = path
        self._prefix = f"{path}/"
        self.lock = lock
        self.names = DocumentNames(path)
        self._new_files = new_files

    def get(self, name: str) -> Document:
        """The document *name*."""
        try:
            content = read_document(f"{self._prefix}{name}")
        finally:
            self.lock.check()  # else all documents would be missing
        if content is None or not self.has_exactly(name):
            raise NoSuchEntry(f"there is no document {name}")
        return Document(content, version_of(content))

    def has_exactly(self, name: str) -> bool:
        """
        Whether the file that was found is called *name*.

        Where case does not count, ``A.json`` finds ``a.json``: it is another document
        all the same, as it would be anywhere else.
        """
        if not self._new_files.ignores_case:
            return True
        return self.names.same_as(name) == name

    def page(self, prefix: str, after: str, limit: int) -> list[DocumentInfo]:
        """As `Documents.list`."""
        found: list[DocumentInfo] = []
        self.lock.check()
        while len(found) < limit:
            wanted = limit - len(found)
            names = self.names.page(prefix, after, wanted)
            found += document_infos(self.path, names)
            if len(names) < wanted:
                break
            after = names[-1]
        return list(islice(found, max(limit, 0)))

    def sizes(self) -> list[int]:
        """The sizes of all documents."""
        return [found.size for found in document_infos(self.path, self.names.all())]

    def written(self, content: bytes, quota: Quota) -> NewFile:
        """
        A new file with *content*, which is on disk already.

        :raise StoreFull: if there is no room.
        """
        try:
            if free_bytes(self.path, quota) < len(content):
                raise StoreFull(f"{quota.free} bytes of the disk must stay free")
            new = self._new_files.make()
            try:
                new.write(content)
            except BaseException:
                new.discard()
                raise
        except OSError as error:
            self.lock.check()
            raise store_error(error) from error
        return new

"""
Notes and documents at rest.

Rule of the room: it knows no HTTP. What is acknowledged is on disk; every
method is a Deferred; one suite passes on every store.
"""

from .copying import CopyConflict, copy_documents, copy_notes
from .interface import (
    ABSENT,
    PRESENT,
    Conflict,
    Document,
    DocumentInfo,
    Documents,
    InvalidName,
    NoSuchEntry,
    Notes,
    Quota,
    StoreFull,
    TokenReused,
    Unavailable,
    version_of,
)
from .memory import MemoryDocuments, MemoryNotes
from .open_store import folder_path, open_documents, open_notes

__all__ = [
    "ABSENT",
    "PRESENT",
    "Conflict",
    "CopyConflict",
    "Document",
    "DocumentInfo",
    "Documents",
    "InvalidName",
    "MemoryDocuments",
    "MemoryNotes",
    "NoSuchEntry",
    "Notes",
    "Quota",
    "StoreFull",
    "TokenReused",
    "Unavailable",
    "copy_documents",
    "copy_notes",
    "folder_path",
    "open_documents",
    "open_notes",
    "version_of",
]

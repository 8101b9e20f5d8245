"""
Notes and documents at rest.

Rule of the room: it knows no HTTP. What is acknowledged is on disk; every
method is a Deferred; one suite passes on every store.
"""

from .copying import Differs, copy_documents, copy_notes
from .interface import (
    ABSENT,
    PRESENT,
    Conflict,
    Document,
    Documents,
    Listed,
    NoSuchEntry,
    NotAName,
    Notes,
    Room,
    StoreFull,
    TokenReused,
    Unavailable,
    version_of,
)
from .memory import MemoryDocuments, MemoryNotes
from .opened import folder_of, open_documents, open_notes
from .thought import Thought

__all__ = [
    "ABSENT",
    "PRESENT",
    "Conflict",
    "Differs",
    "Document",
    "Documents",
    "Listed",
    "MemoryDocuments",
    "MemoryNotes",
    "NoSuchEntry",
    "NotAName",
    "Notes",
    "Room",
    "StoreFull",
    "Thought",
    "TokenReused",
    "Unavailable",
    "copy_documents",
    "copy_notes",
    "folder_of",
    "open_documents",
    "open_notes",
    "version_of",
]

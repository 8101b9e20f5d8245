"""
Notes and documents at rest.

Rule of the room: it knows no HTTP. What is acknowledged is on disk; every
method is a Deferred; one suite passes on every store.
"""

from .folder import open_documents, open_notes
from .interface import Documents, NoSuchEntry, NotAName, Notes
from .memory import MemoryDocuments, MemoryNotes

__all__ = [
    "Documents",
    "MemoryDocuments",
    "MemoryNotes",
    "NoSuchEntry",
    "NotAName",
    "Notes",
    "open_documents",
    "open_notes",
]

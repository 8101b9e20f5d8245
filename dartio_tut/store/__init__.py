"""
Notes and documents, where they are kept.

Rule of the room: it does not know HTTP. What is acknowledged is on disk; every method
returns a Deferred; one suite of tests passes on every store.
"""

from .copying import CopyConflict, copy_documents, copy_notes
from .folder.disk import WHOLE_SECONDS_NS, folder_identity, read_regular_file
from .interface import (
    ABSENT,
    PRESENT,
    Conflict,
    Deleted,
    Document,
    DocumentInfo,
    Documents,
    IdempotencyKeyReused,
    InvalidName,
    NameTaken,
    NoSuchEntry,
    Notes,
    NotesState,
    Quota,
    StoreFailed,
    StoreFull,
    StoreUnavailable,
    version_of,
)
from .memory import MemoryDocuments, MemoryNotes
from .open_store import (
    files_left_out,
    folder_path,
    is_database,
    location_for_log,
    notes_not_in_utf8,
    open_documents,
    open_notes,
)
from .timed import OperationDone, OperationObserver, timed

__all__ = [
    "ABSENT",
    "PRESENT",
    "WHOLE_SECONDS_NS",
    "Conflict",
    "CopyConflict",
    "Deleted",
    "Document",
    "DocumentInfo",
    "Documents",
    "IdempotencyKeyReused",
    "InvalidName",
    "MemoryDocuments",
    "MemoryNotes",
    "NameTaken",
    "NoSuchEntry",
    "Notes",
    "NotesState",
    "OperationDone",
    "OperationObserver",
    "Quota",
    "StoreFailed",
    "StoreFull",
    "StoreUnavailable",
    "copy_documents",
    "copy_notes",
    "files_left_out",
    "folder_identity",
    "folder_path",
    "is_database",
    "location_for_log",
    "notes_not_in_utf8",
    "open_documents",
    "open_notes",
    "read_regular_file",
    "timed",
    "version_of",
]

"""
How much a store may hold, as options.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dartio_tut.store import Room

from .limit_options import whole_number
from .startup import checked

ROOM_PARAMETERS = (
    (
        "max-entries",
        None,
        0,
        "Notes or documents; more are refused with 507; 0: any.",
        checked("--max-entries", whole_number),
    ),
    (
        "max-store-size",
        None,
        0,
        "Bytes of all of them; more are refused with 507; 0: any.",
        checked("--max-store-size", whole_number),
    ),
    (
        "keep-free",
        None,
        Room().free,
        "Bytes of the disk to leave free; 507 beyond.",
        checked("--keep-free", whole_number),
    ),
)
"""For ``optParameters``."""


def room_of(options: Mapping[str, Any]) -> Room:
    """The room that *options* give."""
    entries = options["max-entries"]
    size, free = options["max-store-size"], options["keep-free"]
    return Room(notes=entries, documents=entries, size=size, free=free)

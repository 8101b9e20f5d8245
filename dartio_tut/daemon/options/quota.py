"""
How much a store may hold, as options.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dartio_tut.store import Quota

from ..startup import coerce_option
from .limits import whole_number

QUOTA_PARAMETERS = (
    (
        "max-entries",
        None,
        0,
        "Notes or documents; more are refused with 507; 0: any.",
        coerce_option("--max-entries", whole_number),
    ),
    (
        "max-store-size",
        None,
        0,
        "Bytes of all of them; more are refused with 507; 0: any.",
        coerce_option("--max-store-size", whole_number),
    ),
    (
        "keep-free",
        None,
        Quota().free,
        "Bytes of the disk to leave free; 507 beyond.",
        coerce_option("--keep-free", whole_number),
    ),
)
"""For ``optParameters``."""


def quota_of(options: Mapping[str, Any]) -> Quota:
    """The room that *options* give."""
    entries = options["max-entries"]
    size, free = options["max-store-size"], options["keep-free"]
    return Quota(notes=entries, documents=entries, size=size, free=free)

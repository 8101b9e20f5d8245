"""
How much a store may hold: an option for each bound.
"""

from __future__ import annotations

from collections.abc import Mapping

from dartio_tut.store import Quota

from .help_text import LIMITS
from .option import option
from .parsing import whole_number

QUOTA_OPTIONS = (
    option(
        "max-entries",
        "Notes or documents in the store; more are answered 507. 0 sets no limit.",
        whole_number,
        0,
        group=LIMITS,
    ),
    option(
        "max-store-size",
        "Bytes of all notes or documents; more are answered 507. 0 sets no limit.",
        whole_number,
        0,
        group=LIMITS,
    ),
    option(
        "keep-free",
        "Bytes of the disk to leave free; what would take them is answered 507.",
        whole_number,
        Quota().free,
        group=LIMITS,
    ),
)


def quota_of(options: Mapping[str, int]) -> Quota:
    """The quota that *options* set."""
    entries = options["max-entries"]
    size, free = options["max-store-size"], options["keep-free"]
    return Quota(notes=entries, documents=entries, size=size, free=free)

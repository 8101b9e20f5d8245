"""
Whether tests take all the time that they need, as in ``make soak``, or as little as
they can, as in ``make test``.
"""

from __future__ import annotations

import os

TIMES = int(os.environ.get("DARTIO_EXAMPLES", "1"))
"""So many times the usual number of inputs are made for tests of any input."""

IN_FULL = TIMES > 1 or os.environ.get("DARTIO_FULL") == "yes"

SINGLE_BYTES = bytes(range(256))
if not IN_FULL:
    SINGLE_BYTES = SINGLE_BYTES[:0x30] + b"09:;<=>?@AZ[\\]^_`az{|}~\x7f\x80\xa0\xff"
"""Each byte; in ``make test`` only a few digits, letters and those beyond ASCII."""

"""
How many inputs a test is given whose input is any that hypothesis makes.

Rule: in ``make test`` they are few, and the same in each run, so that a failure is the
change's. In ``make soak`` they are ``DARTIO_EXAMPLES`` times as many, and others each
time. Slowness is never a reason to fail, because machines are busy.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("DARTIO_EXAMPLES", "1"))


def examples(count: int) -> settings:
    """The settings of a test that is given *count* inputs in ``make test``."""
    return settings(
        max_examples=count * TIMES,
        derandomize=TIMES == 1,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


usual = examples(10)
"""A twentieth of a second of most tests."""

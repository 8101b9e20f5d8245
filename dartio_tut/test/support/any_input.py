"""
How many inputs a test is given whose input is any that hypothesis makes.

Rule: in ``make test`` they are few, and the same in each run, so that a failure is the
change's. In ``make soak`` they are ``DARTIO_EXAMPLES`` times as many, and others each
time. Slowness is never a reason to fail, because machines are busy.

hypothesis also picks constants of the source code of whatever is imported, unless it is
installed. So each change of the source would change the inputs; and to find the
constants takes half a second. In ``make soak`` they are picked.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

TIMES = int(os.environ.get("DARTIO_EXAMPLES", "1"))

if TIMES == 1 and hasattr(providers, "_get_local_constants"):  # of 6.131 or newer
    providers._get_local_constants = lambda: providers._local_constants


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

"""
How many inputs a test is given whose input is any that hypothesis makes.

Rule: in ``make test`` they are few, and the same in each run, so that a failure is the
change's. In ``make soak`` they are ``DARTIO_EXAMPLES`` times as many, and others each
time. Slowness is never a reason to fail, because machines are busy.

hypothesis also tries the constants of all modules that are imported. It parses each for
that, which takes as long as some tests do, and the inputs would depend on which tests
ran before. So it does that in ``make soak`` only.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from .in_full import TIMES

if TIMES == 1 and hasattr(providers, "is_local_module_file"):
    providers.is_local_module_file = lambda path: False


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


usual = examples(7)
"""A thirtieth of a second of most tests."""

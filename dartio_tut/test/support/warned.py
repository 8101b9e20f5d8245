"""
What a test has warned of.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase


def warned(case: SynchronousTestCase) -> list[str]:
    """
    What *case* has warned of, and nobody has looked at yet. Files that other tests have
    left to the garbage collector, which may run at any time, are no concern of its.
    """
    found = case.flushWarnings()
    return [w["message"] for w in found if w["category"] is not ResourceWarning]

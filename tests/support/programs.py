"""
Programs of the system that not every machine has.
"""

from __future__ import annotations

import shutil

from twisted.trial.unittest import SkipTest


def need(program: str, what: str) -> None:
    """
    Go on where *program* is installed.

    :raise SkipTest: it is not, and *what* is not tested.
    """
    if shutil.which(program) is None:
        raise SkipTest(f"NOT TESTED: {what}; no {program} here")

"""
What not every machine has, or allows: a test of it says that it was left out.
"""

from __future__ import annotations

import os
import shutil
import subprocess

from twisted.trial.unittest import SkipTest


def need(program: str, what: str) -> None:
    """
    Go on where *program* is installed.

    :raise SkipTest: it is not, and *what* is not tested.
    """
    if shutil.which(program) is None:
        raise SkipTest(f"NOT TESTED: {what}; no {program} here")


def need_mounts(what: str) -> None:
    """
    Go on where programs may have mounts of their own, as root may outside of most
    containers.

    :raise SkipTest: they may not, and *what* is not tested.
    """
    need("unshare", what)
    if os.geteuid() != 0:
        raise SkipTest(f"NOT TESTED: {what}; that takes root")
    tried = subprocess.run(["unshare", "-m", "true"], capture_output=True, text=True)
    if tried.returncode:
        raise SkipTest(f"NOT TESTED: {what}; {tried.stderr.strip()}")

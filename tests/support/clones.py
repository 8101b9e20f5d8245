"""
Copies of this clone, without what was made in it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from .harness import CHECKOUT

_MADE = (
    *(".git", ".venv", ".*_cache", "__pycache__", "_trial_temp*"),
    *("_build", "build", "dist", "*.egg-info"),
)


def copy_clone(target: Path) -> None:
    """Copy the files of this clone to the new folder *target*."""
    ignore = shutil.ignore_patterns(*_MADE)
    shutil.copytree(CHECKOUT, target, symlinks=True, ignore=ignore)

"""
Patterns for the paths of files, as of the shell: ``*.png``, ``assets/*``.
"""

from __future__ import annotations

from fnmatch import fnmatchcase


def matches(pattern: str, path: str) -> bool:
    """
    Tell whether *pattern* matches the file at *path* below the root.

    A pattern with a slash in it is for whole paths, one without for names. ``*`` stands
    for any characters, also for slashes.
    """
    subject = path if "/" in pattern else path.rpartition("/")[2]
    return fnmatchcase(subject, pattern.removeprefix("/"))

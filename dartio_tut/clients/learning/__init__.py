"""
What ``dartio learn`` is made of: the reader's progress, the process that checks a file,
and what is printed.

Rule of the room: a reader's file is never imported here, and never written over.
"""

from .checking import check
from .printing import print_hint, print_list, print_task, print_verdict
from .progress import Progress
from .starting import start

__all__ = [
    "Progress",
    "check",
    "print_hint",
    "print_list",
    "print_task",
    "print_verdict",
    "start",
]

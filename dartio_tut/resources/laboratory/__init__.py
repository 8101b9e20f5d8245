"""
The laboratory: requests, broken ones too, sent to the lessons in memory, and what came
of them taken apart.

Rule: what is sent here reaches no socket, no thread and no disk. The bytes go through
the wire that every server has, against resources that keep what they keep in memory,
by a clock of its own, so that a minute of waiting takes no time.
"""

from .bench import Bench, Preset, Tree
from .laboratory import Laboratory

__all__ = ["Bench", "Laboratory", "Preset", "Tree"]

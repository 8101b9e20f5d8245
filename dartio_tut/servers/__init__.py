"""
The lessons: one server of the tutorial a file.

Rule of the room: a lesson shows its whole idea (a resource, its options, its
``makeService``) in about 40 lines; what two lessons need moves down a floor.
"""

from .held_signals import hold_signals
from .lessons import LESSONS, Lesson

__all__ = ["LESSONS", "Lesson", "hold_signals"]

"""
Programs that the course shows beside the lessons. Each of them runs as it is.

Rule of the room: a program here is read more often than it is run. It shows one idea,
and imports no more than its page explains. Of the other floors it sees `testing`,
`daemon`, `resources` and `wire`, by their doors. No server knows of this floor.
"""

from .exercises import Exercise, Verdict, read_exercises
from .running import run

__all__ = ["Exercise", "Verdict", "read_exercises", "run"]

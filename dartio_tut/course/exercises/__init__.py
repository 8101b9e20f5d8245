"""
The exercises of the course, and the check of a reader's file.

Rule of the room: an exercise is a folder of data, ``NN_name``: what ``exercise.toml``
says of it, the file that a reader begins with, a solution, and the test. Nothing but
the process that checks a reader's file runs what is in it.
"""

from .exercise import Exercise, Mistake, read_exercises
from .verdict import Verdict

__all__ = ["Exercise", "Mistake", "Verdict", "read_exercises"]

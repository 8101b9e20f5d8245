"""
Unit tests: ``trial dartio_tut``, in seconds.

Rule of the house: no port, no sleep, no global reactor. What needs one of them
lives in ``tests/``.
"""

from .support.cheap_runs import make_runs_cheap

make_runs_cheap()

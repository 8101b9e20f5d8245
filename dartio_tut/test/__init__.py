"""
Unit tests: ``trial dartio_tut``, in seconds.

Rule of the house: no port, no sleep, no global reactor. What needs one of them
lives in ``tests/``.
"""

"""
The programs of the pages that are read before the course begins.

Rule of the room: one file for one page, and a file imports nothing of another page. A
file can be run by its path, and by its name with ``python -m``.
"""

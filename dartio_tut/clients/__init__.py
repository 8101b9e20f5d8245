"""
The clients of the command ``dartio``: the lessons' other half, one a file.

Rule of the room: a client knows a URL and what is answered there, never the code of a
server. `get`, `guess`, `note` and `write` are lessons: what goes beyond their one idea
lies beside them, and everything about exchanges in ``web``. ``python -m
dartio_tut.clients.guess`` runs one alone, ``dartio guess`` by its name.
"""

from .command import run

__all__ = ["run"]

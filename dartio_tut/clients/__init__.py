"""
The lessons' other half: treq clients, one a file, and the command ``dartio``.

Rule of the room: a client knows a URL, never a server. ``python -m
dartio_tut.clients.guess`` runs one alone, ``dartio guess`` by its name.
"""

from .command import run

__all__ = ["run"]

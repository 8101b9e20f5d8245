"""
The command ``dartio``: the tutorial's clients, and ``serve``, which starts servers.

Rule of the room: it finds what a command line names, on the floors below, and runs it.
It speaks no HTTP. What takes long to import is imported when it is chosen.
"""

from .dartio import run, run_worker

__all__ = ["run", "run_worker"]

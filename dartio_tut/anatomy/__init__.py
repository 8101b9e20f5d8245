"""
HTTP messages, taken apart and explained.

Rule of the room: it imports nothing of the other floors.
"""

from .copies import copies

__all__ = ["copies"]

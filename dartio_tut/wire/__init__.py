"""
Bytes to ``twisted.web`` requests and back.

Rule of the room: it knows no site, no option and no log; limits are handed in.
"""

from .limits import Limits
from .request import Request

__all__ = ["Limits", "Request"]

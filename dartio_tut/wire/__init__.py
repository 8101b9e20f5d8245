"""
Bytes to ``twisted.web`` requests and back.

Rule of the room: it knows no site, no option and no log; limits are handed in.
"""

from .channel import Channel
from .clock import Deadlines
from .crowd import Crowd
from .head import Heads
from .limits import Limits
from .port import fast
from .request import Request
from .response_head import replace_fields
from .sendfile import send_file, send_parts, set_length
from .tls import alpn, listen_tls

__all__ = [
    "Channel",
    "Crowd",
    "Deadlines",
    "Heads",
    "Limits",
    "Request",
    "alpn",
    "fast",
    "listen_tls",
    "replace_fields",
    "send_file",
    "send_parts",
    "set_length",
]

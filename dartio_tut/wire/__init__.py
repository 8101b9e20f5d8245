"""
Bytes to ``twisted.web`` requests and back.

Rule of the room: it knows no site, no option and no log; limits are handed in.
"""

from .connection_limit import ConnectionLimit
from .deadlines import Deadlines
from .http1.channel import Channel
from .http1.request_head import HeadReader
from .http1.response_head import replace_fields
from .limits import Limits
from .request import Request
from .transport.file_senders import send_file, send_parts, set_length
from .transport.tcp import with_fast_ports
from .transport.tls import listen_tls, set_alpn

__all__ = [
    "Channel",
    "ConnectionLimit",
    "Deadlines",
    "HeadReader",
    "Limits",
    "Request",
    "listen_tls",
    "replace_fields",
    "send_file",
    "send_parts",
    "set_alpn",
    "set_length",
    "with_fast_ports",
]

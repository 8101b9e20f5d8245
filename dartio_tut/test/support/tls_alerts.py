"""
What clients say when a handshake fails.
"""

from __future__ import annotations

from ssl import SSLError


def is_without_protocol(error: SSLError) -> bool:
    """
    Whether *error* is the alert ``no_application_protocol`` (RFC 7301 section 3.2).

    Not every Python knows its name: Ubuntu's 3.12 does not.
    """
    said = str(error).lower().replace("_", " ")
    return "no application protocol" in said or "unknown error" in said

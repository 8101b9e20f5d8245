"""
What clients say when a handshake fails.
"""

from __future__ import annotations

from ssl import OPENSSL_VERSION_INFO, SSLError

HAS_NO_NAME = OPENSSL_VERSION_INFO < (3, 0, 0, 14)
"""Whether OpenSSL has no name for the alert: that of Ubuntu 24.04, 3.0.13, has none."""


def is_without_protocol(error: SSLError) -> bool:
    """
    Whether *error* is the alert ``no_application_protocol`` (RFC 7301 section 3.2), as
    far as it has a name.
    """
    said = str(error).lower().replace("_", " ")
    return ("unknown error" if HAS_NO_NAME else "no application protocol") in said

"""
How much a client may ask of the wire.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """
    The limits of one listening site.

    :param body: bytes of a request's body; more is answered 413 (RFC 9110
        section 15.5.14). nginx's ``client_max_body_size`` is 1 MiB too.
    """

    body: int = 1024 * 1024

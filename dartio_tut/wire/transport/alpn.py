"""
Which protocol is spoken over TLS: client and server settle it in the handshake.
"""

from __future__ import annotations

from collections.abc import Sequence

from OpenSSL import SSL


class NoCommonProtocol(SSL.Error):
    """The client offers protocols by ALPN, and none of them is spoken here."""

    def __init__(self) -> None:
        # As OpenSSL's own errors: Twisted's TLS reads the last part of the first.
        super().__init__([("SSL routines", "", "no application protocol")])


def set_alpn(context: SSL.Context, protocols: Sequence[bytes]) -> None:
    """
    Have *context* choose the first of *protocols* that a client offers (RFC 7301).

    A client that offers protocols, and none of these, is sent the fatal alert
    ``no_application_protocol`` (section 3.2).
    """

    def choose(_: SSL.Connection, offered: list[bytes]) -> bytes:
        for protocol in protocols:
            if protocol in offered:
                return protocol
        # pyOpenSSL sends the alert for whatever is raised, and raises it again from
        # the handshake; NO_OVERLAPPING_PROTOCOLS would go on without a protocol.
        raise NoCommonProtocol

    context.set_alpn_select_callback(choose)

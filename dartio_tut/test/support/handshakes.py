"""
TLS handshakes in memory.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable

from OpenSSL import SSL

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


def only(version: ssl.TLSVersion) -> Callable[[ssl.SSLContext], None]:
    """What configures a client that speaks this *version*."""

    def configure(context: ssl.SSLContext) -> None:
        context.minimum_version = context.maximum_version = version

    return configure


class Client:
    """
    The client's half of a connection in memory.

    :param offered: the application protocols that it offers.
    """

    def __init__(
        self,
        offered: list[str] | None = None,
        session: ssl.SSLSession | None = None,
        configure: Callable[[ssl.SSLContext], None] = lambda context: None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            configure(context)
        if offered:
            context.set_alpn_protocols(offered)
        self.context = context
        self.came, self.goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.came, self.goes, session=session)

    def chosen(self) -> str | None:
        """The application protocol that the server has chosen."""
        return self.tls.selected_alpn_protocol()

    def resumes(self, context: SSL.Context) -> bool:
        """
        Whether another connection, to a server with *context*, resumes the session.

        :raise ssl.SSLError: what the client makes of the server's alert.
        """
        again = Client(session=self.tls.session, context=self.context)
        shake_hands(context, again)
        return bool(again.tls.session_reused)


def shake_hands(context: SSL.Context, client: Client) -> None:
    """
    Let *client* connect to a server with *context*.

    :raise ssl.SSLError: what the client makes of the server's alert.
    """
    server = SSL.Connection(context, None)
    server.set_accept_state()
    done = {client: False, server: False}
    for _ in range(6):
        for side, step, wants in (
            (client, client.tls.do_handshake, ssl.SSLWantReadError),
            (server, server.do_handshake, SSL.WantReadError),
        ):
            if not done[side]:
                try:
                    step()
                    done[side] = True
                except wants:
                    pass
                except SSL.Error:
                    done[side] = True  # its alert is on its way
        if client.goes.pending:
            server.bio_write(client.goes.read())
        with contextlib.suppress(SSL.WantReadError):
            client.came.write(server.bio_read(65536))
    with contextlib.suppress(ssl.SSLWantReadError):
        client.tls.read(1)  # tickets of TLS 1.3 come after the handshake

"""
The settings of secure connections: today's, as of Mozilla's intermediate profile.

TLS 1.2 and later, forward secrecy and authenticated encryption only, the usual curves,
no renegotiation, sessions that resume.
"""

from __future__ import annotations

from collections.abc import Sequence

from OpenSSL import SSL
from OpenSSL.crypto import PKey
from twisted.internet.ssl import (
    AcceptableCiphers,
    Certificate,
    CertificateOptions,
    TLSVersion,
    trustRootFromCertificates,
)

from dartio_tut.wire import check_clients, set_curves

CIPHERS = AcceptableCiphers.fromOpenSSLCipherString(
    "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"
)

CURVES = ("X25519MLKEM768:X25519:P-256:P-384", "X25519:P-256:P-384")
"""Groups for the key exchange, best first; the second list is for an OpenSSL before
3.5, which does not have the first one's hybrid."""

VERSIONS = {"1.2": TLSVersion.TLSv1_2, "1.3": TLSVersion.TLSv1_3}

SESSION_SECONDS = 3600
"""
How long a client may resume a session: nginx says 5 minutes, Apache too, Mozilla's
generator a day. The keys of tickets live as long as the process, in its memory only.
"""

MAX_NAMES_BYTES = 16 * 1024
"""
The most that the names of authorities may take in a handshake: a message with more than
64 KiB would end it.
"""

SESSION_CONTEXT = b"dartio_tut"
"""What sessions are for (SSL_CTX_set_session_id_context): OpenSSL refuses to resume
one without it where clients show certificates."""


def tls_context(
    chain: Sequence[Certificate],
    key: PKey,
    client_authorities: Sequence[Certificate] = (),
    minimum: str = "1.2",
) -> SSL.Context:
    """
    The settings of a server.

    :param chain: the server's certificate, then its intermediates.
    :param client_authorities: clients must show a certificate of one of these, if
        there are any.
    :param minimum: the oldest version to accept: ``1.2`` or ``1.3``.
    :raise ValueError: when *minimum* is another.
    :raise OpenSSL.SSL.Error: when OpenSSL refuses the certificate or the key.
    """
    if minimum not in VERSIONS:
        raise ValueError(f"minimum={minimum}: use 1.2 or 1.3")
    trusted = client_authorities and trustRootFromCertificates(client_authorities)
    context: SSL.Context = CertificateOptions(
        privateKey=key,
        certificate=chain[0].original,
        extraCertChain=[link.original for link in chain[1:]],
        trustRoot=trusted or None,
        acceptableCiphers=CIPHERS,
        lowerMaximumSecurityTo=None,
        insecurelyLowerMinimumTo=VERSIONS[minimum],
        enableSessionTickets=True,
    ).getContext()
    if trusted:
        check_clients(context)
        _name_authorities(context, client_authorities)
    context.set_options(SSL.OP_NO_RENEGOTIATION)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)  # idle connections give buffers back
    # The server keeps no sessions: a client keeps its own, as a ticket.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_session_id(SESSION_CONTEXT)
    context.set_timeout(SESSION_SECONDS)
    set_curves(context, CURVES)
    return context


def _name_authorities(context: SSL.Context, authorities: Sequence[Certificate]) -> None:
    """
    Have clients told whose certificates are trusted, so that one with several finds the
    one to show; unless there are too many names.
    """
    names = [authority.original.get_subject() for authority in authorities]
    if sum(len(name.der()) for name in names) <= MAX_NAMES_BYTES:
        context.set_client_ca_list(names)

"""
Why a TLS handshake has failed, in words for the operator of the server.

OpenSSL's own words are for programmers, and of a client's certificate they say only
that it is refused. Why, is known while it is checked: see `check_clients`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from OpenSSL import SSL, crypto

from ..twisted_private import verify_error_text
from .subjects import subject_text

WITHOUT_TLS = "a request without TLS"
TOO_LATE = "it took too long"
TOO_MANY = "too many at a time"
GONE = "the client has closed the connection"

MAX_SUBJECT_CHARACTERS = 200
"""As much of the name in a certificate is told; the rest may be of any length."""

_IN_WORDS: Mapping[str, str] = {
    "peer did not return a certificate": "the client has sent no certificate",
    "unsupported protocol": "the client's version of TLS is too old",
    "version too low": "the client's version of TLS is too old",
    "no shared cipher": "no cipher suite in common",
    "no suitable key share": "no group for the key exchange in common",
    "no suitable groups": "no group for the key exchange in common",
    "no application protocol": "no application protocol in common (ALPN)",
    "http request": WITHOUT_TLS,
    "wrong version number": "what came is not TLS",
    "unexpected eof while reading": GONE,
}
"""What OpenSSL says, and what it means to an operator."""

_ALERTS_ABOUT_CERTIFICATES = (
    "bad certificate",
    "certificate expired",
    "certificate revoked",
    "certificate unknown",
    "unknown ca",
    "unsupported certificate",
)
"""Alerts of clients that do not trust the server (RFC 8446 section 6.2)."""

_OF_UNKNOWN_AUTHORITY = frozenset(
    (
        2,  # X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT
        18,  # X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
        19,  # X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN
        20,  # X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        21,  # X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
    )
)
_CERTIFICATE_FAULTS: Mapping[int, str] = {
    9: "is not valid yet",  # X509_V_ERR_CERT_NOT_YET_VALID
    10: "has expired",  # X509_V_ERR_CERT_HAS_EXPIRED
    26: "is not for clients",  # X509_V_ERR_INVALID_PURPOSE
    **dict.fromkeys(_OF_UNKNOWN_AUTHORITY, "is of an unknown authority"),
}
"""Errors of X509_verify_cert(3), in words."""


class HandshakeFault(NamedTuple):
    """
    Why a handshake has failed.

    :ivar reason: one of few, whatever clients send.
    :ivar detail: what it is about, such as the name in a certificate; may be empty.
    """

    reason: str
    detail: str = ""


def check_clients(context: SSL.Context) -> None:
    """
    Have the certificates of clients checked, and what is wrong with one remembered for
    `handshake_fault`. Each certificate that *context* trusts is enough, also one that
    another authority has signed.
    """

    def checked(
        connection: SSL.Connection,
        certificate: crypto.X509,
        error: int,
        depth: int,
        is_good: int,
    ) -> bool:
        if not is_good:
            connection.set_app_data(_certificate_fault(certificate, error, depth))
        return bool(is_good)

    store = context.get_cert_store()
    if store is not None:
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    context.set_verify(
        SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT | SSL.VERIFY_CLIENT_ONCE,
        checked,
    )


def _certificate_fault(
    certificate: crypto.X509, error: int, depth: int
) -> HandshakeFault:
    said = _CERTIFICATE_FAULTS.get(error)
    whose = "the certificate of an authority of the client" if depth else ""
    whose = whose or "the client's certificate"
    reason = f"{whose} {said}" if said else f"{whose}: {verify_error_text(error)}"
    return HandshakeFault(reason, _subject(certificate))


def _subject(certificate: crypto.X509) -> str:
    """
    The name in *certificate*, which anybody may have made, on one line.

    Nothing may be raised where OpenSSL calls: pyOpenSSL keeps it for the next one that
    looks at the context, which may be another client's handshake.
    """
    try:
        name = subject_text(certificate)
    except Exception:  # noqa: BLE001  (see above)
        return "a name that cannot be read"
    printable = "".join(c if c.isprintable() else "?" for c in name)
    if len(printable) > MAX_SUBJECT_CHARACTERS:
        printable = printable[:MAX_SUBJECT_CHARACTERS] + "..."
    return printable


def handshake_fault(
    error: BaseException | None, connection: SSL.Connection
) -> HandshakeFault:
    """What *error* means, which has ended the handshake of *connection*."""
    of_certificate = connection.get_app_data()
    if isinstance(of_certificate, HandshakeFault):
        return of_certificate
    if isinstance(error, (SSL.SysCallError, SSL.ZeroReturnError)):
        return HandshakeFault(GONE)
    faults = error.args[0] if isinstance(error, SSL.Error) and error.args else ()
    said = str(faults[0][-1]) if faults else ""
    _, is_alert, alert = said.partition(" alert ")
    if is_alert and alert in _ALERTS_ABOUT_CERTIFICATES:
        return HandshakeFault("the client refuses the server's certificate", alert)
    if is_alert:
        return HandshakeFault("the client has given up", alert)
    return HandshakeFault(_IN_WORDS.get(said, said or "OpenSSL gives no reason"))

"""
Whom to trust over TLS, and what is wrong with a certificate that is not trusted.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from OpenSSL.crypto import X509StoreFlags
from service_identity import CertificateError
from service_identity.hazmat import (
    DNS_ID,
    DNSPattern,
    IPAddress_ID,
    IPAddressPattern,
    verify_service_identity,
)
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import Certificate, trustRootFromCertificates
from twisted.web.client import BrowserLikePolicyForHTTPS
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

from ..errors import ClientError
from .connection import Connection
from .url import is_other_host

MAX_FILE_BYTES = 16 * 1024 * 1024
"""The longest file: far longer than all authorities of a browser together."""

NOT_TRUSTED_TEXT = "is not trusted (--cacert FILE): "

VERIFY_ERRORS = {
    9: "is not valid before",
    10: "has expired on",
    18: NOT_TRUSTED_TEXT + "it is self-signed",
    19: NOT_TRUSTED_TEXT + "its authority is self-signed",
    20: NOT_TRUSTED_TEXT + "its authority is not known",
    21: NOT_TRUSTED_TEXT + "its authority is not known",
    26: "is not meant for a server",
}
"""OpenSSL's X509_V_ERR codes, in words (openssl-verification-options(1))."""

DATE_ERRORS = {9: "not_valid_before_utc", 10: "not_valid_after_utc"}
"""Errors that a date of the certificate explains."""


def https_policy(ca_file: str | None) -> BrowserLikePolicyForHTTPS:
    """
    Trust the certificates in the PEM file *ca_file* and no others; without one, those
    that the system trusts.

    :raises ClientError: the file cannot be read, or has no certificate.
    """
    if ca_file is None:
        return BrowserLikePolicyForHTTPS()
    try:
        with open(ca_file, "rb") as file:  # it may be a pipe
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise ClientError(f"{ca_file}: it has more than {MAX_FILE_BYTES} bytes")
        found = x509.load_pem_x509_certificates(content)
    except OSError as error:
        raise ClientError(f"{ca_file}: {error.strerror}") from None
    except ValueError:
        raise ClientError(f"{ca_file}: no certificate in PEM format") from None
    trusted = [Certificate.loadPEM(each.public_bytes(Encoding.PEM)) for each in found]
    return BrowserLikePolicyForHTTPS(trustRootFromCertificates(trusted))


def verified_tls(
    policy: IPolicyForHTTPS, connection: Connection, only_notes: bool = False
) -> Any:
    """
    TLS to where *connection* leads, with what *policy* trusts.

    :param only_notes: whether what is wrong with a certificate is only noted; whoever
        asks for that must look at the note before anything is sent.
    :raises ClientError: the host has a name for which Twisted verifies no certificate.
    """
    host, port = connection.host.partition("%")[0], connection.port
    if is_other_host(host):
        raise ClientError(
            f"no TLS with {host}: Twisted verifies no certificate of such a name,"
            " which IDNA does not know; is it http:// ?"
        )
    if host.rstrip(".").isdigit():
        raise ClientError(
            f"no TLS with {host}: no certificate is for a number; write the host's name"
        )
    # SNI names a host without the dot of a whole name (RFC 6066, 3).
    creator = policy.creatorForNetloc(host.rstrip(".").encode("ascii"), port)
    return _VerifiedTLS(creator, connection, only_notes)


@implementer(IOpenSSLClientConnectionCreator)
class _VerifiedTLS:
    """
    Makes TLS connections as *creator* does, and verifies the server's certificate.

    *creator* would verify it too; but it does not say what was wrong, and Twisted 26.10
    lets a certificate pass that names no host at all. Here only what is right passes.
    """

    def __init__(
        self,
        creator: IOpenSSLClientConnectionCreator,
        connection: Connection,
        only_notes: bool,
    ) -> None:
        self._creator = creator
        self._connection = connection
        self._only_notes = only_notes

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        """A connection object for *tlsProtocol*."""
        made = self._creator.clientConnectionForTLS(tlsProtocol)
        # What is trusted need not be signed by itself: it may be the server's own.
        store: Any = made.get_context().get_cert_store()
        store.set_flags(X509StoreFlags.PARTIAL_CHAIN)
        mode = SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT
        made.set_verify(mode, self._is_right)
        return made

    def _is_right(self, _: Any, found: Any, number: int, depth: int, ok: int) -> bool:
        """OpenSSL calls this for each certificate of the chain, with its verdict."""
        problem = "" if ok else _problem(found, number)
        if ok and depth == 0:
            problem = _name_problem(found, self._connection.host.partition("%")[0])
        if not self._connection.certificate_problem:
            self._connection.certificate_problem = problem
        return self._only_notes or not problem


def _name_problem(certificate: Any, host: str) -> str:
    """Why *certificate* is not for *host* (RFC 9525); empty when it is."""
    try:
        is_address = isIPAddress(host) or isIPv6Address(host)
        wanted = IPAddress_ID(host) if is_address else DNS_ID(host.rstrip("."))
        verify_service_identity(_patterns(certificate), [wanted], [])
    except Exception:  # noqa: BLE001  (nothing that goes wrong here may pass)
        names = _names(certificate)
        return f"is for another host: {names}" if names else "names no host"
    return ""


def _patterns(certificate: Any) -> list[DNSPattern | IPAddressPattern]:
    """
    What *certificate* is for. What is no pattern, such as an address among the names,
    matches nothing, and keeps no other from matching.

    :raises Exception: it has no names, or they cannot be read.
    """
    names = _alternative_names(certificate)
    patterns: list[DNSPattern | IPAddressPattern] = [
        IPAddressPattern(address)
        for address in names.get_values_for_type(x509.IPAddress)
    ]
    for name in names.get_values_for_type(x509.DNSName):
        with suppress(CertificateError):
            patterns.append(DNSPattern.from_bytes(name.encode()))
    return patterns


def _problem(certificate: Any, number: int) -> str:
    """What OpenSSL's verification error *number* says of *certificate*."""
    said = VERIFY_ERRORS.get(number, NOT_TRUSTED_TEXT + f"OpenSSL's error {number}")
    try:
        found = certificate.to_cryptography()
        if number in DATE_ERRORS:
            return f"{said} {getattr(found, DATE_ERRORS[number]).date()}"
        if found.not_valid_after_utc < datetime.now(UTC):
            return f"{said}, and it has expired on {found.not_valid_after_utc.date()}"
    except Exception:  # noqa: BLE001  (OpenSSL calls us: nothing may be raised)
        return said
    return said


def _alternative_names(certificate: Any) -> Any:
    """
    The extension with what *certificate* is for.

    :raises Exception: when it has no such extension, or one that cannot be read.
    """
    extensions = certificate.to_cryptography().extensions
    return extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def _names(certificate: Any) -> str:
    """The host names and addresses that *certificate* is for."""
    try:
        names = _alternative_names(certificate)
        hosts = names.get_values_for_type(x509.DNSName)
        addresses = names.get_values_for_type(x509.IPAddress)
    except Exception:  # noqa: BLE001  (OpenSSL calls us: nothing may be raised)
        return ""
    return ", ".join([*hosts, *map(str, addresses)])

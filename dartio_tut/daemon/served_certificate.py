"""
The certificate that a server shows, read from files again when they change.

A new certificate is used for new connections, and only when it is whole: certificate
and key are two files, which no program can replace in one step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from OpenSSL import SSL
from OpenSSL.crypto import PKey
from twisted.internet.ssl import Certificate
from twisted.logger import Logger

from dartio_tut.wire import set_alpn

from .files_read_again import FilesReadAgain
from .pem_files import (
    check_usable,
    dns_names,
    number_of_key,
    read_certificates,
    read_password,
    read_private_key,
    server_warnings,
    validity_warnings,
)
from .startup import UnusableFileError, unusable_files
from .tls_context import tls_context

EXPIRY_DAYS = 21
"""
Days before the end of a certificate from which on the log warns of it: Let's Encrypt's
are renewed 30 days before, so then something is wrong.
"""

Choose = Callable[[SSL.Connection], None]

_Pair = tuple[list[Certificate], PKey]
"""A certificate with its intermediates, and its key."""

_log = Logger()


class ContextHolder(Protocol):
    """Something that makes secure connections."""

    context: SSL.Context


class Holders:
    """
    Those that make secure connections, and what they begin them with.

    The keys of tickets belong to a context, and pyOpenSSL cannot hand them on. So each
    connection begins with the first one, for as long as the process runs, and is given
    the certificate of the moment in that one's callback for server names: sessions
    outlive a certificate. Where clients must show certificates, they do not, because a
    resumed session asks for none.
    """

    _context: SSL.Context

    def __init__(self) -> None:
        self._holders: list[ContextHolder] = []
        self._is_kept = False

    def add(self, holder: ContextHolder) -> None:
        """Tell *holder*, too, what to begin with."""
        holder.context = self._context
        self._holders.append(holder)

    def renew(self, served: ServedCertificate) -> None:
        """*served* is shown from now on."""
        if self._is_kept:
            return
        self._context, self._is_kept = served.context, not served.has_authorities
        for holder in self._holders:
            holder.context = self._context


class Certificates(Protocol):
    """
    One certificate, or several, as far as endpoints and daemons are concerned.

    What the methods do is said at `ServedCertificate`.
    """

    context: SSL.Context

    @property
    def end(self) -> datetime:
        """When the first of them expires."""

    @property
    def warnings(self) -> Sequence[str]:
        """What is wrong with the certificates, though they can be used."""

    def use_in(self, holder: ContextHolder) -> None:
        """Give *holder* what connections begin with, now and whenever it changes."""

    def offer(self, protocols: Sequence[bytes]) -> None:
        """Offer *protocols* by ALPN from now on, best first."""

    def reload(self) -> None:
        """Read the files again."""

    def reload_if_changed(self) -> None:
        """Read the files again that have changed, or were wrong the last time."""

    def warn_of_expiry(self) -> None:
        """Log how many days are left, if there are few."""

    def expiry_lines(self) -> list[str]:
        """What `warn_of_expiry` would log."""


class ServedCertificate:
    """
    The settings of secure connections, made from files.

    :param cert: PEM file: the server's certificate, then the intermediates.
    :param key: PEM file of the private key.
    :param password_file: a file whose first line is the key's password.
    :param client_ca: PEM file of authorities; clients must show a certificate of one.
    :param minimum: the oldest TLS version to accept, ``1.2`` or ``1.3``.
    :param protocols: what is offered by ALPN, best first.
    :param choose: is called with each connection, and gives it the context of the
        certificate to show; without it, that is this one. It must not raise.
    :raise ValueError: when files do not have what they should, or do not fit.
    :raise OSError: when a file cannot be read.
    :ivar context: the settings of new connections.
    :ivar has_authorities: whether clients must show a certificate of one.
    :ivar warnings: what is wrong with the certificates, though they can be used.
    :ivar path: the file of the certificate.
    :ivar names: the host names that it is for.
    :ivar begin: from when it is valid.
    :ivar end: until when it, and its intermediates, are valid.
    """

    def __init__(
        self,
        cert: str,
        key: str,
        password_file: str | None,
        client_ca: str | None,
        minimum: str,
        protocols: Sequence[bytes],
        choose: Choose | None = None,
    ) -> None:
        self._cert = self.path = cert
        self._key = key
        self._password_file = password_file
        self._client_ca = client_ca
        self._minimum = minimum
        self._protocols = protocols
        self._choose = choose or self._give_context
        self._pair = FilesReadAgain(
            self._read_pair,
            [path for path in (cert, key, password_file) if path],
            f"{cert}: the certificate of before stays in use",
        )
        self._authorities = FilesReadAgain(
            self._read_authorities,
            [client_ca] if client_ca else [],
            f"{cert}: the authorities of before are still trusted",
        )
        self._told: list[str] = []
        self._use()
        self._holders = Holders()
        self._holders.renew(self)

    def use_in(self, holder: ContextHolder) -> None:
        """Give *holder* what connections begin with, now and whenever it changes."""
        self._holders.add(holder)

    def offer(self, protocols: Sequence[bytes]) -> None:
        """Offer *protocols* by ALPN from now on, best first."""
        self._protocols = protocols
        set_alpn(self.context, protocols)

    def reload(self) -> None:
        """Read the files again. What is wrong with them is logged, and the old stay."""
        due = self._due()
        new = [part for part in self._parts() if part.read_again(repeats_fault=True)]
        if any(part.fault for part in self._parts()):
            new = [part for part in new if part in due]  # the others are as before
        self._use_new(new)

    def reload_unless_same(self) -> None:
        """As `reload`, but files that are the same, and were right, are not read."""
        self._use_new([p for p in self._due() if p.read_again(repeats_fault=True)])

    def reload_if_changed(self) -> None:
        """Read the files again that have changed, or were wrong the last time."""
        self._use_new([part for part in self._due() if part.read_again()])

    def _parts(self) -> list[FilesReadAgain[Any]]:
        """The certificate with its key, and the authorities: each for itself."""
        return [self._pair, self._authorities]

    def _due(self) -> list[FilesReadAgain[Any]]:
        return [part for part in self._parts() if part.is_due()]

    def _use_new(self, parts: Sequence[FilesReadAgain[Any]]) -> None:
        """Use what was read of these *parts*."""
        if not parts:
            return
        self._use()
        self._holders.renew(self)
        _log.info(
            "{cert}: this certificate is used from now on; it is valid until {end}"
            if self._pair in parts
            else "{cert}: clients are checked against {client_ca} as it is now",
            cert=self._cert,
            client_ca=self._client_ca,
            end=f"{self.end:%F}",
        )
        for warning in self.warnings:
            _log.warn("{line}", line=warning)
        self.warn_of_expiry()

    def warn_of_expiry(self, now: datetime | None = None) -> None:
        """Log how many days are left, if there are few, and what is not valid."""
        for line in self.lines_of_day(now):
            _log.warn("{line}", line=line)

    def lines_of_day(self, now: datetime | None = None) -> list[str]:
        """
        What is to be logged each day. The first time, without what `warnings` have: it
        was logged when the files were read.
        """
        told, self._told = self._told, []
        invalid = [line for line in self._invalid(now) if line not in told]
        return [*invalid, *self.expiry_lines(now)]

    def expiry_lines(self, now: datetime | None = None) -> list[str]:
        """Lines that say how many days are left, if there are few."""
        now = now or datetime.now(UTC)
        lines = []
        for subject, certificates in (
            (f"{self._cert}: the certificate", self._pair.value[0]),
            (f"{self._client_ca}: an authority of clients", self._authorities.value),
        ):
            ends = [end for end in map(_end_of, certificates) if end >= now]
            left = min(ends, default=datetime.max.replace(tzinfo=UTC)) - now
            if left.days < EXPIRY_DAYS:
                when = f"{now + left:%F}, in {left.days} days"
                lines.append(f"{subject} expires on {when}")
        return lines

    def _invalid(self, now: datetime | None = None) -> list[str]:
        """A line for each certificate that is not valid."""
        return [
            *validity_warnings(self._cert, self._pair.value[0], now),
            *validity_warnings(self._client_ca or "", self._authorities.value, now),
        ]

    def _read_pair(self) -> _Pair:
        """The certificate with its intermediates, and its key."""
        with unusable_files("the certificate"):
            chain = read_certificates(self._cert)
            check_usable(self._cert, chain[0])
        private = self._private_key(chain)
        try:
            tls_context(chain, private, (), self._minimum)
        except SSL.Error as error:
            raise UnusableFileError(_fault(error, self._cert)) from None
        return chain, private

    def _read_authorities(self) -> list[Certificate]:
        if not self._client_ca:
            return []
        with unusable_files("the authorities of clients in"):
            return read_certificates(self._client_ca)

    def _use(self) -> None:
        """Make the settings from what was read last."""
        (chain, private), authorities = self._pair.value, self._authorities.value
        context = tls_context(chain, private, authorities, self._minimum)
        set_alpn(context, self._protocols)
        context.set_tlsext_servername_callback(self._choose)
        self.context = context
        self.has_authorities = bool(authorities)
        self.warnings = [*self._invalid(), *server_warnings(self._cert, chain)]
        self._told = self.warnings
        self.names = dns_names(chain[0].original.to_cryptography())
        self.begin = chain[0].original.to_cryptography().not_valid_before_utc
        self.end = min(map(_end_of, chain))

    def _give_context(self, connection: SSL.Connection) -> None:
        connection.set_context(self.context)

    def _private_key(self, chain: Sequence[Certificate]) -> PKey:
        """The key of the first certificate in *chain*."""
        password = None
        if self._password_file is not None:
            with unusable_files("the password of the key in"):
                password = read_password(self._password_file)
        with unusable_files("the key"):
            key = read_private_key(self._key, password)
        number = number_of_key(key, chain)
        if number is None:
            raise UnusableFileError(
                f"{self._key}: not the key of the certificate in {self._cert}"
            )
        if number:
            raise UnusableFileError(
                f"{self._cert}: the server's certificate must come first; {self._key} "
                f"is the key of number {number + 1} in it"
            )
        return key


def _end_of(certificate: Certificate) -> datetime:
    end: datetime = certificate.original.to_cryptography().not_valid_after_utc
    return end


def _fault(error: SSL.Error, cert: str) -> str:
    """What OpenSSL has against a certificate."""
    faults = error.args[0] if error.args else []
    return f"{cert}: {faults[-1][-1] if faults else 'OpenSSL refuses it'}"

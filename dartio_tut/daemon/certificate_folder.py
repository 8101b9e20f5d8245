"""
A folder of certificates: each client is shown the one for the name that it asks for.

The name comes in the first message of the handshake (SNI, RFC 6066 section 3). Which
names a certificate is for stands in the certificate itself; how its files are called
only says which two belong together:

| Written by            | certificate and intermediates | key                |
|-----------------------|-------------------------------|--------------------|
| certbot, dehydrated   | ``NAME/fullchain.pem``        | ``NAME/privkey.pem`` |
| lego                  | ``NAME.crt``                  | ``NAME.key``       |

A client that asks for no name, or for one without a certificate, is shown the default
one: that of ``--cert``, or else the first by the names of the files, as with HAProxy's
``crt``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial

from OpenSSL import SSL
from twisted.logger import Logger

from .served_certificate import ContextHolder, Holders, ServedCertificate
from .startup import error_text

ISSUER_SUFFIX = ".issuer.crt"
"""How lego calls the intermediates, which ``NAME.crt`` has already."""

Pair = tuple[str, str]
"""The paths of a certificate and of its key."""

_log = Logger()


def find_pairs(folder: str) -> list[Pair]:
    """
    The certificates in *folder*, each with its key, by their names.

    A file may be missing: then one of the two was forgotten.

    :raise ValueError: when there is no certificate.
    :raise OSError: when the folder cannot be read.
    """
    found: list[Pair] = []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        inside = os.path.join(path, "fullchain.pem"), os.path.join(path, "privkey.pem")
        if name.startswith("."):
            continue
        if any(map(os.path.lexists, inside)):
            found.append(inside)
        elif name.endswith(".crt") and not name.endswith(ISSUER_SUFFIX):
            found.append((path, f"{path.removesuffix('.crt')}.key"))
    if not found:
        raise ValueError(
            f"{folder}: no certificates in it; NAME.crt with NAME.key, or "
            "NAME/fullchain.pem with NAME/privkey.pem, are expected"
        )
    return found


class NameTable:
    """
    Finds the certificate for a name.

    Of several for one name, the one that is valid longest is taken: others are often
    left over from before. One that is not valid yet is taken only if there is no other.

    :param now: the time.
    """

    def __init__(
        self, certificates: Iterable[ServedCertificate], now: datetime
    ) -> None:
        self._made = now
        known = sorted(certificates, key=lambda c: (c.begin <= now, c.end))
        later = (certificate.begin for certificate in known if certificate.begin > now)
        self._next: datetime | None = min(later, default=None)
        self._by_name: dict[str, ServedCertificate] = {}
        for certificate in known:
            for name in certificate.names:
                self._by_name[name.lower()] = certificate

    def is_old(self, now: datetime) -> bool:
        """Whether another certificate has become valid since this was made."""
        return self._next is not None and self._next <= now

    def find(self, name: str, now: datetime | None = None) -> ServedCertificate | None:
        """
        The certificate for *name*, if there is one.

        A wildcard stands for one label (RFC 6125 section 6.4.3). Its certificate is
        taken if there is no other, or if it is valid and the other is not.

        :param now: the time, if it is later than when this was made.
        """
        name = name.lower().removesuffix(".")
        found = self._by_name.get(name)
        wildcard = self._by_name.get(f"*.{name.partition('.')[2]}")
        if found is None or wildcard is None:
            return found or wildcard
        now = now or self._made
        is_wild = _is_valid(wildcard, now) and not _is_valid(found, now)
        return wildcard if is_wild else found


def _is_valid(certificate: ServedCertificate, now: datetime) -> bool:
    return bool(certificate.begin <= now <= certificate.end)


class CertificateFolder:
    """
    The settings of secure connections, for each of the names in *folder*.

    :param make: reads a certificate and its key, such as a part of `ServedCertificate`.
    :param default: is shown to clients whose name has no other.
    :param is_later: whether all of them were right when the daemon was started: then
        one that is broken is left out, as when a daemon goes on.
    :param now: tells the time.
    :raise ValueError: when there are no certificates, or one of them is wrong.
    :raise OSError: when a file cannot be read.
    :ivar context: the settings of new connections whose name has no other.
    """

    context: SSL.Context

    def __init__(
        self,
        folder: str,
        make: Callable[..., ServedCertificate],
        default: Pair | None = None,
        is_later: bool = False,
        now: Callable[[], datetime] = partial(datetime.now, UTC),  # noqa: B008
    ) -> None:
        self._now = now
        self._folder = folder
        self._make = partial(make, choose=self._choose)
        self._holders = Holders()
        self._protocols: Sequence[bytes] | None = None
        self._broken: dict[Pair, str] = {}
        self._fault = ""
        read = self._read if is_later else lambda pair: self._make(*pair)
        self._given_pair = default
        self._given = read(default) if default else None
        self._served = self._usable({pair: read(pair) for pair in find_pairs(folder)})
        self._choose_from_these()
        _log.info(
            "{folder}: {count} certificates; other names are shown {default}",
            folder=folder,
            count=len(self._served),
            default=self._default.path,
        )

    @property
    def warnings(self) -> list[str]:
        """What is wrong with the certificates, though they can be used."""
        return [line for served in self._all() for line in served.warnings]

    def expiry_lines(self, now: datetime | None = None) -> list[str]:
        """A line for each that expires soon."""
        lines = [line for served in self._all() for line in served.expiry_lines(now)]
        return list(dict.fromkeys(lines))  # all may have the authorities of clients

    @property
    def end(self) -> datetime:
        """When the first of them expires."""
        return min(served.end for served in self._all())

    def warn_of_expiry(self, now: datetime | None = None) -> None:
        """Log which of them expire soon, or are not valid."""
        lines = [line for served in self._all() for line in served.lines_of_day(now)]
        for line in dict.fromkeys(lines):
            _log.warn("{line}", line=line)

    def use_in(self, holder: ContextHolder) -> None:
        """Give *holder* what connections begin with, now and whenever it changes."""
        self._holders.add(holder)

    def offer(self, protocols: Sequence[bytes]) -> None:
        """Offer *protocols* by ALPN from now on, best first."""
        self._protocols = protocols
        for served in self._all():
            served.offer(protocols)

    def reload(self) -> None:
        """
        Read again what is new in the folder, has changed, or was wrong. What still is
        wrong is logged, and the old stays.
        """
        self._fault = ""
        self._broken.clear()
        self._look(ServedCertificate.reload_unless_same)

    def reload_if_changed(self) -> None:
        """Read again what is new in the folder, has changed, or was wrong."""
        self._look(ServedCertificate.reload_if_changed)

    def _look(self, reload: Callable[[ServedCertificate], None]) -> None:
        before = [served.context for served in self._all()]
        try:
            found = self._found()
        except (OSError, ValueError) as error:
            self._keep_all(error_text(error))
            found = self._served
        else:
            self._fault = ""
        for pair in self._served.keys() - found.keys():
            _log.info("{cert}: this certificate is gone", cert=pair[0])
        old = [served for pair, served in found.items() if pair in self._served]
        self._served = found
        for served in (*filter(None, (self._given,)), *old):
            reload(served)
        after = [served.context for served in self._all()]
        if after != before or self._table.is_old(self._now()):
            self._choose_from_these()

    def _found(self) -> dict[Pair, ServedCertificate]:
        """
        Those that are in the folder now, and can be used.

        :raise ValueError: when there is no certificate.
        :raise OSError: when the folder cannot be read.
        """
        pairs = find_pairs(self._folder)
        if self._given is None and self._given_pair is not None:
            self._given = self._read_new(self._given_pair)
        known = (*pairs, self._given_pair)
        self._broken = {p: why for p, why in self._broken.items() if p in known}
        found = {pair: self._served.get(pair) or self._read_new(pair) for pair in pairs}
        return self._usable(found)

    def _usable(
        self, found: dict[Pair, ServedCertificate | None]
    ) -> dict[Pair, ServedCertificate]:
        """
        Those of *found* that can be used.

        :raise ValueError: when none can be used.
        """
        usable = {pair: served for pair, served in found.items() if served}
        if not usable:
            raise ValueError(f"{self._folder}: none of its certificates can be used")
        return usable

    def _keep_all(self, fault: str) -> None:
        if fault != self._fault:
            self._fault = fault
            _log.error("The certificates of before stay in use: {reason}", reason=fault)

    def _read_new(self, pair: Pair) -> ServedCertificate | None:
        """As `_read`; and the log tells of a new one."""
        served = self._read(pair)
        if served is not None:
            _log.info(
                "{cert}: this certificate is used from now on; it is valid until {end}",
                cert=pair[0],
                end=f"{served.end:%F}",
            )
            for line in (*served.warnings, *served.expiry_lines()):
                _log.warn("{line}", line=line)
        return served

    def _read(self, pair: Pair) -> ServedCertificate | None:
        """What the files of *pair* have, unless that is wrong: then it is said once."""
        try:
            served = self._make(*pair)
        except (OSError, ValueError) as error:
            reason = error_text(error)
            if self._broken.get(pair) != reason:
                self._broken[pair] = reason
                _log.error(
                    "{cert}: this certificate is not used: {reason}",
                    cert=pair[0],
                    reason=reason,
                )
            return None
        if self._protocols is not None:
            served.offer(self._protocols)
        return served

    def _all(self) -> list[ServedCertificate]:
        given = [] if self._given is None else [self._given]
        return [*given, *self._served.values()]

    def _choose(self, connection: SSL.Connection) -> None:
        name = connection.get_servername()
        found = self._find(name.decode("ascii", "replace")) if name else None
        connection.set_context((found or self._default).context)

    def _find(self, name: str) -> ServedCertificate | None:
        return self._table.find(name, self._now())

    def _choose_from_these(self) -> None:
        self._default = self._all()[0]
        self._table = NameTable(self._served.values(), self._now())
        self.context = self._default.context
        self._holders.renew(self._default)

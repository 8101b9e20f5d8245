"""
``--self-signed``: a certificate that the daemon makes for localhost and this host.

All servers of a user share one, so that a person trusts it once. It is made anew before
it expires, also while a daemon runs: the daemon then finds that its files have changed,
as it does with any other certificate.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from shlex import quote

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from platformdirs import user_state_path
from twisted.application.internet import TimerService
from twisted.logger import Logger

from dartio_tut.wire import canonical_host, is_address

from .allowed_hosts import own_host_names
from .certificate import localhost_certificate
from .pem_files import dns_names
from .startup import error_text

RENEWAL_CHECK_SECONDS = 24 * 3600.0
"""Seconds between two looks at how long the certificate is still good."""

_log = Logger()


def self_signed_folder() -> str:
    """
    Where the certificate is kept unless somebody says where: below the user's state
    folder (``$XDG_STATE_HOME``, usually ``~/.local/state``).
    """
    return str(user_state_path("dartio_tut") / "self-signed")


def names_of_this_host() -> list[str]:
    """The names by which others reach this host."""
    found = map(canonical_host, own_host_names())
    return [
        name
        for name in found
        if not is_address(name) and name.partition(".")[0] != "localhost"
    ]


def self_signed_certificate(folder: str, only_check: bool = False) -> tuple[str, str]:
    """
    The files of a certificate for localhost and this host, and of its key.

    :param only_check: whether to leave *folder* as it is.
    :raise ValueError: when there are files of these names that were not made here.
    :raise OSError: when they can be neither read nor written.
    """
    return localhost_certificate(folder, only_check, names_of_this_host())


def trust_lines(cert: str) -> list[str]:
    """
    How to trust the certificate in the file *cert*: lines for a person.

    :raise OSError: when it cannot be read.
    """
    with open(cert, "rb") as file:
        made = x509.load_pem_x509_certificate(file.read())
    fingerprint = made.fingerprint(SHA256()).hex(":").upper()
    names = ", ".join(dns_names(made))
    path = quote(cert)
    return [
        f"Using a certificate that signs itself, for {names}: {cert}",
        f"To trust it: curl --cacert {path}; dartio get --cacert {path}",
        f"In a browser, compare its SHA-256 before you accept it: {fingerprint}",
    ]


class Renewal(TimerService):
    """
    Makes the certificate in *folder* anew in time, while a daemon runs.

    :param make: makes it, if it is time.
    """

    def __init__(
        self,
        folder: str,
        make: Callable[[str], object] = self_signed_certificate,
    ) -> None:
        super().__init__(RENEWAL_CHECK_SECONDS, self._renew)
        self._folder = os.path.abspath(folder)
        self._make = make

    def _renew(self) -> None:
        try:
            self._make(self._folder)
        except (OSError, ValueError) as error:
            _log.error(
                "Cannot renew the certificate: {reason}", reason=error_text(error)
            )

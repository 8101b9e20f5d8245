"""
The certificate with which a server speaks TLS, on whatever socket it listens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from twisted.python.usage import UsageError

from .help_text import LISTENING
from .option import flag, option
from .parsing import absolute_path

CERTIFICATE_OPTIONS = (
    option(
        "cert",
        "PEM file with the server's certificate and its intermediates: serve HTTPS.",
        absolute_path,
        letter="c",
        group=LISTENING,
        is_path=True,
    ),
    option(
        "key",
        "PEM file with the certificate's private key.",
        absolute_path,
        letter="k",
        group=LISTENING,
        is_path=True,
    ),
    option(
        "key-password-file",
        "File whose first line is the password of the key.",
        absolute_path,
        group=LISTENING,
        is_path=True,
    ),
    flag("no-http2", "Offer HTTP/1.1 only over TLS.", group=LISTENING),
    flag(
        "h2c",
        "Let clients begin with HTTP/2 on ports without TLS, too.",
        group=LISTENING,
    ),
)


class CertificateFiles(NamedTuple):
    """Paths of PEM files, and of the file with the key's password if it has one."""

    certificate: str
    key: str
    password_file: str | None = None


def certificate_of(options: Mapping[str, Any]) -> CertificateFiles | None:
    """The files that *options* name; None when they name no certificate."""
    if options["cert"] is None:
        return None
    return CertificateFiles(
        options["cert"], options["key"], options["key-password-file"]
    )


def check_certificate_options(options: Mapping[str, Any]) -> None:
    """
    See that certificate and key come together.

    :raise UsageError: when one is given without the other.
    """
    if (options["cert"] is None) != (options["key"] is None):
        raise UsageError("--cert and --key go together")
    if options["key-password-file"] is not None and options["key"] is None:
        raise UsageError("--key-password-file goes with --key")

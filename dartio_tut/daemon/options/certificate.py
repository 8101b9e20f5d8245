"""
The certificate with which a server speaks TLS, on whatever socket it listens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from twisted.logger import Logger
from twisted.python.usage import UsageError

from ..https_endpoint import https_endpoint_string
from ..privileges import running_as_daemon_user
from ..self_signed import (
    self_signed_certificate,
    self_signed_folder,
    trust_lines,
)
from ..startup import startup_errors
from .help_text import LISTENING
from .option import flag, option
from .parsing import absolute_path, existing_folder, port_number, whole_number
from .passed import port_or_socket

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
    option(
        "cert-folder",
        "Folder of certificates by name: NAME.crt with NAME.key, or NAME/fullchain.pem "
        "with NAME/privkey.pem; --cert and --key are for other names.",
        existing_folder,
        group=LISTENING,
        is_path=True,
    ),
    option(
        "client-ca",
        "PEM file of authorities: clients must show a certificate of one of them.",
        absolute_path,
        group=LISTENING,
        is_path=True,
    ),
    flag(
        "self-signed",
        "Serve HTTPS with a certificate for localhost and this host, which is made "
        "once and signs itself.",
        group=LISTENING,
    ),
    option(
        "self-signed-folder",
        "Folder of the certificate of --self-signed; without it, a folder in your "
        "state folder.",
        absolute_path,
        group=LISTENING,
        is_path=True,
    ),
    option(
        "redirect-http",
        "Port without TLS that sends clients to HTTPS, usually 80, or systemd:NAME, a "
        "socket that systemd passed.",
        port_or_socket,
        group=LISTENING,
    ),
    option(
        "https-port",
        "Port of HTTPS as clients see it, for --redirect-http; without it, the one "
        "that is listened on.",
        port_number,
        group=LISTENING,
    ),
    option(
        "acme-folder",
        "Folder in which certbot or lego puts .well-known/acme-challenge, which "
        "--redirect-http serves.",
        existing_folder,
        group=LISTENING,
        is_path=True,
    ),
    option(
        "hsts",
        "Seconds for which browsers are told to use HTTPS only.",
        whole_number,
        group=LISTENING,
    ),
    flag("no-http2", "Offer HTTP/1.1 only over TLS.", group=LISTENING),
    flag(
        "h2c",
        "Let clients begin with HTTP/2 on ports without TLS, too.",
        group=LISTENING,
    ),
)

TLS_ONLY = frozenset(
    ("acme-folder", "client-ca", "hsts", "https-port", "no-http2", "redirect-http")
)
"""Options that are for servers with TLS."""

_log = Logger()


class CertificateFiles(NamedTuple):
    """
    Paths of PEM files, and of the file with the key's password if it has one.

    With a folder of others, there may be none.
    """

    certificate: str | None
    key: str | None
    password_file: str | None = None


def certificate_of(options: Mapping[str, Any]) -> CertificateFiles | None:
    """The files that *options* name; None when they name no certificate."""
    if options["cert"] is None and options["cert-folder"] is None:
        return None
    return CertificateFiles(
        options["cert"], options["key"], options["key-password-file"]
    )


def make_self_signed(
    options: Mapping[str, Any], twistd: Mapping[str, Any]
) -> CertificateFiles:
    """
    The files of the certificate of ``--self-signed``, which are made if need be.

    :param twistd: the options of twistd, which name the user that the daemon will be.
    :raise StartupError: when they can be neither read nor written.
    """
    with startup_errors("--self-signed"), running_as_daemon_user(twistd):
        made = self_signed_certificate(folder_of_self_signed(options), options["check"])
        if not options["check"]:
            for line in trust_lines(made[0]):
                _log.info("{line}", line=line)
    return CertificateFiles(*made)


def folder_of_self_signed(options: Mapping[str, Any]) -> str:
    """Where the certificate of ``--self-signed`` is kept."""
    return options["self-signed-folder"] or self_signed_folder()


def https_endpoint_of(
    files: CertificateFiles, options: Mapping[str, Any], **where: str | int | None
) -> str:
    """
    The endpoint string that serves HTTPS with *files* as *options* say.

    :param where: the port with its interface, or another endpoint that it is over.
    """
    where["http2"] = "no" if options["no-http2"] else None
    where["certFolder"] = options["cert-folder"]
    where["clientCA"] = options["client-ca"]
    cert, key, password_file = files
    return https_endpoint_string(cert, key, password_file, **where)


def names_certificate(options: Mapping[str, Any]) -> bool:
    """Whether *options* name a certificate, or have one made."""
    named = (options["cert"], options["key"], options["cert-folder"])
    return any(path is not None for path in named) or bool(options["self-signed"])


def check_certificate_options(
    options: Mapping[str, Any], always_tls: bool = False
) -> None:
    """
    See that the options of TLS go together.

    :param always_tls: whether the server speaks TLS even without a certificate.
    :raise UsageError: when some do not.
    """
    if (options["cert"] is None) != (options["key"] is None):
        raise UsageError("--cert and --key go together")
    has_key = options["key"] is not None or options["cert-folder"] is not None
    if options["key-password-file"] is not None and not has_key:
        raise UsageError("--key-password-file goes with --key")
    if options["self-signed"] and options["cert"] is not None:
        raise UsageError("--self-signed makes a certificate: leave out --cert")
    if options["self-signed-folder"] is not None and not options["self-signed"]:
        raise UsageError("--self-signed-folder goes with --self-signed")
    has_certificate = names_certificate(options)
    if options["no-http2"] and not (has_certificate or always_tls):
        raise UsageError("--no-http2 goes with --cert and --key")
    for name in ("client-ca", "redirect-http", "hsts"):
        if options[name] is not None and not (has_certificate or always_tls):
            raise UsageError(f"--{name} goes with --cert and --key")
    for name in ("https-port", "acme-folder"):
        if options[name] is not None and options["redirect-http"] is None:
            raise UsageError(f"--{name} goes with --redirect-http")
    if options["https-port"] == 0:
        raise UsageError("--https-port: clients need the number of a port, not 0")
    if options["h2c"] and has_certificate:
        raise UsageError("--h2c is for ports without TLS: leave out --cert")

"""
A certificate for localhost, made when none was given.

It signs itself, so that a browser warns: it is for trying TLS out, and lets
``curl --cacert`` check that the server is the one whose file was named. It may sign no
other: whoever trusts it trusts this one server.
"""

from __future__ import annotations

import fcntl
import os
from atexit import register
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from errno import EACCES, ENOTDIR
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from twisted.logger import Logger

from .pem_files import dns_names, is_leaf

LIFETIME = timedelta(days=397)
"""The longest that browsers accept from an authority (CA/Browser Forum, 2020)."""

RENEW_BEFORE = timedelta(days=30)
"""A certificate this close to its end is made anew at start, as ACME clients do."""

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
"""The subject of what is made here, and its issuer."""

ADDRESSES = (ip_address("127.0.0.1"), ip_address("::1"))
"""What else it is for, by which it is told from others of that name."""

_log = Logger()

_SIGNS_HANDSHAKES_ONLY = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def localhost_certificate(
    folder: str, only_check: bool = False, hosts: Sequence[str] = ()
) -> tuple[str, str]:
    """
    The files of a certificate for localhost and of its key, kept in *folder*.

    :param only_check: whether to leave *folder* as it is; if they would have to be
        made, they are in a folder that is removed when the process ends.
    :param hosts: other names that the certificate is to have.
    :raise ValueError: when there are files of these names that were not made here.
    :raise OSError: when they can be neither read nor written.
    :return: the path of the certificate and the path of the key.
    """
    certificate, key = Path(folder, "cert.pem"), Path(folder, "key.pem")
    if _are_good(certificate, key, hosts):
        return str(certificate), str(key)
    _check_were_made_here(certificate, key)
    if only_check:
        _check_can_be_made(Path(folder))
        folder = mkdtemp()
        register(rmtree, folder)
        certificate, key = Path(folder, "cert.pem"), Path(folder, "key.pem")
    Path(folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(folder):
        if not _are_good(certificate, key, hosts):  # somebody else has been faster
            if key.exists() and not _belong_together(certificate, key):
                _keep(key)
            _make(certificate, key, hosts)
    return str(certificate), str(key)


@contextmanager
def _locked(folder: str) -> Iterator[None]:
    """Let no other process make the two files meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _check_were_made_here(certificate: Path, key: Path) -> None:
    """
    See that files that are there may be replaced.

    :raise ValueError: when they are somebody else's.
    """
    theirs = None
    try:
        if _is_made_here(certificate) is False:
            theirs = certificate
    except (FileNotFoundError, NotADirectoryError):
        theirs = key if key.exists() else None
    if theirs is not None:
        raise ValueError(f"{theirs}: it was not made here; name another folder")


def _is_made_here(certificate: Path) -> bool | None:
    """
    Whether it is one of ours; ``None`` if it is damaged.

    :raise OSError: when it cannot be read.
    """
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        if not found.subject == found.issuer == NAME:
            return False
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return False
    except ValueError:
        return None
    return set(ADDRESSES) <= set(names.value.get_values_for_type(x509.IPAddress))


def _belong_together(certificate: Path, key: Path) -> bool:
    """Whether both can be read, and belong together."""
    try:
        made = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = load_pem_private_key(key.read_bytes(), None)
    except (FileNotFoundError, NotADirectoryError, TypeError, ValueError):
        return False
    return made.public_key() == private.public_key()


def _keep(key: Path) -> None:
    """Keep a key that does not belong to the certificate: it may be somebody else's."""
    names = (key.with_name(f"{key.name}.old{n or ''}") for n in count())
    kept = next(name for name in names if not name.exists())
    key.rename(kept)
    _log.warn(
        "{key}: it does not belong to the certificate, and is kept as {kept}",
        key=str(key),
        kept=str(kept),
    )


def _are_good(certificate: Path, key: Path, hosts: Sequence[str]) -> bool:
    """
    Whether the two belong together, for a while yet, may sign no other, and have the
    names of all *hosts*.
    """
    if not _belong_together(certificate, key):
        return False
    made = x509.load_pem_x509_certificate(certificate.read_bytes())
    if made.not_valid_after_utc - datetime.now(UTC) <= RENEW_BEFORE:
        return False
    named = set(hosts) <= set(dns_names(made))
    return named and is_leaf(made)


def _check_can_be_made(folder: Path) -> None:
    found = folder.absolute()
    while not os.path.lexists(found):
        found = found.parent
    if not found.is_dir():
        raise NotADirectoryError(ENOTDIR, "it is not a folder", str(found))
    if not os.access(found, os.W_OK | os.X_OK):
        raise PermissionError(EACCES, os.strerror(EACCES), str(found))


def _make(certificate: Path, key: Path, hosts: Sequence[str]) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = [x509.DNSName(n) for n in ("localhost", *hosts)]
    names += map(x509.IPAddress, ADDRESSES)
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(NAME, NAME, private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_SIGNS_HANDSHAKES_ONLY, critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(private.public_key()),
            critical=False,
        )
        .sign(private, SHA256())
    )
    # In this order a key never stands alone: it would be taken for somebody else's.
    _write(certificate, signed.public_bytes(Encoding.PEM), 0o644)
    _write(
        key,
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        0o600,
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Put *content* at *path* in one step, never readable by others in between."""
    new = path.with_suffix(f".new-{os.getpid()}")
    new.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with open(os.open(new, flags, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise

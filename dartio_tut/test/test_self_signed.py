"""The certificate that a daemon makes for localhost and its host."""

from __future__ import annotations

import errno
import os
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import (
    CertificateFiles,
    ServerOptions,
    StartupError,
    certificate,
    localhost_certificate,
    private_file_paths,
)
from dartio_tut.daemon.pem_files import dns_names
from dartio_tut.daemon.self_signed import (
    RENEWAL_CHECK_SECONDS,
    Renewal,
    names_of_this_host,
    self_signed_certificate,
    trust_lines,
)

from .support.signer import Signer
from .support.startup_case import StartupCase


def read(path: str) -> x509.Certificate:
    """The certificate in the file *path*."""
    return x509.load_pem_x509_certificate(Path(path).read_bytes())


class NamesTests(SynchronousTestCase):
    """For which names it is."""

    def names(self, hostname: str) -> list[str]:
        self.patch(socket, "gethostname", lambda: hostname)
        return names_of_this_host()

    def test_short_name_is_announced_in_the_local_network_too(self) -> None:
        self.assertEqual(self.names("Desk"), ["desk", "desk.local"])

    def test_full_name_is_taken_as_it_is(self) -> None:
        self.assertEqual(self.names("desk.example."), ["desk.example"])

    def test_what_is_no_name_of_this_host_is_left_out(self) -> None:
        for hostname in ("", "localhost", "localhost.localdomain", "10.0.0.1", "a b"):
            self.assertEqual((hostname, self.names(hostname)), (hostname, []))

    def test_certificate_has_the_names_of_this_host(self) -> None:
        self.patch(socket, "gethostname", lambda: "desk")
        cert, _ = self_signed_certificate(self.mktemp())
        self.assertEqual(dns_names(read(cert)), ["localhost", "desk", "desk.local"])

    def test_host_that_has_been_renamed_gets_a_new_certificate(self) -> None:
        folder = self.mktemp()
        cert, _ = localhost_certificate(folder, hosts=["desk"])
        first = read(cert)
        localhost_certificate(folder, hosts=["desk"])
        self.assertEqual(read(cert), first)
        localhost_certificate(folder, hosts=["table"])
        self.assertEqual(dns_names(read(cert)), ["localhost", "table"])


class ReplacementTests(SynchronousTestCase):
    """Which files are replaced."""

    def test_nothing_is_left_of_one_that_does_not_fit_on_the_disk(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()

        def full(descriptor: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        self.patch(os, "fsync", full)
        self.assertRaises(OSError, self_signed_certificate, str(folder))
        self.assertEqual(list(folder.glob("*.new-*")), [])

    def test_certificate_is_made_anew_a_month_before_it_expires(self) -> None:
        folder = self.mktemp()
        self.patch(certificate, "LIFETIME", timedelta(days=29))
        cert, _ = localhost_certificate(folder)
        first = read(cert)
        self.patch(certificate, "LIFETIME", timedelta(days=397))
        localhost_certificate(folder)
        self.assertNotEqual(read(cert), first)

    def test_key_without_its_certificate_is_somebody_elses(self) -> None:
        folder = Path(self.mktemp())
        cert, key = localhost_certificate(str(folder))
        os.remove(cert)
        before = Path(key).read_bytes()
        error = self.assertRaises(ValueError, localhost_certificate, str(folder))
        self.assertEqual(
            str(error), f"{key}: it was not made here; name another folder"
        )
        self.assertEqual(Path(key).read_bytes(), before)

    def test_certificate_of_an_authority_is_never_replaced(self) -> None:
        folder = self.mktemp()
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "example.org")])
        self.patch(certificate, "NAME", name)
        cert, _ = localhost_certificate(folder)
        self.patch(certificate, "NAME", x509.Name([]))
        before = Path(cert).read_bytes()
        error = self.assertRaises(
            ValueError, localhost_certificate, folder, hosts=["desk"]
        )
        self.assertIn("cert.pem: it was not made here", str(error))
        self.assertEqual(Path(cert).read_bytes(), before)

    def test_key_beside_a_certificate_of_another_kind_is_not_lost(self) -> None:
        other = Signer(Path(self.mktemp_folder()), "localhost", hosts=["localhost"])
        foreign = other.key.read_bytes()
        der = x509.load_pem_x509_certificate(other.cert.read_bytes()).public_bytes(
            Encoding.DER
        )
        for content in (der, b"", other.cert.read_bytes()[:-100]):
            folder = Path(self.mktemp_folder())
            (folder / "cert.pem").write_bytes(content)
            (folder / "key.pem").write_bytes(foreign)
            self_signed_certificate(str(folder), only_check=True)
            self.assertEqual(len(list(folder.iterdir())), 2)
            self_signed_certificate(str(folder))
            self.assertEqual((folder / "key.pem.old").read_bytes(), foreign)
            (folder / "cert.pem").write_bytes(b"")
            made = (folder / "key.pem").read_bytes()
            self_signed_certificate(str(folder))
            self.assertEqual((folder / "key.pem.old").read_bytes(), foreign)
            self.assertEqual((folder / "key.pem.old1").read_bytes(), made)
        folder = Path(self.mktemp_folder())
        (folder / "cert.pem").write_bytes(other.cert.read_bytes())
        (folder / "key.pem").write_bytes(foreign)
        error = self.assertRaises(ValueError, self_signed_certificate, str(folder))
        self.assertIn("cert.pem: it was not made here", str(error))
        self.assertEqual((folder / "key.pem").read_bytes(), foreign)

    def test_key_that_is_not_that_of_our_certificate_is_kept(self) -> None:
        folder = Path(self.mktemp_folder())
        self_signed_certificate(str(folder))
        foreign = Signer(Path(self.mktemp_folder()), "a").key.read_bytes()
        (folder / "key.pem").write_bytes(foreign)
        self_signed_certificate(str(folder))
        self.assertEqual((folder / "key.pem.old").read_bytes(), foreign)
        self.assertEqual(len(list(folder.iterdir())), 3)

    def mktemp_folder(self) -> str:
        """The path of a new folder."""
        folder: str = self.mktemp()
        os.makedirs(folder)
        return folder

    def test_certificate_whose_key_is_missing_is_made_anew(self) -> None:
        folder = self.mktemp()
        cert, key = localhost_certificate(folder)
        first = read(cert)
        os.remove(key)
        localhost_certificate(folder)
        self.assertNotEqual(read(cert), first)
        self.assertTrue(os.path.exists(key))


class RenewalTests(SynchronousTestCase):
    """`Renewal`."""

    def test_it_looks_once_a_day_until_it_is_stopped(self) -> None:
        clock, made = Clock(), list[str]()
        renewal = Renewal("/folder", made.append)
        renewal.clock = clock
        renewal.startService()
        clock.advance(RENEWAL_CHECK_SECONDS)
        self.assertEqual(made, ["/folder"] * 2)
        self.successResultOf(renewal.stopService())
        self.assertEqual(clock.getDelayedCalls(), [])

    def test_failure_is_logged_and_tried_again(self) -> None:
        def fail(folder: str) -> None:
            raise PermissionError(13, "Permission denied", folder)

        events: list[Any] = []
        observer = cast("ILogObserver", events.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        clock, renewal = Clock(), Renewal("/folder", fail)
        renewal.clock = clock
        renewal.startService()
        clock.advance(RENEWAL_CHECK_SECONDS)
        said = [formatEvent(event) for event in events]
        line = "Cannot renew the certificate: /folder: Permission denied"
        self.assertEqual(said, [line] * 2)
        self.successResultOf(renewal.stopService())


class OptionTests(StartupCase):
    """``--self-signed`` and ``--self-signed-folder``."""

    def parsed(self, *line: str) -> ServerOptions:
        options = ServerOptions()
        options.parseOptions(list(line))
        return options

    def test_certificate_is_made_in_the_folder_that_was_named(self) -> None:
        folder = os.path.abspath(self.mktemp())
        options = self.parsed("--self-signed", "--self-signed-folder", folder)
        files = options.certificate()
        expected = CertificateFiles(f"{folder}/cert.pem", f"{folder}/key.pem")
        self.assertEqual(files, expected)
        self.assertEqual(options.certificate(), expected)
        (renewal,) = options.beside  # asked twice, and renewed once
        self.assertIsInstance(renewal, Renewal)

    def test_check_makes_nothing(self) -> None:
        folder = self.mktemp()
        options = self.parsed(
            "--self-signed", "--self-signed-folder", folder, "--check"
        )
        self.assertTrue(options.certificate())
        self.assertFalse(os.path.exists(folder))

    def test_lines_say_how_to_trust_it(self) -> None:
        folder = os.path.abspath(f"{self.mktemp()} with spaces")
        cert, _ = localhost_certificate(folder, hosts=["desk"])
        said = "\n".join(trust_lines(cert))
        self.assertIn(f"for localhost, desk: {cert}\n", said)
        self.assertIn(f"curl --cacert '{cert}'; dartio get --cacert '{cert}'\n", said)
        self.assertRegex(said, r"accept it: ([0-9A-F]{2}:){31}[0-9A-F]{2}$")

    def test_its_key_is_private(self) -> None:
        folder = os.path.abspath(self.mktemp())
        options = self.parsed("--self-signed", "--self-signed-folder", folder)
        self.assertIn(f"{folder}/key.pem", private_file_paths(options))

    def test_options_that_do_not_go_together_are_refused(self) -> None:
        for line, said in [
            (
                ["--self-signed", "--cert", "c", "--key", "k"],
                "--self-signed makes a certificate: leave out --cert",
            ),
            (
                ["--self-signed-folder", "f"],
                "--self-signed-folder goes with --self-signed",
            ),
            (["--self-signed", "--h2c"], "--h2c is for ports without TLS"),
        ]:
            error = self.assertRaises(StartupError, self.parsed, *line)
            self.assertIn(said, error.line)

    def test_folder_that_cannot_be_made_is_named(self) -> None:
        path = self.mktemp()
        Path(path).touch()
        options = self.parsed("--self-signed", "--self-signed-folder", f"{path}/in")
        error = self.assertRaises(StartupError, options.certificate)
        self.assertRegex(error.line, r"^--self-signed: .*Not a directory$")
        self.assertEqual(error.code, 78)

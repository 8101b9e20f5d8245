"""A folder of certificates, of which each client is shown the one for its name."""

from __future__ import annotations

import contextlib  # its suppress, imported by name, would be trial's own suppress
import os
import shutil
import ssl
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from OpenSSL import SSL
from twisted.logger import ILogObserver, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import (
    ServerOptions,
    StartupError,
    certificate,
    localhost_certificate,
    private_file_paths,
)
from dartio_tut.daemon.certificate_folder import (
    CertificateFolder,
    NameTable,
    find_pairs,
)
from dartio_tut.daemon.served_certificate import ServedCertificate

from .support.handshakes import VERSIONS, Client, only, shake_hands
from .support.signer import Signer
from .support.startup_case import StartupCase

NOW = datetime.now(UTC)

MAKE = partial(
    ServedCertificate,
    password_file=None,
    client_ca=None,
    minimum="1.2",
    protocols=[b"http/1.1"],
)


class FolderCase(StartupCase):
    """A test with a folder of certificates."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.events: list[Any] = []
        observer = cast("ILogObserver", self.events.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def add(self, name: str, *hosts: str, as_certbot: bool = False) -> Path:
        """Put a certificate for *hosts* into the folder: the path of its file."""
        cert, key = localhost_certificate(self.mktemp(), hosts=hosts)
        paths = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        if as_certbot:
            (self.folder / name).mkdir(exist_ok=True)
            paths = tuple(
                self.folder / name / file for file in ("fullchain.pem", "privkey.pem")
            )  # type: ignore[assignment]
        for source, target in zip((cert, key), paths, strict=True):
            target.unlink(missing_ok=True)
            shutil.copy(source, target)
        return paths[0]

    def said(self) -> str:
        """What was logged since the last call."""
        lines = [formatEvent(event) for event in self.events]
        self.events.clear()
        return "\n".join(lines)


class PairsTests(FolderCase):
    """`find_pairs`."""

    def names(self) -> list[str]:
        return [
            os.path.relpath(path, self.folder)
            for pair in find_pairs(str(self.folder))
            for path in pair
        ]

    def test_files_of_certbot_and_of_lego_are_found_by_their_names(self) -> None:
        self.add("b")
        self.add("a", as_certbot=True)
        for other in ("README", "b.issuer.crt", "b.json", ".c.crt", "lone.key"):
            (self.folder / other).touch()
        (self.folder / "empty").mkdir()
        expected = ["a/fullchain.pem", "a/privkey.pem", "b.crt", "b.key"]
        self.assertEqual(self.names(), expected)

    def test_half_a_pair_is_a_pair(self) -> None:
        (self.folder / "a.crt").touch()
        (self.folder / "b").mkdir()
        (self.folder / "b" / "privkey.pem").touch()
        self.assertEqual(len(find_pairs(str(self.folder))), 2)

    def test_folder_without_pairs_is_an_error(self) -> None:
        (self.folder / "README").touch()
        error = self.assertRaises(ValueError, find_pairs, str(self.folder))
        self.assertIn("no certificates in it; NAME.crt with NAME.key", str(error))


class TableTests(FolderCase):
    """`NameTable`."""

    def served(self, *hosts: str, days: int = 397) -> ServedCertificate:
        self.patch(certificate, "LIFETIME", timedelta(days=days))
        return MAKE(*localhost_certificate(self.mktemp(), hosts=hosts))

    def test_exact_name_comes_before_a_wildcard(self) -> None:
        exact, wild = self.served("a.b.example"), self.served("*.b.example")
        table = NameTable([exact, wild], NOW)
        for name, found in [
            ("a.b.example", exact),
            ("A.B.Example.", exact),
            ("c.b.example", wild),
            ("b.example", None),
            ("d.c.b.example", None),
            ("", None),
            ("example", None),
            ("*.b.example", wild),
        ]:
            self.assertIs(table.find(name), found, name)

    def test_the_one_that_is_valid_longest_is_taken(self) -> None:
        old = self.served("a.example", days=40)
        new = self.served("a.example", days=90)
        for order in ([old, new], [new, old]):
            self.assertIs(NameTable(order, NOW).find("a.example"), new)

    def test_one_that_is_not_valid_yet_waits_for_its_day(self) -> None:
        old, new = (
            MAKE(str(made.cert), str(made.key))
            for made in (
                Signer(self.folder, "old", days=(-1, 9), hosts=["a.example"]),
                Signer(self.folder, "new", days=(2, 90), hosts=["a.example", "b"]),
            )
        )
        tomorrow, later = NOW + timedelta(days=1), NOW + timedelta(days=3)
        table = NameTable([new, old], NOW)
        self.assertIs(table.find("a.example"), old)
        self.assertIs(table.find("b"), new)  # there is no other
        self.assertEqual(list(map(table.is_old, (NOW, tomorrow))), [False, False])
        self.assertTrue(table.is_old(later))
        self.assertIs(NameTable([new, old], later).find("a.example"), new)
        self.assertFalse(NameTable([new, old], later).is_old(later))


class HandshakeTests(FolderCase):
    """`CertificateFolder`, asked by clients."""

    context: SSL.Context

    def setUp(self) -> None:
        super().setUp()
        self.add("a", "a.example", as_certbot=True)
        self.add("b", "b.example", "*.b.example")
        self.certificates = CertificateFolder(str(self.folder), MAKE)
        self.certificates.use_in(self)
        self.said()

    def shown(self, name: str | None) -> bytes:
        """The certificate that a client which asks for *name* is shown, as DER."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["http/1.1"])
        came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(came, goes, server_hostname=name)
        server = SSL.Connection(self.context, None)
        server.set_accept_state()
        for _ in range(4):
            with contextlib.suppress(ssl.SSLWantReadError):
                client.do_handshake()
            if goes.pending:
                server.bio_write(goes.read())
            with contextlib.suppress(SSL.WantReadError):
                server.do_handshake()
            with contextlib.suppress(SSL.WantReadError):
                came.write(server.bio_read(65536))
        self.assertEqual(client.selected_alpn_protocol(), "http/1.1")
        return client.getpeercert(binary_form=True) or b""

    def hosts_shown(self, name: str | None) -> str:
        found = x509.load_der_x509_certificate(self.shown(name)).extensions
        names = found.get_extension_for_class(x509.SubjectAlternativeName).value
        return names.get_values_for_type(x509.DNSName)[1]

    def test_each_client_is_shown_the_one_for_its_name(self) -> None:
        for name, shown in [
            ("a.example", "a.example"),
            ("b.example", "b.example"),
            ("B.Example", "b.example"),
            ("x.b.example", "b.example"),
        ]:
            self.assertEqual((name, self.hosts_shown(name)), (name, shown))

    def test_one_that_becomes_valid_is_shown_from_then_on(self) -> None:
        made = Signer(self.folder, "new", days=(2, 900), hosts=["a.example"])
        made.cert.rename(self.folder / "new.crt")
        made.key.rename(self.folder / "new.key")
        now = NOW
        certificates = CertificateFolder(str(self.folder), MAKE, now=lambda: now)
        certificates.use_in(self)
        before = self.shown("a.example")
        certificates.reload_if_changed()
        self.assertEqual(self.shown("a.example"), before)
        now += timedelta(days=3)
        certificates.reload_if_changed()
        self.assertNotEqual(self.shown("a.example"), before)

    def test_wildcard_is_shown_where_the_own_one_is_not_valid(self) -> None:
        for days, hosts in (((2, 9), "x.b.example"), ((-9, -2), "y.b.example")):
            made = Signer(self.folder, "own", days=days, hosts=[hosts])
            made.cert.rename(self.folder / f"{hosts}.crt")
            made.key.rename(self.folder / f"{hosts}.key")
        now = NOW
        certificates = CertificateFolder(str(self.folder), MAKE, now=lambda: now)
        certificates.use_in(self)
        wild = self.shown("z.b.example")
        for name in ("x.b.example", "y.b.example"):
            self.assertEqual(self.shown(name), wild)
        now += timedelta(days=3)
        certificates.reload_if_changed()
        self.assertNotEqual(self.shown("x.b.example"), wild)
        self.assertEqual(self.shown("y.b.example"), wild)
        now += timedelta(days=500)  # none is valid then
        self.assertNotEqual(self.shown("y.b.example"), wild)

    def test_other_clients_are_shown_the_first(self) -> None:
        for name in (None, "c.example", "x.y.b.example"):
            self.assertEqual(self.hosts_shown(name), "a.example")

    def test_other_clients_are_shown_the_default_if_one_was_given(self) -> None:
        pair = localhost_certificate(self.mktemp(), hosts=["default.example"])
        folder = CertificateFolder(str(self.folder), MAKE, pair)
        folder.use_in(self)
        self.assertEqual(self.hosts_shown("c.example"), "default.example")
        self.assertEqual(self.hosts_shown("a.example"), "a.example")

    def test_renewed_one_is_shown(self) -> None:
        for name, as_certbot in (("a", True), ("b", False)):
            before = self.shown(f"{name}.example")
            path = self.add(name, f"{name}.example", as_certbot=as_certbot)
            self.certificates.reload_if_changed()
            self.assertNotEqual(self.shown(f"{name}.example"), before)
            self.assertIn(f"{path}: this certificate is used from now on", self.said())

    def test_sessions_outlive_the_certificates_with_which_they_began(self) -> None:
        clients = [
            Client(["http/1.1"], configure=only(version)) for version in VERSIONS
        ]
        for client in clients:
            shake_hands(self.context, client)
        self.add("a", "a.example", as_certbot=True)
        self.certificates.reload_if_changed()
        shutil.rmtree(self.folder / "a")
        self.certificates.reload_if_changed()
        for client in clients:
            self.assertTrue(client.resumes(self.context))
        self.assertEqual(self.hosts_shown(None), "b.example")

    def test_worker_leaves_out_what_has_become_broken(self) -> None:
        pair = localhost_certificate(self.mktemp(), hosts=["default.example"])
        broken = self.folder / "b.key", Path(pair[1])
        for path in broken:
            path.write_bytes(b"broken")
            self.assertRaises(
                ValueError, CertificateFolder, str(self.folder), MAKE, pair
            )
        folder = CertificateFolder(str(self.folder), MAKE, pair, is_later=True)
        folder.use_in(self)
        said = self.said()
        for path in (self.folder / "b.crt", Path(pair[0])):
            self.assertIn(f"{path}: this certificate is not used: ", said)
        for name in ("a.example", "b.example", None):
            self.assertEqual(self.hosts_shown(name), "a.example")
        self.add("b", "b.example")
        again = localhost_certificate(self.mktemp(), hosts=["default.example"])
        for source, target in zip(again, pair, strict=True):
            shutil.copy(source, target)
        folder.reload_if_changed()
        self.assertEqual(self.hosts_shown("b.example"), "b.example")
        self.assertEqual(self.hosts_shown(None), "default.example")
        for path in self.folder.glob("[ab]*"):
            path.unlink() if path.is_file() else shutil.rmtree(path)
        (self.folder / "c.crt").touch()
        with self.assertRaisesRegex(ValueError, "none of its certificates can be"):
            CertificateFolder(str(self.folder), MAKE, is_later=True)

    def test_reload_tells_again_what_is_wrong_and_leaves_what_is_the_same(self) -> None:
        (self.folder / "b.crt").write_bytes(b"broken")
        self.add("c", "c.example").write_bytes(b"broken")
        before = self.certificates.context
        for _ in "12":
            self.certificates.reload()
            said = self.said()
            self.assertEqual(said.count("of before stays in use"), 1)
            self.assertEqual(said.count("this certificate is not used"), 1)
            self.assertNotIn("used from now on", said)
            self.certificates.reload_if_changed()
            self.assertEqual(self.said(), "")
        self.assertIs(self.certificates.context, before)

    def test_new_one_that_is_not_valid_is_told(self) -> None:
        made = Signer(self.folder, "new", days=(-9, -2), hosts=["c.example"])
        made.cert.rename(self.folder / "c.crt")
        made.key.rename(self.folder / "c.key")
        self.certificates.reload_if_changed()
        self.assertIn("c.crt: the certificate CN=new expired on", self.said())

    def test_authority_that_expires_is_told_once_for_all(self) -> None:
        made = Signer(Path(self.mktemp()).parent, "ca", is_authority=True)
        folder = CertificateFolder(
            str(self.folder), partial(MAKE, client_ca=str(made.cert))
        )
        self.assertEqual(len(folder.expiry_lines()), 1)
        self.said()
        folder.warn_of_expiry()
        self.assertEqual(self.said().count("an authority of clients expires"), 1)

    def test_new_one_is_tried_again_when_what_it_is_read_with_changes(self) -> None:
        authorities = self.folder / "ca.pem"
        authority = Signer(self.folder, "ca", is_authority=True).cert.read_bytes()
        for path in self.folder.glob("[0-9]*"):  # the authority is no server's
            path.unlink()
        authorities.write_bytes(authority)
        make = partial(MAKE, client_ca=str(authorities))
        folder = CertificateFolder(str(self.folder), make)
        authorities.write_bytes(b"")
        path = self.add("c", "c.example")
        for _ in "12":
            folder.reload_if_changed()
        self.assertEqual(self.said().count("this certificate is not used"), 1)
        authorities.write_bytes(authority)
        folder.reload_if_changed()
        self.assertIn(f"{path}: this certificate is used from now on", self.said())

    def test_broken_one_keeps_the_old_and_the_others_go_on(self) -> None:
        before = self.shown("b.example"), self.shown("a.example")
        (self.folder / "b.crt").write_bytes(b"broken")
        for _ in "12":
            self.certificates.reload_if_changed()
            self.assertEqual((self.shown("b.example"), self.shown("a.example")), before)
        self.assertEqual(self.said().count("of before stays in use"), 1)

    def test_new_one_is_shown_once_it_is_whole(self) -> None:
        path = self.add("c", "c.example")
        key = path.with_suffix(".key").read_bytes()
        path.with_suffix(".key").unlink()
        for _ in "12":
            self.certificates.reload_if_changed()
            self.assertEqual(self.hosts_shown("c.example"), "a.example")
        said = self.said()
        self.assertEqual(said.count("c.crt: this certificate is not used: "), 1)
        self.assertIn("c.key: No such file or directory", said)
        path.with_suffix(".key").write_bytes(key)
        self.certificates.reload_if_changed()
        self.assertEqual(self.hosts_shown("c.example"), "c.example")

    def test_one_that_is_gone_is_not_shown_any_more(self) -> None:
        shutil.rmtree(self.folder / "a")
        self.certificates.reload_if_changed()
        self.assertEqual(self.hosts_shown("a.example"), "b.example")
        self.assertRegex(self.said(), r"^.*a/fullchain.pem: this certificate is gone$")

    def test_all_stay_when_nothing_usable_is_left(self) -> None:
        empty = self.folder.with_name("empty")
        for content, fault in [
            ({}, "no certificates in it"),
            ({"x.crt": b"broken"}, "none of its certificates can be used"),
            (None, "No such file"),
        ]:
            self.folder.rename(empty)
            if content is not None:
                self.folder.mkdir()
                for name, text in content.items():
                    (self.folder / name).write_bytes(text)
            for _ in "12":
                self.certificates.reload_if_changed()
            said = self.said()
            self.assertEqual(said.count("of before stay in use: "), 1, said)
            self.assertIn(fault, said)
            self.assertEqual(self.hosts_shown("b.example"), "b.example")
            shutil.rmtree(self.folder, ignore_errors=True)
            empty.rename(self.folder)
            self.certificates.reload_if_changed()
            self.said()

    def test_protocols_hold_for_all(self) -> None:
        self.certificates.offer([b"other"])
        self.add("c", "c.example")
        self.certificates.reload_if_changed()
        for name in ("a.example", "b.example", "c.example"):
            self.assertRaises(SSL.Error, self.shown, name)

    def test_each_that_expires_soon_is_told(self) -> None:
        end = min(served.end for served in self.certificates._all())
        self.certificates.warn_of_expiry(end - timedelta(days=2))
        self.assertEqual(self.said().count("the certificate expires on"), 2)
        self.assertEqual(self.certificates.warnings, [])


class OptionTests(FolderCase):
    """``--cert-folder``."""

    def parsed(self, *line: str) -> ServerOptions:
        options = ServerOptions()
        options.parseOptions(list(line))
        return options

    def test_all_sockets_are_served_from_the_folder(self) -> None:
        line = ("--cert-folder", str(self.folder), "--listen", "unix:/run/x")
        (endpoint,) = self.parsed(*line).endpoints()
        self.assertIn(f":certFolder={self.folder}", endpoint)
        self.assertTrue(endpoint.startswith("https:over=unix"))

    def test_keys_in_it_are_private(self) -> None:
        self.add("a")
        options = self.parsed("--cert-folder", str(self.folder))
        private = private_file_paths(options)
        self.assertEqual(list(private), [f"{self.folder}/a.key"])
        self.add("later")
        self.assertIn(f"{self.folder}/later.key", private)
        self.assertEqual(len(private), 2)

    def test_password_of_keys_goes_with_it(self) -> None:
        line = ("--cert-folder", str(self.folder), "--key-password-file", "p")
        (endpoint,) = self.parsed(*line, "--listen", "unix:/run/x").endpoints()
        self.assertIn(":passwordFile=", endpoint)

    def test_missing_folder_is_named(self) -> None:
        error = self.assertRaises(StartupError, self.parsed, "--cert-folder", "none")
        self.assertIn("--cert-folder: none: no such folder", error.line)


class FindingNothingTests(SynchronousTestCase):
    """Folders that cannot be read."""

    def test_folder_that_is_not_there_is_an_error(self) -> None:
        self.assertRaises(FileNotFoundError, find_pairs, self.mktemp())

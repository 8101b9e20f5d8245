"""Certificates that change while a server shows them."""

from __future__ import annotations

import contextlib
import os
import shutil
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from OpenSSL import SSL
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import localhost_certificate, served_certificate
from dartio_tut.daemon.pem_files import read_private_key
from dartio_tut.daemon.reloading import FILES_CHECK_SECONDS, CertificateWatch
from dartio_tut.daemon.served_certificate import EXPIRY_DAYS, ServedCertificate

from .support.handshakes import VERSIONS, Client, only, shake_hands
from .support.signer import Signer, with_version


class Holder:
    """Keeps the settings that it was given last."""

    context: SSL.Context


class ServedCertificateTests(SynchronousTestCase):
    """New files in the place of those that are in use."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.cert, self.key = self.folder / "cert.pem", self.folder / "key.pem"
        self.moment = 10**18
        self.copy(*self.made())
        self.served = ServedCertificate(
            str(self.cert), str(self.key), None, None, "1.2", [b"http/1.1"]
        )
        self.holder = Holder()
        self.served.use_in(self.holder)
        self.first = self.holder.context
        self.events: list[Any] = []
        observer = cast("ILogObserver", self.events.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def made(self) -> tuple[str, str]:
        """A certificate and its key, which nobody has seen before."""
        return localhost_certificate(self.mktemp())

    def copy(self, cert: str | None, key: str | None) -> None:
        """Put files in the place of those that are in use."""
        for source, target in ((cert, self.cert), (key, self.key)):
            if source is not None:
                target.unlink(missing_ok=True)
                shutil.copy(source, target)
                self.later(target)

    def later(self, path: Path) -> None:
        """Give a new file a time of its own: clocks of file systems go by ticks."""
        self.moment += 10**9
        os.utime(path, ns=(self.moment, self.moment))

    def said(self) -> str:
        """What was logged since the last call."""
        lines = [formatEvent(event) for event in self.events]
        self.events.clear()
        return "\n".join(lines)

    def shown(self) -> bytes:
        """The certificate that a new client is shown, as DER."""
        client = Client(["h2", "http/1.1"])
        shake_hands(self.holder.context, client)
        self.assertEqual(client.chosen(), "http/1.1")
        return client.tls.getpeercert(binary_form=True) or b""

    def test_new_pair_is_used_for_new_connections(self) -> None:
        before = self.shown()
        self.copy(*self.made())
        self.served.reload_if_changed()
        self.assertNotEqual(self.shown(), before)
        self.assertEqual(self.shown(), ssl.PEM_cert_to_DER_cert(self.cert.read_text()))
        self.assertRegex(
            self.said(), r"cert\.pem: this certificate is used .* until \d"
        )

    def test_sessions_outlive_certificates(self) -> None:
        for version in VERSIONS:
            client = Client(configure=only(version))
            shake_hands(self.holder.context, client)
            for _ in range(2):
                self.copy(*self.made())
                self.served.reload_if_changed()
                self.assertTrue(client.resumes(self.holder.context), version)

    def test_sessions_end_where_clients_show_certificates(self) -> None:
        authority, other = (
            Signer(self.folder, name, is_authority=True) for name in ("a", "b")
        )
        authorities = self.folder / "ca.pem"
        shutil.copy(authority.cert, authorities)
        self.served = ServedCertificate(
            str(self.cert), str(self.key), None, str(authorities), "1.2", [b"http/1.1"]
        )
        self.served.use_in(self.holder)
        clients = []
        for version in VERSIONS:
            client = Client(configure=only(version))
            shown = Signer(self.folder, "client", authority)
            client.context.load_cert_chain(shown.cert, shown.key)
            clients.append(Client(context=client.context))
            shake_hands(self.holder.context, clients[-1])
        self.copy(*self.made())
        self.served.reload_if_changed()
        for client in clients:
            self.assertFalse(client.resumes(self.holder.context))
        shutil.copy(other.cert, authorities)
        self.later(authorities)
        self.served.reload_if_changed()
        for client in clients:
            self.assertRaises(ssl.SSLError, client.resumes, self.holder.context)

    def test_authorities_and_certificate_do_not_wait_for_each_other(self) -> None:
        old, new = (Signer(self.folder, name, is_authority=True) for name in "ab")
        authorities = self.folder / "ca.pem"
        shutil.copy(old.cert, authorities)
        self.served = ServedCertificate(
            str(self.cert), str(self.key), None, str(authorities), "1.2", [b"http/1.1"]
        )
        self.served.use_in(self.holder)
        shown = self.served.context
        self.copy(None, self.made()[1])  # half a pair
        shutil.copy(new.cert, authorities)
        self.later(authorities)
        self.served.reload_if_changed()
        self.assertEqual(self.let_in(old, new), [new])
        said = self.said()
        self.assertIn("of before stays in use", said)
        self.assertIn(f"checked against {authorities} as it is now", said)
        authorities.write_text("no certificate")
        self.copy(*self.made())
        self.served.reload_if_changed()
        self.assertEqual(self.let_in(old, new), [new])
        self.assertIsNot(self.served.context, shown)
        said = self.said()
        self.assertIn("authorities of before are still trusted", said)
        self.assertIn("this certificate is used from now on", said)
        self.copy(None, self.made()[1])
        shown = self.served.context
        self.served.reload_if_changed()
        self.assertIs(self.served.context, shown)
        self.assertNotIn("from now on", self.said())

    def test_what_could_not_be_read_is_tried_again_though_no_file_changes(self) -> None:
        read = read_private_key
        denied: list[Exception] = [
            PermissionError(13, "Permission denied", str(self.key)),
            OSError(5, "Input/output error", str(self.key)),
        ]

        def failing(*arguments: Any) -> Any:
            if denied:
                raise denied[0]
            return read(*arguments)

        self.patch(served_certificate, "read_private_key", failing)
        self.copy(*self.made())
        while denied:
            for times_said in (1, 0):
                self.served.reload_if_changed()
                self.assertEqual(self.said().count("stays in use: "), times_said)
            del denied[0]
        self.served.reload_if_changed()
        self.assertEqual(self.shown(), ssl.PEM_cert_to_DER_cert(self.cert.read_text()))
        self.said()
        self.served.reload_if_changed()
        self.assertEqual(self.said(), "")

    def test_change_of_permissions_is_a_change(self) -> None:
        before = self.key.stat().st_ctime_ns
        while self.key.stat().st_ctime_ns == before:  # until the clock's next tick
            self.key.chmod(0o640)
        self.served.reload_if_changed()
        self.assertIsNot(self.served.context, self.first)

    def test_watch_goes_on_when_a_look_fails(self) -> None:
        clock = Clock()
        watch = CertificateWatch([self.served], clock)
        watch.start()
        self.addCleanup(watch.stop)
        self.patch(ServedCertificate, "reload_if_changed", lambda _: 1 / 0)
        clock.advance(FILES_CHECK_SECONDS)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.patch(ServedCertificate, "reload_if_changed", ServedCertificate.reload)
        clock.advance(FILES_CHECK_SECONDS)
        self.assertIsNot(self.served.context, self.first)

    def let_in(self, *authorities: Signer) -> list[Signer]:
        """Those whose clients a new connection lets in."""
        found = []
        for authority in authorities:
            client = Client(configure=only(ssl.TLSVersion.TLSv1_2))
            shown = Signer(self.folder, "client", authority)
            client.context.load_cert_chain(shown.cert, shown.key)
            with contextlib.suppress(ssl.SSLError):
                shake_hands(self.holder.context, Client(context=client.context))
                found.append(authority)
        return found

    def test_files_that_stay_the_same_are_not_read_again(self) -> None:
        self.served.reload_if_changed()
        self.assertIs(self.served.context, self.first)
        self.assertEqual(self.said(), "")

    def test_half_a_pair_leaves_the_old_until_the_other_half_is_there(self) -> None:
        cert, key = self.made()
        self.copy(cert, None)
        self.served.reload_if_changed()
        self.assertIs(self.served.context, self.first)
        self.assertRegex(
            self.said(), "of before stays in use: .*not the key of the certificate"
        )
        self.served.reload_if_changed()  # it is said once
        self.assertEqual(self.said(), "")
        self.copy(None, key)
        self.served.reload_if_changed()
        self.assertEqual(self.shown(), ssl.PEM_cert_to_DER_cert(self.cert.read_text()))

    def test_broken_and_missing_files_leave_the_old(self) -> None:
        for content, fault in [
            (b"", "no certificate in PEM format"),
            (self.cert.read_bytes()[:-100], "no certificate in PEM format"),
            (
                self.cert.read_bytes() + with_version(self.cert, 5),
                "a certificate in it cannot be read",
            ),
            (None, "No such file"),
        ]:
            self.cert.unlink(missing_ok=True)
            if content is not None:
                self.cert.write_bytes(content)
            self.served.reload_if_changed()
            self.assertIs(self.served.context, self.first)
            self.assertIn(fault, self.said())

    def test_expiry_is_told_in_the_last_weeks_only(self) -> None:
        now = datetime.now(UTC)
        end = self.served.end
        for left, is_told in [
            (timedelta(days=EXPIRY_DAYS + 1), False),
            (timedelta(days=EXPIRY_DAYS - 1, hours=1), True),
            (timedelta(hours=1), True),
        ]:
            self.served.warn_of_expiry(end - left)
            self.assertEqual(bool(self.said()), is_told, left)
        self.served.warn_of_expiry(now)
        self.assertEqual(self.said(), "")

    def test_end_is_told_each_day_from_then_on(self) -> None:
        for days in (1, 2, 30):
            self.served.warn_of_expiry(self.served.end + timedelta(days=days))
            self.assertRegex(self.said(), rf"^{self.cert}: .* expired on [0-9-]+$")
        old = Signer(self.folder, "old", days=(-9, -2), hosts=["localhost"])
        self.copy(str(old.cert), str(old.key))
        self.served.reload()
        for _ in range(3):
            self.assertEqual(self.said().count("expired on"), 1)
            self.served.warn_of_expiry()

    def test_end_of_an_authority_of_clients_is_told_as_well(self) -> None:
        authorities = self.folder / "ca.pem"
        signers = [
            Signer(self.folder, name, is_authority=True, days=(-9, end))
            for name, end in (("old", -2), ("soon", 9), ("late", 900))
        ]
        authorities.write_bytes(b"".join(one.cert.read_bytes() for one in signers))
        served = ServedCertificate(
            str(self.cert), str(self.key), None, str(authorities), "1.2", [b"http/1.1"]
        )
        served.warn_of_expiry()
        said = self.said()
        self.assertIn(f"{authorities}: an authority of clients expires on ", said)
        self.assertIn("in 8 days", said)
        self.assertNotIn("CN=old", said)  # which was told when the file was read
        served.warn_of_expiry(datetime.now(UTC) + timedelta(days=10))
        said = self.said()
        self.assertIn("CN=soon expired on", said)
        self.assertNotIn("an authority of clients", said)

    def test_watch_looks_at_the_files_by_itself_until_it_is_stopped(self) -> None:
        clock = Clock()
        watch = CertificateWatch([self.served], clock)
        watch.start()
        self.copy(*self.made())
        clock.advance(FILES_CHECK_SECONDS)
        second = self.served.context
        self.assertIsNot(second, self.first)
        watch.stop()
        self.copy(*self.made())
        clock.advance(FILES_CHECK_SECONDS)
        self.assertIs(self.served.context, second)
        self.assertEqual(clock.getDelayedCalls(), [])

"""Certificates that change while a server shows them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from OpenSSL import SSL
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import localhost_certificate
from dartio_tut.daemon.reloading import FILES_CHECK_SECONDS, CertificateWatch
from dartio_tut.daemon.served_certificate import EXPIRY_DAYS, ServedCertificate


class Holder:
    """Keeps the settings that it was given last."""

    context: SSL.Context


class ServedCertificateTests(SynchronousTestCase):
    """New files in the place of those that are in use."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.cert, self.key = self.folder / "cert.pem", self.folder / "key.pem"
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

    def said(self) -> str:
        """What was logged since the last call."""
        lines = [formatEvent(event) for event in self.events]
        self.events.clear()
        return "\n".join(lines)

    def test_new_pair_is_used_for_new_connections(self) -> None:
        self.copy(*self.made())
        self.served.reload_if_changed()
        self.assertIsNot(self.holder.context, self.first)
        self.assertIs(self.holder.context, self.served.context)
        self.assertRegex(
            self.said(), r"cert\.pem: this certificate is used .* until \d"
        )

    def test_files_that_stay_the_same_are_not_read_again(self) -> None:
        self.served.reload_if_changed()
        self.assertIs(self.holder.context, self.first)
        self.assertEqual(self.said(), "")

    def test_half_a_pair_leaves_the_old_until_the_other_half_is_there(self) -> None:
        cert, key = self.made()
        self.copy(cert, None)
        self.served.reload_if_changed()
        self.assertIs(self.holder.context, self.first)
        self.assertRegex(
            self.said(), "of before stays in use: .*not the key of the certificate"
        )
        self.served.reload_if_changed()  # it is said once
        self.assertEqual(self.said(), "")
        self.copy(None, key)
        self.served.reload_if_changed()
        self.assertIsNot(self.holder.context, self.first)

    def test_broken_and_missing_files_leave_the_old(self) -> None:
        for content, fault in [
            (b"", "no certificate in PEM format"),
            (self.cert.read_bytes()[:-100], "no certificate in PEM format"),
            (None, "No such file"),
        ]:
            self.cert.unlink(missing_ok=True)
            if content is not None:
                self.cert.write_bytes(content)
            self.served.reload_if_changed()
            self.assertIs(self.holder.context, self.first)
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

    def test_watch_looks_at_the_files_by_itself_until_it_is_stopped(self) -> None:
        clock = Clock()
        watch = CertificateWatch([self.served], clock)
        watch.start()
        self.copy(*self.made())
        clock.advance(FILES_CHECK_SECONDS)
        second = self.holder.context
        self.assertIsNot(second, self.first)
        watch.stop()
        self.copy(*self.made())
        clock.advance(FILES_CHECK_SECONDS)
        self.assertIs(self.holder.context, second)
        self.assertEqual(clock.getDelayedCalls(), [])

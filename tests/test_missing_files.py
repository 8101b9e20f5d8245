"""
Files that cannot be had: they may not be read, are gone or come back, or there is no
descriptor left to open them with.
"""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import signal
import socket
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from twisted.trial.unittest import SkipTest

from .support.abuse import SOON, descriptors
from .support.exchange import connect
from .support.harness import PATIENCE, TWISTD, Daemon, ask
from .support.trees import JSON, TreeCase, request
from .support.until import until
from .test_operating import NOBODY, as_root


class UnreadableTests(TreeCase):
    """What the daemon's user may not read."""

    def setUp(self) -> None:
        as_root()
        super().setUp()
        self.here = Path(tempfile.mkdtemp())  # trial's own folders are closed to others
        self.addCleanup(shutil.rmtree, self.here)
        os.chmod(self.here, 0o755)
        self.root = self.here / "www"
        (self.root / "closed").mkdir(parents=True)
        (self.root / "passage").mkdir()
        (self.root / "index").mkdir()
        self.file("open", b"open")
        self.file("file", b"never").chmod(0o600)
        self.file("closed/in", b"never")
        self.file("passage/in", b"open")
        self.file("passage/index.html", b"open")
        self.file("index/index.html", b"never").chmod(0o600)
        self.file("page.html", b"never").chmod(0o600)
        (self.root / "closed").chmod(0o700)
        (self.root / "passage").chmod(0o711)
        static = self.started(
            *(*TWISTD, "--uid", str(NOBODY), "static", "--port", "0"),
            *("--root", "www", "--listing", "--try-html"),
        )
        self.addCleanup(self.ends_quietly, static)
        self.static_ = static.ready()

    def test_403_for_what_may_not_be_read(self) -> None:
        with self.at_rest(self.static_):
            for target, code in [
                ("/open", 200), ("/file", 403), ("/closed/", 403), ("/closed/in", 403),
                ("/closed", 403), ("/passage/in", 200), ("/file/x", 404),
            ]:  # fmt: skip
                answer = self.get(self.static_, target)
                self.assertEqual((target, answer.code), (target, code))
                self.assertNotIn(b"never", answer.body)
        self.assertEqual(ask(self.static_, "HEAD", "/file").code, 403)

    def test_file_that_is_made_readable_is_served(self) -> None:
        self.assertEqual(self.get(self.static_, "/file").code, 403)
        (self.root / "file").chmod(0o644)
        self.assertEqual(self.get(self.static_, "/file").body, b"never")

    def test_403_for_an_index_that_may_not_be_read(self) -> None:
        self.assertEqual(self.get(self.static_, "/index/").code, 403)

    def test_403_for_a_page_that_may_not_be_read(self) -> None:
        self.assertEqual(self.get(self.static_, "/page").code, 403)

    def test_index_of_a_folder_that_may_only_be_passed(self) -> None:
        self.assertEqual(self.get(self.static_, "/passage/").body, b"open")


class ComingAndGoingTests(TreeCase):
    """What was there a moment ago."""

    def test_404_for_what_was_deleted_after_the_listing(self) -> None:
        for number in range(10):
            self.file(f"{number}")
        static = self.static("--listing")
        with self.at_rest(static):
            entries = self.listed(static)
            for number in range(0, 10, 2):
                (self.root / f"{number}").unlink()
            codes = [self.get(static, "/" + e["url"]).code for e in entries]
            self.assertEqual(codes, [404, 200] * 5)
            self.assertEqual(len(self.names(static)), 5)

    def test_503_and_one_log_line_while_the_root_is_gone(self) -> None:
        self.file("a", b"first")
        static = self.static("--listing")
        with self.at_rest(static):
            self.assertEqual(self.get(static, "/a").body, b"first")
            shutil.rmtree(self.root)
            for target in ("/", "/a", "/a/b"):
                self.assertEqual((target, self.get(static, target).code), (target, 503))
            self.root.mkdir()
            self.file("a", b"second")
            self.assertEqual(self.get(static, "/a").body, b"second")
            self.assertEqual(self.names(static), {"a"})
            shutil.rmtree(self.root)
            self.root.write_bytes(b"a file now")
            for target in ("/", "/a"):
                self.assertEqual((target, self.get(static, target).code), (target, 503))
            self.root.unlink()
            self.root.mkdir()
        static.stop()
        self.assertEqual(static.output().count("served is not there"), 1)

    def test_root_that_is_a_link_may_be_switched(self) -> None:
        for release in ("one", "two"):
            (self.here / release).mkdir()
            (self.here / release / "who").write_bytes(release.encode())
            os.symlink("who", self.here / release / "link")
        current = self.here / "current"
        os.symlink("one", current)
        static = self.serve("static", "--root", "current", "--listing")
        with self.at_rest(static):
            for release in ("one", "two", "one"):
                os.symlink(release, self.here / "next")
                os.replace(self.here / "next", current)
                for target in ("/who", "/link"):
                    self.assertEqual(self.get(static, target).body, release.encode())

    def test_503_for_a_file_that_is_leased_to_another(self) -> None:
        path = self.file("leased", b"leased")
        with path.open("r+b") as held:
            # Who opens it would wait until the lease is given up: 45 seconds.
            was = signal.signal(signal.SIGIO, signal.SIG_IGN)
            try:
                fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            except OSError:
                raise SkipTest("NOT TESTED: leases; this filesystem has none") from None
            finally:
                self.addCleanup(signal.signal, signal.SIGIO, was)
            static = self.static()
            started = time.monotonic()
            self.assertEqual(self.get(static, "/leased").code, 503)
            self.assertLess(time.monotonic() - started, SOON)
        self.assertEqual(self.get(static, "/leased").body, b"leased")

    def allow_60_descriptors(self, daemon: Daemon) -> None:
        """
        From now on *daemon* may have so many. One that is told so when it starts would
        allow so few connections that it never lacks any.
        """
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (60, 60))

    def test_503_without_descriptors(self) -> None:
        self.file("file", b"x" * 50_000)
        static = self.static()
        self.allow_60_descriptors(static)
        with self.at_rest(static):
            before = descriptors(static)
            with ExitStack() as stack:
                asker = stack.enter_context(connect(static.port))
                crowd: list[socket.socket] = []
                while len(crowd) < 60:
                    crowd.append(stack.enter_context(connect(static.port)))
                    crowd[-1].sendall(b"GET")
                until("all are taken", lambda: descriptors(static) >= 60)
                asker.sendall(request("/file", last=True))
                asker.settimeout(PATIENCE)
                self.assertIn(b" 503 ", asker.recv(100))
            # Who comes before it has noticed that they are gone is turned away.
            until("they are gone", lambda: descriptors(static) <= before)
        with self.at_rest(static):
            self.assertEqual(self.get(static, "/file").code, 200)

    def test_503_without_descriptors_for_an_index(self) -> None:
        """One descriptor is left: the folder's own, and then none for its index."""
        (self.root / "sub").mkdir()
        self.file("sub/index.html", b"index")
        static = self.static("--listing")
        self.allow_60_descriptors(static)
        ask(static, target="/", fields=JSON)
        codes, bodies = set(), set()
        with connect(static.port) as asker, ExitStack() as stack:
            asker.settimeout(PATIENCE)
            for _ in range(60):
                asker.sendall(request("/sub/", "Accept: text/plain"))
                said = asker.recv(65536)
                codes.add(said[9:12])
                bodies.add(said.rpartition(b"\r\n\r\n")[2])
                before = descriptors(static)
                if before >= 60:
                    break
                other = stack.enter_context(connect(static.port))
                other.sendall(request("/", last=False))
                other.settimeout(PATIENCE)
                other.recv(65536)
        static.stop()
        self.assertEqual(codes, {b"200", b"503"})
        self.assertEqual(bodies, {b"index", b"It cannot be read just now.\n"})

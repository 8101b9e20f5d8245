"""
What a person reads when a server starts, or does not.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from twisted.trial.unittest import SkipTest

from dartio_tut.daemon import localhost_certificate
from dartio_tut.daemon.descriptors import connections_within
from dartio_tut.servers.lessons import LESSONS

from .support.harness import BIN, PATIENCE, TWISTD, Case, ask, environment, free_port

SERVERS = [lesson.name for lesson in LESSONS]


class TutorialTests(Case):
    """``twistd -n tutorial``."""

    def is_of_another(self, address: str, port: int) -> bool:
        """Whether some other program of this machine listens there."""
        try:
            socket.create_connection((address, port), PATIENCE).close()
        except OSError:
            return False
        return True

    def test_the_last_line_says_what_to_open(self) -> None:
        tutorial = self.daemon("tutorial", "--port", "0")
        line = tutorial.wait_for("Open ")
        port = int(line.rpartition(":")[2].partition("/")[0])
        host = "127.0.0.1" if self.is_of_another("::1", port) else "localhost"
        self.assertEqual(line, f"Open http://{host}:{port}/ (Ctrl-C ends it)")
        self.assertIn(b"<!DOCTYPE html>", ask(port, host="localhost").body)
        urls = [said for said in tutorial.lines if "Listening on " in said]
        self.assertEqual(len(urls), len(LESSONS))
        self.assertIn(f":{port}/", urls[-1])

    def test_nothing_is_said_twice(self) -> None:
        tutorial = self.daemon("tutorial", "--port", "0")
        tutorial.wait_for("Open ")
        self.assertEqual(tutorial.stop(), -signal.SIGTERM)
        said = tutorial.output()
        self.assertEqual(said.count("Only this machine can reach it."), 1)
        self.assertNotIn("starting on", said)
        self.assertNotIn("Starting factory", said)

    def test_the_address_to_open_is_the_real_one(self) -> None:
        tutorial = self.daemon("tutorial", "--port", "0", "-i", "127.0.0.3")
        line = tutorial.wait_for("Open ")
        self.assertRegex(line, r"^Open http://127\.0\.0\.3:\d+/ \(Ctrl-C ends it\)$")

    def test_control_c_on_a_terminal_ends_it(self) -> None:
        terminal, its_side = pty.openpty()
        self.addCleanup(os.close, terminal)
        process = subprocess.Popen(
            ["setsid", "-c", *TWISTD, "tutorial", "--port", "0"],
            cwd=self.here,
            env=environment(self.home),
            stdin=its_side,
            stdout=its_side,
            stderr=its_side,
        )
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.kill)
        os.close(its_side)
        said = b""
        while b"(Ctrl-C ends it)" not in said:
            said += os.read(terminal, 4096)
        os.write(terminal, b"\x03")
        self.assertIn(process.wait(PATIENCE), (0, -signal.SIGINT))

    def test_in_the_background_nobody_is_told_to_type_anything(self) -> None:
        line = ("tutorial", "--port", "0", "--store", "store")
        said, errors = self.run_program("twistd", *line)
        pid = int((self.here / "twistd.pid").read_text())
        try:
            until = time.monotonic() + PATIENCE
            log = ""
            while "Only this machine can reach it." not in log:
                self.assertLess(time.monotonic(), until, log)
                log = (self.here / "twistd.log").read_text()
        finally:
            os.kill(pid, signal.SIGTERM)
        self.assertEqual((said, errors), ("", ""))
        self.assertNotIn("Ctrl-C", log)

    def test_stores_belong_to_the_user_that_it_changes_to(self) -> None:
        if os.geteuid() != 0:
            raise SkipTest("NOT TESTED: another user; that takes root")
        if not all(folder.stat().st_mode & 0o001 for folder in BIN.parents):
            raise SkipTest("NOT TESTED: another user; this clone is closed to others")
        self.here = Path(tempfile.mkdtemp())  # trial's own folders are closed to others
        self.addCleanup(shutil.rmtree, self.here)
        os.chmod(self.here, 0o777)
        (self.here / "open").mkdir()
        (self.here / "closed").mkdir(mode=0o700)
        nobody = (str(BIN / "twistd"), "-n", "--pidfile=", "--uid", "65534")
        line = ("tutorial", "--port", "0", "--store", "store", "--root")
        refused = self.started(*nobody, *line, "closed")
        self.assertEqual(refused.ended(), 78, refused.output())
        why = (
            f"static: --root: {self.here / 'closed'}: the user of --uid cannot read it"
        )
        self.assertEqual(refused.errors(), f"tutorial: {why}\n")
        tutorial = self.started(*nobody, *line, "open")
        self.addCleanup(tutorial.stop)
        tutorial.wait_for("Open ")
        urls = [said.rpartition(" ")[2] for said in tutorial.lines if "http://" in said]
        port = int(urls[2].rpartition(":")[2].strip("/"))  # hello, thinker, notes
        self.assertEqual(ask(port, "POST", "/", '{"myNote": "x"}').code, 200)
        made = os.stat(self.here / "store" / "notes" / "notes.txt")
        self.assertEqual(made.st_uid, 65534)

    def test_options_for_all_reach_every_server(self) -> None:
        line = ("--max-body", "5", "--access-log", "access.log", "--max-entries", "1")
        tutorial = self.daemon("tutorial", "--port", "0", *line)
        tutorial.wait_for("Open ")
        urls = [said.rpartition(" ")[2] for said in tutorial.lines if "://" in said]
        asked = []
        for url in (url for url in urls if url.startswith("http://")):
            port = int(url.rpartition(":")[2].strip("/"))
            self.assertEqual((url, ask(port, "POST", "/", "x" * 6).code), (url, 413))
            self.assertEqual(
                ask(port, "GET", f"/{port}").fields["Server"] is None, False
            )
            asked.append(f"GET /{port} ")
        tutorial.stop()
        log = (self.here / "access.log").read_text()
        self.assertEqual([line for line in asked if line not in log], [])


class SingleServerTests(Case):
    """Each server by itself."""

    def test_where_it_listens_is_the_last_line(self) -> None:
        hello = self.serve("hello")
        self.assertIn("Listening on ", hello.lines[-1])
        hello.stop()
        self.assertNotIn("starting on", hello.output())
        self.assertNotIn("Ctrl-C", hello.output())


class PortInUseTests(Case):
    """Somebody else listens there."""

    def test_the_line_says_who_may_have_it_and_what_to_type(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            for name in SERVERS:
                said = self.refuses(name, "--port", str(port), codes=(1,))
                self.assertEqual(
                    said,
                    f"{name}: cannot listen on 127.0.0.1:{port}: Address already in "
                    f'use (is "twistd -n tutorial" or another {name} running? '
                    "--port 0 picks a free one)\n",
                )

    def test_tutorial_is_told_that_one_of_its_servers_may_run(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            taken_endpoint = f"tcp:{port}:interface=127.0.0.1"
            line = ("tutorial", "--port", "0", "--listen", taken_endpoint)
            said = self.refuses(*line, codes=(1,))
        self.assertIn("Address already in use (is one of its servers running", said)
        self.assertTrue(said.startswith("tutorial: cannot listen on 127.0.0.1:"), said)


class ExitCodeTests(Case):
    """78: somebody must mend it. 1: trying again may help."""

    def test_wrong_options_and_files(self) -> None:
        (self.here / "file").write_bytes(b"")
        for line in (
            ("hello", "--port", "http"),
            ("hello", "--bogus"),
            ("hello", "stray"),
            ("hello", "--listen", "nothing:1"),
            ("hello", "--listen", "unix:/nothing/here"),
            ("hello", "--cert", "missing.pem", "--key", "missing.pem"),
            ("hello", "--allow-host", "a:80"),
            ("hello", "-i", "nowhere.invalid"),
            ("static", "--root", "missing"),
            ("notes", "--store", "file/x"),
            ("notes", "--store", ""),
            ("static", "--auth", "missing"),
        ):
            self.refuses(*line, codes=(78,))

    def test_environment(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            self.refuses("hello", "--port", port, codes=(1,))
        self.refuses("hello", "-i", "192.0.2.1", codes=(1,))

    def test_chroot_is_refused_in_a_line_that_says_why(self) -> None:
        twistd = [*TWISTD, "--chroot", str(self.here), "hello", "--port", "0"]
        ended = subprocess.run(
            twistd,
            cwd=self.here,
            env=environment(self.home),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        self.assertEqual((ended.returncode, ended.stderr.count("\n")), (78, 1))
        self.assertTrue(ended.stderr.startswith("hello: --chroot does not work: "))


class FilesTests(Case):
    """Options that name a file, and the name is of something else."""

    def test_what_is_no_file_is_told_in_one_line_and_not_waited_for(self) -> None:
        os.mkfifo(self.here / "fifo")
        (self.here / "folder").mkdir()
        (self.here / "empty").write_bytes(b"")
        localhost_certificate(str(self.here))
        tls = ("--cert", "cert.pem", "--key", "key.pem")
        https = "https:0:cert=cert.pem:key=key.pem"
        for line, why in (
            (("static", "--auth", "fifo"), "fifo: Not a regular file"),
            (("static", "--auth", "folder"), "folder: Is a directory"),
            (("hello", "--cert", "fifo", "--key", "key.pem"), "fifo: Not a regular"),
            (("hello", "--cert", "/dev/zero", "--key", "key.pem"), "zero: Not a regu"),
            (("hello", "--cert", "folder", "--key", "key.pem"), "folder: Is a dire"),
            (("hello", "--cert", "empty", "--key", "key.pem"), "no certificate in"),
            (("hello", "--cert", "cert.pem", "--key", "fifo"), "fifo: Not a regular"),
            (("hello", *tls, "--key-password-file", "fifo"), "fifo: Not a regular"),
            (("hello", "--listen", f"{https}:clientCA=fifo"), "fifo: Not a regular"),
        ):
            self.assertIn(why, self.refuses(*line))

    def test_text_is_utf8_in_the_c_locale_too(self) -> None:
        self.runner = ("env", "LC_ALL=C", "PYTHONCOERCECLOCALE=0", "PYTHONUTF8=0")
        (self.here / "é").mkdir()
        for name in ("ö", "ž.html"):
            (self.here / "é" / name).write_bytes(b"x")
        static = self.serve(
            *("static", "é", "--type", "ö=text/x-mine", "--redirect", "/ü=/x"),
            *("--cache", "ö=no-store", "--index", "ž.html", "--access-log", "ä.log"),
        )
        answer = ask(static, "GET", "/%C3%B6")
        self.assertEqual(answer.fields["content-type"], "text/x-mine; charset=utf-8")
        self.assertEqual(answer.fields["cache-control"], "no-store")
        self.assertEqual(ask(static, "GET", "/%C3%BC").code, 301)
        self.assertEqual(ask(static, "GET", "/").code, 200)
        self.assertTrue((self.here / "ä.log").exists())

    def test_fifo_as_access_log_needs_a_reader(self) -> None:
        os.mkfifo(self.here / "fifo")
        said = self.refuses("hello", "--access-log", "fifo")
        self.assertIn("fifo: it is a FIFO or a socket from which nobody reads", said)
        reading = os.open(self.here / "fifo", os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reading)
        daemon = self.serve("hello", "--access-log", "fifo")
        ask(daemon)
        self.assertTrue(select.select([reading], [], [], PATIENCE)[0])
        self.assertIn(b'"GET / HTTP/1.1" 200', os.read(reading, 1000))

    def test_more_free_bytes_than_the_disk_has_are_refused(self) -> None:
        line = ("notes", "--store", "new/store", "--keep-free", "9" * 15)
        said = self.refuses(*line, codes=(78,))
        self.assertIn("--keep-free: the disk of ", said)
        self.assertFalse((self.here / "new").exists())


class HelpTests(Case):
    """``--help`` and ``--version`` of a server."""

    def test_a_reader_that_has_gone_is_no_fault(self) -> None:
        for word in ("--help", "--version"):
            line = (str(BIN / "twistd"), "static", word)
            reading, writing = os.pipe()
            os.close(reading)
            ended = subprocess.run(
                line, cwd=self.here, stdout=writing, stderr=subprocess.PIPE, check=False
            )
            os.close(writing)
            self.assertEqual((ended.returncode, ended.stderr), (0, b""))


class CheckTests(Case):
    """``--check``, as ``nginx -t``: it binds, opens and reads."""

    def check(self, *line: str, code: int = 0) -> str:
        said, errors = self.run_program("twistd", *line, "--check", code=code)
        return said + errors

    def test_all_in_order(self) -> None:
        for name in (*SERVERS, "tutorial"):
            for background in ((), ("-n",)):
                said, errors = self.run_program(
                    "twistd", *background, name, "--port", "0", "--check"
                )
                self.assertEqual(errors, "")
                *engine, last = said.splitlines()
                self.assertEqual(last, f"{name}: all is in order")
                if name == "hello-secure":
                    self.assertRegex(engine.pop(), rf"^{name}: HTTP/2 by \w+ [\d.]+$")
                self.assertEqual(engine, [])
        self.assertFalse((self.here / "twistd.log").exists())
        self.assertFalse((self.here / "twistd.pid").exists())

    def test_it_is_no_matter_that_the_daemon_runs_in_the_background(self) -> None:
        (self.here / "twistd.pid").write_text(f"{os.getpid()}")
        self.assertEqual(self.check("hello"), "hello: all is in order\n")
        line = ("--pidfile", "twistd.pid", "hello")
        self.assertEqual(self.check(*line), "hello: all is in order\n")
        self.assertTrue((self.here / "twistd.pid").exists())

    def test_what_a_start_would_stumble_over_is_found(self) -> None:
        (self.here / "file").write_bytes(b"")
        (self.here / "documents").mkdir()
        for name in (".documents", "notes.txt"):
            (self.here / "documents" / name).write_bytes(b"")
        for code, line, said in [
            (78, ("hello", "--listen", "unix:missing/socket"), "No such file"),
            (1, ("hello", "-i", "192.0.2.1"), "192.0.2.1:4040: Cannot assign"),
            (1, ("hello", "--listen", "tcp:0:interface=192.0.2.1"), "192.0.2.1:0: "),
            (78, ("hello", "--access-log", "missing/log"), "--access-log"),
            (78, ("notes", "--store", "file/x"), "--store"),
            (78, ("notes", "--store", "file"), "file: it is not a folder"),
            (1, ("notes", "--store", "documents"), "documents are kept in this folder"),
            (78, ("hello-secure", "--store", "file"), "file: it is not a folder"),
            (78, ("hello", "--metrics", "9100"), "--metrics: '9100' is no endpoint"),
            (78, ("static", "--root", "missing"), "--root"),
            (78, ("tutorial", "--root", "missing"), "--root"),
            (1, ("tutorial", "-i", "192.0.2.1", "--port", "0"), "192.0.2.1:0: "),
        ]:
            self.assertIn(said, self.check(*line, code=code))

    def test_nothing_is_changed(self) -> None:
        with_notes = self.here / "with-notes"
        with_notes.mkdir()
        (with_notes / "notes.txt").write_bytes(b"half a no")
        (with_notes / ".notes-new-0123456789abcdef").write_bytes(b"left over")
        before = self.tree()
        for line in (
            ("notes", "--store", "typo"),
            ("notes", "--store", "with-notes"),
            ("thinker", "--store", "typo"),
            ("hello-secure", "--store", "typo"),
            ("tutorial", "--store", "typo"),
            ("hello", "--access-log", "typo.log"),
            ("notes",),  # in the home folder
        ):
            name = line[0]
            said = self.check(*line, "--port", "0")
            self.assertTrue(said.endswith(f"{name}: all is in order\n"), said)
            self.assertEqual(self.tree(), before, line)

    def tree(self) -> dict[str, bytes | None]:
        """All files and folders, with the contents of the files."""
        return {
            str(path): path.read_bytes() if path.is_file() else None
            for path in self.folder.rglob("*")
            if not path.name.startswith("stderr-") and "__pycache__" not in str(path)
        }

    def test_the_running_server_is_in_nobodys_way(self) -> None:
        running = self.daemon("hello", "--port", "0", "--listen", "unix:socket")
        running.wait_for("unix:socket")
        running.ready()
        line = ("hello", "--port", str(running.port), "--listen", "unix:socket")
        self.assertEqual(self.check(*line), "hello: all is in order\n")
        self.assertEqual(ask(running).code, 200)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(os.path.relpath(self.here / "socket"))

    def test_nothing_is_left_behind(self) -> None:
        port = str(free_port())
        self.check("hello", "--port", port, "--listen", "unix:socket")
        self.assertEqual(os.listdir(self.here), [])
        with socket.create_server(("127.0.0.1", int(port))):
            pass

    def test_address_that_two_options_name_is_refused(self) -> None:
        port = str(free_port())
        address = f"tcp:{port}:interface=127.0.0.1"
        tls = ("--self-signed", "--self-signed-folder", str(self.here))
        for more in (
            ("--metrics", address),
            ("--listen", address),
            (*tls, "--redirect-http", port),
        ):
            _, said = self.run_program(
                "twistd", "hello", "--port", port, *more, "--check", code=78
            )
            self.assertIn("this address is given twice", said)
        self.check("hello", "--port", "0", "--metrics", "tcp:0:interface=127.0.0.1")


class AllowedHostTests(Case):
    """``--allow-host``."""

    def codes(self, port: int, *hosts: str) -> list[int]:
        return [ask(port, fields={"Host": host}).code for host in hosts]

    def test_only_hosts_that_are_named_are_served(self) -> None:
        hello = self.serve("hello", "--allow-host", "a.example", "--allow-host", "*.b")
        names = ("a.example", "A.EXAMPLE:80", "x.b", "evil.example", "127.0.0.1", "b")
        self.assertEqual(self.codes(hello.port, *names), [200, 200, 200, 421, 421, 421])
        body = ask(hello, fields={"Host": "evil.example"}).body
        self.assertIn(b"does not answer for the host evil.example", body)

    def test_any_host_is_served_unless_told_otherwise(self) -> None:
        hello = self.serve("hello")
        self.assertEqual(
            self.codes(hello.port, "evil.example", "localhost"), [200, 200]
        )

    def test_dartio_serve_serves_names_of_this_machine_only(self) -> None:
        for names in (("hello",), ("hello", "thinker")):
            command = (str(BIN / "dartio"), "serve", *names, "--port", "0")
            daemon = self.started(*command, "--allow-host", "room.example")
            self.addCleanup(daemon.stop)
            daemon.wait_for("Ctrl-C ends")
            urls = re.findall(r"Listening on http://127.0.0.1:(\d+)/", daemon.output())
            self.assertEqual(len(urls), len(names))
            for port in map(int, urls):
                hosts = ("evil.example", "room.example", f"localhost:{port}", "[::1]")
                self.assertEqual(self.codes(port, *hosts), [421, 200, 200, 200])

    def test_tutorial_serves_names_of_this_machine_only(self) -> None:
        tutorial = self.daemon(
            "tutorial", "--port", "0", "--allow-host", "room.example"
        )
        tutorial.wait_for("Open ")
        urls = [said.rpartition(" ")[2] for said in tutorial.lines if "http://" in said]
        self.assertEqual(len(urls), len(LESSONS))  # all but hello-secure, and Open
        for url in urls[:-1]:
            port = int(url.rpartition(":")[2].strip("/"))
            for foreign in ("evil.example", "localhost.evil.example", f"evil:{port}"):
                self.assertEqual((url, self.codes(port, foreign)), (url, [421]))
            local = (
                "localhost",
                f"x.localhost:{port}",
                f"[::1]:{port}",
                "room.example",
            )
            self.assertNotIn(421, self.codes(port, *local))


class DescriptorTests(Case):
    """File descriptors, and how many connections they make."""

    def limited(self, soft: int, hard: int) -> tuple[str, ...]:
        return ("prlimit", f"--nofile={soft}:{hard}")

    def test_soft_limit_is_raised_to_the_hard_one(self) -> None:
        self.runner = self.limited(256, 1024)
        hello = self.serve("hello")
        limits = Path(f"/proc/{hello.process.pid}/limits").read_text()
        (line,) = (text for text in limits.splitlines() if "open files" in text)
        self.assertEqual(line.split()[3:5], ["1024", "1024"])

    def test_fewer_connections_than_descriptors_are_served_and_that_is_said(
        self,
    ) -> None:
        self.runner = self.limited(256, 256)
        (self.here / "file").write_bytes(b"x" * 100_000)
        static = self.daemon("static", "--port", "0")
        line = static.wait_for("At most ")
        most = connections_within(256)
        said = f"At most {most} connections at a time: 256 file descriptors"
        self.assertIn(said, line)
        static.ready()
        with_files = (self.here / "file").read_bytes()
        idle = [
            socket.create_connection(("127.0.0.1", static.port))
            for _ in range(most - 4)
        ]
        try:
            for _ in range(3):
                self.assertEqual(ask(static, target="/file").body, with_files)
        finally:
            for connection in idle:
                connection.close()

    def test_servers_of_tutorial_share_the_descriptors(self) -> None:
        self.runner = self.limited(1024, 1024)
        tutorial = self.daemon("tutorial", "--port", "0")
        line = tutorial.wait_for("At most ")
        each = connections_within(1024, len(LESSONS))
        self.assertIn(f"At most {each} connections at a time each: 1024 file", line)
        tutorial.wait_for("Open ")
        self.assertEqual("\n".join(tutorial.lines).count("At most "), 1)

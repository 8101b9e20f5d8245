"""
Where daemons listen, and what they say when they cannot.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

from twisted.trial.unittest import SkipTest

from dartio_tut.servers.lessons import LESSONS

from .support.harness import Case, ask

SERVERS = {lesson.name: lesson.port for lesson in LESSONS}


def has_ipv6() -> bool:
    """Whether this machine has the IPv6 loopback."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


class SocketCase(Case):
    """A test with a Unix socket, whose path may have 107 bytes at most."""

    def socket_path(self) -> str:
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        return f"{folder}/socket"


class ListeningTests(SocketCase):
    """``--port``, ``--interface`` and ``--listen``."""

    def test_servers_listen_on_loopback_unless_told_otherwise(self) -> None:
        hello = self.serve("hello")
        self.assertEqual(hello.url, f"http://127.0.0.1:{hello.port}/")
        self.assertNotEqual(hello.port, 0)

    def test_interface_takes_every_address_or_a_host_name(self) -> None:
        any_v4 = self.serve("hello", "--interface", "any-v4")
        self.assertEqual(any_v4.url, f"http://0.0.0.0:{any_v4.port}/")
        self.assertEqual(ask(any_v4, host="127.0.0.2").code, 200)
        by_name = self.serve("hello", "-i", "localhost")
        self.assertEqual(ask(by_name, host="localhost").code, 200)

    def test_interface_takes_ipv6(self) -> None:
        if not has_ipv6():
            raise SkipTest("NOT TESTED: this machine has no IPv6 loopback")
        loopback = self.serve("hello", "--interface", "loopback-v6")
        self.assertEqual(loopback.url, f"http://[::1]:{loopback.port}/")
        self.assertEqual(ask(loopback, host="::1").code, 200)
        any_v6 = self.serve("hello", "--interface", "any-v6")
        for host in ("::1", "127.0.0.1"):
            self.assertEqual(ask(any_v6, host=host).code, 200)

    def test_listen_takes_several_endpoint_strings(self) -> None:
        path = self.socket_path()
        hello = self.daemon(
            "hello", "--listen", f"unix:{path}", "--listen", "tcp:0:interface=127.0.0.1"
        )
        self.assertIn(f"unix:{path}", hello.wait_for("Listening on"))
        self.assertEqual(ask(hello.ready()).body, b"Hello, world!")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b"200 OK", connection.recv(1000))

    def test_unix_socket_has_its_mode_and_is_made_anew_after_a_kill(self) -> None:
        path = self.socket_path()
        killed = self.daemon("hello", "--listen", f"unix:{path}:mode=600").ready()
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        killed.stopped = True
        killed.process.kill()
        killed.ended()
        # Another process has the number of the one that was killed.
        os.unlink(f"{path}.lock")
        os.symlink(str(os.getpid()), f"{path}.lock")
        other = self.daemon("hello", "--listen", f"unix:{path}:mode=660").ready()
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o660)
        said = self.refuses("hello", "--listen", f"unix:{path}", codes=(1,))
        self.assertIn(f"unix:{path}: Address already in use", said)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b"200 OK", connection.recv(1000))
        self.ends_quietly(other)
        self.assertEqual(os.listdir(os.path.dirname(path)), [])

    def test_file_that_is_no_socket_is_left_as_it_is(self) -> None:
        path = Path(self.socket_path())
        path.write_text("precious")
        for more in ((), ("--check",)):
            line = ("hello", "--listen", f"unix:{path}", *more)
            said = self.refuses(*line, codes=(78,))
            self.assertIn("a file that is no socket has this name", said)
            self.assertEqual(path.read_text(), "precious")

    def test_what_nobody_can_connect_to_is_refused(self) -> None:
        for more in ((), ("--check",)):
            said = self.refuses("hello", "--listen", "stdio:", *more, codes=(78,))
            self.assertIn("stdio:: this kind of endpoint is nothing that", said)

    def test_help_names_each_server_with_its_port_and_options(self) -> None:
        everything, _ = self.run_program("twistd", "--help")
        for name, port in SERVERS.items():
            self.assertIn(f"    {name} ", everything)
            said, _ = self.run_program("twistd", name, "--help")
            self.assertIn(f"[default: {port}]", " ".join(said.split()))
            self.assertIn("--interface=", said)
            self.assertIn("--listen=", said)
        said, _ = self.run_program("twistd", "tutorial", "--help")
        self.assertIn("--store=", said)
        said, _ = self.run_program("twistd", "hello", "--version")
        self.assertTrue(said.startswith("dartio-tut "))


class RefusingTests(SocketCase):
    """One line on stderr that names the address or option, exit code 1."""

    def test_port_in_use_is_named(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            for name in SERVERS:
                said = self.refuses(name, "--port", str(port))
                self.assertIn(f"127.0.0.1:{port}", said)
                self.assertIn("Address already in use", said)

    def test_bad_endpoint_leaves_no_other_listening(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            path = self.socket_path()
            self.refuses("hello", "--listen", f"unix:{path}", "--port", str(port))
            with socket.socket(socket.AF_UNIX) as connection:
                self.assertRaises(OSError, connection.connect, path)
        said = self.refuses("tutorial", "--interface", "192.0.2.1", "--port", "0")
        self.assertIn("192.0.2.1:", said)

    def test_unknown_interface_is_named(self) -> None:
        self.assertIn("192.0.2.1:", self.refuses("hello", "-i", "192.0.2.1"))
        self.assertIn("nowhere.invalid", self.refuses("hello", "-i", "nowhere.invalid"))

    def test_missing_permission_is_told(self) -> None:
        first = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
        if not first.exists() or int(first.read_text()) <= 80:
            raise SkipTest("NOT TESTED: every user may take port 80 on this machine")
        said = self.refuses("hello", "--listen", "unix:/proc/no/socket")
        self.assertIn("unix:/proc/no/socket", said)
        if os.geteuid() == 0:
            # Root may take any port, unless that right is taken from it.
            if not shutil.which("setpriv"):
                raise SkipTest("NOT TESTED: no setpriv to give up root's rights with")
            self.runner = ("setpriv", "--bounding-set", "-net_bind_service")
        said = self.refuses("hello", "--port", "80")
        self.assertIn("127.0.0.1:80: Permission denied", said)

    def test_bad_option_is_named(self) -> None:
        for name in ("hello", "hello-secure"):
            for line, said in [
                (["--port", "http"], "--port"),
                (["--port", "70000"], "--port"),
                (["--bogus"], "--bogus"),
                (["stray"], "arguments"),
                (["--listen", "4040"], "4040"),
                (["--listen", "nothing:4040"], "nothing:4040"),
                (["--listen", "tcp:70000"], "tcp:70000"),
                (["--listen", "tcp:0:bogus=1"], "argument"),
                (["--listen", "https:0:certs=x"], "argument"),
                (["--listen", "ssl:0:privateKey=/dev/null"], "ssl:0"),
                (["--max-body", "x"], "--max-body"),
                (["--idle-timeout", "0"], "--idle-timeout"),
                (["--backlog", "-1"], "--backlog"),
            ]:
                self.assertIn(said, self.refuses(name, *line))

    def test_bad_folder_is_named(self) -> None:
        (self.here / "file").write_bytes(b"")
        for name in ("static", "pages", "mini-file", "basic-file", "tutorial"):
            self.assertIn("missing", self.refuses(name, "--root", "missing"))
            self.assertIn("not a folder", self.refuses(name, "--root", "file"))
        for name in ("notes", "writer", "tutorial"):
            self.assertIn("--store", self.refuses(name, "--store", "file/x"))
        (self.here / "notes.txt").mkdir()
        self.assertIn("notes.txt", self.refuses("notes", "--store", "."))

"""
A tree of files that means harm: nothing outside the root is ever sent, everybody else
is served meanwhile, and afterwards nothing is left open.
"""

from __future__ import annotations

import os
import pty
import socket
import stat
from pathlib import Path

import psutil
from twisted.trial.unittest import SkipTest

from .support.harness import ask
from .support.trees import HTML, JSON, TreeCase, open_files, url_of

LINK_POLICIES = ("inside", "follow", "refuse")

KERNEL_LINKS = 40
"""Links that Linux follows in one path (path_resolution(7)); more are ELOOP."""


class OddTests(TreeCase):
    """What is neither a file nor a folder."""

    def setUp(self) -> None:
        super().setUp()
        self.file("file", b"file")

    def not_there(self, *names: str) -> None:
        """*names* are 404, and not listed, whatever is done about links."""
        for name in names:
            os.symlink(name, self.root / f"to-{name}")
        for links in LINK_POLICIES:
            static = self.static("--listing", "--dotfiles", "--links", links)
            with self.at_rest(static):
                for name in (*names, *(f"to-{name}" for name in names)):
                    for target in (f"/{name}", f"/{name}/", f"/{name}/x"):
                        answer = self.get(static, target)
                        self.assertEqual((links, target, answer.code),
                                         (links, target, 404))  # fmt: skip
                self.assertEqual(self.names(static), {"file"})
            static.stop()
            self.assertNotIn("#error", static.output())

    def test_fifos_are_not_found(self) -> None:
        os.mkfifo(self.root / "fifo")
        os.mkfifo(self.root / "open")
        both_ends = os.open(self.root / "open", os.O_RDWR)
        self.addCleanup(os.close, both_ends)
        os.write(both_ends, b"never sent")
        self.not_there("fifo", "open")

    def socket_in_the_tree(self) -> None:
        with socket.socket(socket.AF_UNIX) as unix:
            back = os.getcwd()
            os.chdir(self.root)  # a socket's path may not be long
            try:
                unix.bind("socket")
            finally:
                os.chdir(back)

    def test_sockets_are_not_found(self) -> None:
        self.socket_in_the_tree()
        self.not_there("socket")

    def test_devices_are_not_found(self) -> None:
        if os.geteuid() != 0:
            raise SkipTest("NOT TESTED: device nodes; only root can make them")
        os.mknod(self.root / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        os.mknod(self.root / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
        os.mknod(self.root / "loop", stat.S_IFBLK | 0o666, os.makedev(7, 0))
        self.not_there("null", "zero", "loop")

    def test_devices_without_a_driver_are_not_found(self) -> None:
        if os.geteuid() != 0:
            raise SkipTest("NOT TESTED: device nodes; only root can make them")
        os.mknod(self.root / "none", stat.S_IFCHR | 0o666, os.makedev(240, 99))
        self.not_there("none")

    def test_terminal_does_not_become_that_of_the_daemon(self) -> None:
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, theirs)
        os.symlink(os.ttyname(theirs), self.root / "terminal")
        self.runner = ("setsid",)
        static = self.static("--links", "follow")
        self.assertEqual(self.get(static, "/terminal").code, 404)
        status = Path(f"/proc/{static.process.pid}/stat").read_text()
        terminal = status.rpartition(")")[2].split()[4]
        self.assertEqual(terminal, "0")

    def test_file_that_cannot_be_read_leaves_no_descriptor_open(self) -> None:
        os.symlink("/proc/self/mem", self.root / "mem")
        static = self.static("--links", "follow")
        ask(static)
        files = open_files(static)
        codes = {self.get(static, "/mem").code for _ in range(5)}
        more = open_files(static) - files
        static.stop()
        self.assertEqual(codes, {503})
        self.assertEqual(more, 0)


class LinkTests(TreeCase):
    """Links of every kind, and what is done about each."""

    def setUp(self) -> None:
        super().setUp()
        self.file("in", b"inside")
        (self.root / "sub").mkdir()
        self.file("sub/deep", b"inside")
        (self.outside / "secret").write_bytes(b"secret")
        (self.here / "www-too").mkdir()
        (self.here / "www-too" / "secret").write_bytes(b"secret")
        self.links = {
            "to-file": "in",
            "to-folder": "sub",
            "up-and-down": "sub/../in",
            "out-and-in": "../www/in",
            "absolute": str(self.root / "in"),
            "chain": "to-file",
            "sub/up": "../in",
            "self": ".",
            "out": "../outside/secret",
            "out-absolute": str(self.outside / "secret"),
            "out-chain": "out",
            "out-folder": "../outside",
            "out-parent": "..",
            "out-like": "../www-too/secret",
            "out-system": "/etc/passwd",
            "out-process": "/proc/self/environ",
            "loop": "loop",
            "loop-1": "loop-2",
            "loop-2": "loop-1",
            "dangling": "nothing",
            "through-file": "in/x",
        }
        for name, to in self.links.items():
            os.symlink(to, self.root / name)

    inside = (
        "/to-file", "/to-folder/deep", "/up-and-down", "/out-and-in", "/absolute",
        "/chain", "/sub/up", "/self/in", "/self/self/sub/deep", "/to-folder/up",
    )  # fmt: skip
    out = (
        "/out", "/out-absolute", "/out-chain", "/out-folder/secret",
        "/out-parent/outside/secret", "/out-like", "/self/out",
    )  # fmt: skip
    never = (
        "/loop", "/loop-1", "/dangling", "/through-file", "/loop/x", "/in/x",
        "/out/", "/to-file/", "/dangling/",
    )  # fmt: skip
    elsewhere = ("/out-system", "/out-process", "/out-folder/", "/out-parent/")

    def expect(self, links: str, follows_in: bool, follows_out: bool) -> None:
        static = self.static("--links", links, "--listing")
        with self.at_rest(static):
            for targets, code, body in [
                (("/in", "/sub/deep"), 200, b"inside"),
                (self.inside, 200 if follows_in else 404, b"inside"),
                (self.out, 200 if follows_out else 404, b"secret"),
                (self.never, 404, b""),
            ]:
                for target in targets:
                    answer = self.get(static, target)
                    self.assertEqual((target, answer.code), (target, code))
                    if code == 200:
                        self.assertEqual((target, answer.body), (target, body))
            if not follows_out:
                for target in self.elsewhere:
                    self.assertEqual((target, self.get(static, target).code),
                                     (target, 404))  # fmt: skip
            for name in self.names(static):
                self.assertIn(self.get(static, url_of(name)).code, (200, 301), name)
            found = self.names(static) & set(self.links)
            followed = {target.split("/")[1] for target in self.inside}
            if follows_out:
                followed |= {name for name in self.links if name.startswith("out")}
            self.assertEqual(found, followed - {"sub"} if follows_in else set())

    def test_links_inside_the_root_only(self) -> None:
        self.expect("inside", True, False)

    def test_all_links_with_follow(self) -> None:
        self.expect("follow", True, True)

    def test_no_links_with_refuse(self) -> None:
        self.expect("refuse", False, False)

    def test_index_error_page_and_compressed_file_obey_the_policy(self) -> None:
        secret = self.outside / "secret"
        self.file("page.js", b"plain")
        self.file("compressed.js", b"plain")
        (self.root / "folder").mkdir()
        for name in (
            "compressed.js.br", "page.html", "404.html", "405.html",
            "folder/index.html",
            "index.html",
        ):  # fmt: skip
            os.symlink(secret, self.root / name)
        for links in ("inside", "refuse"):
            static = self.static("--links", links, "--spa", "--try-html", "--listing")
            for method, target in [
                ("GET", "/page"), ("GET", "/folder/"), ("GET", "/"), ("GET",
                "/nothing"),
                ("GET", "/compressed.js"), ("PUT", "/"), ("GET", "/page.html"),
            ]:  # fmt: skip
                answer = ask(static, method, target, None,
                             {"Accept-Encoding": "br", **HTML})  # fmt: skip
                self.assertNotIn(b"secret", answer.body.replace(b"secret.", b""))
            self.assertNotIn("index.html", self.names(static, "/folder/"))
            static.stop()

    def test_dotfiles_only_with_the_option(self) -> None:
        for name in (".secret", ".well-known", ".git"):
            (self.root / name).mkdir()
            (self.root / name / "file").write_bytes(b"dot")
        self.file(".env", b"dot")
        self.file("..data", b"dot")
        hidden = ("/.env", "/.secret/file", "/.git/file", "/..data", "/%2eenv")
        static, all_ = self.static("--listing"), self.static("--listing", "--dotfiles")
        for target in hidden:
            self.assertEqual((target, self.get(static, target).code), (target, 404))
            self.assertEqual((target, self.get(all_, target).body), (target, b"dot"))
        for daemon in (static, all_):
            self.assertEqual(self.get(daemon, "/.well-known/file").body, b"dot")
        dots = {name for name in self.names(static) if name.startswith(".")}
        self.assertEqual(dots, {".well-known"})
        self.assertTrue({".env", "..data", ".git"} < self.names(all_))

    def chain(self, length: int) -> str:
        """A chain of links to the file ``in``; the first one's URL."""
        os.symlink("in", self.root / "c1")
        for number in range(2, length + 1):
            os.symlink(f"c{number - 1}", self.root / f"c{number}")
        return f"/c{length}"

    def test_chain_of_links_as_long_as_the_kernel_follows(self) -> None:
        target = self.chain(KERNEL_LINKS)
        for links in ("inside", "follow"):
            static = self.static("--links", links)
            self.assertEqual(self.get(static, target).body, b"inside")

    def test_404_for_a_chain_of_links_that_is_too_long(self) -> None:
        target = self.chain(1200)
        static = self.static()
        code = self.get(static, target).code
        static.stop()
        self.assertEqual(code, 404)

    def test_listing_of_many_links_costs_little(self) -> None:
        self.chain(500)
        static = self.static("--listing")
        ask(static, target="/sub/", fields=JSON)
        process = psutil.Process(static.process.pid)
        before = process.cpu_times()
        ask(static, target="/", fields=JSON)
        after = process.cpu_times()
        # In CPU seconds: other programs may be busy while this one waits.
        spent = after.user + after.system - before.user - before.system
        self.assertLess(spent, 0.3)

"""
A tree that changes while it is served: links swapped in, files that shrink and grow.
"""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dartio_tut.testing import FramingError, ResponseReader

from .support.exchange import PIECE, connect
from .support.harness import PATIENCE, Daemon, ask
from .support.trees import TreeCase, read_on, request
from .test_secure import Authority

MIB = 1024 * 1024

SECRET = b"the secret of the folder beside"
INSIDE = b"inside"

CLIENTS = 3
AT_ONCE = 50
"""Requests that a client sends before it reads."""

ROUNDS = 8
"""Of so many requests: a client asks this often, and goes on until it saw both."""

MOST = 200
"""Rounds until a client gives up seeing both."""


@contextmanager
def over_and_over(do: Callable[[], object]) -> Iterator[None]:
    """Meanwhile, call *do* again and again in a thread."""
    end = threading.Event()

    def go_on() -> None:
        while not end.is_set():
            do()

    with ThreadPoolExecutor(1) as thread:
        going = thread.submit(go_on)
        try:
            yield
        finally:
            end.set()
    going.result()


class SwapTests(TreeCase):
    """Files and folders inside, swapped with links to what is outside."""

    def setUp(self) -> None:
        super().setUp()
        (self.outside / "file").write_bytes(SECRET)
        (self.outside / "only-outside").write_bytes(SECRET)
        (self.root / "sub").mkdir()
        self.file("sub/file", INSIDE)
        self.file("file", INSIDE)

    def swapped_file(self, path: Path) -> Callable[[], None]:
        """What swaps the file *path* with a link, and back, by renaming."""
        new = path.with_name("new")

        def swap() -> None:
            os.symlink(self.outside / "file", new)
            os.replace(new, path)
            new.write_bytes(INSIDE)
            os.replace(new, path)

        return swap

    def swap_folder(self) -> None:
        """Swap the folder ``sub`` with a link, and back."""
        folder, aside = self.root / "sub", self.root / "aside"
        link = self.root / "link"
        os.symlink(self.outside, link)
        os.rename(folder, aside)
        os.rename(link, folder)
        os.rename(folder, link)
        os.rename(aside, folder)
        os.unlink(link)

    def asked(self, port: int, target: str, *lines: str) -> Iterator[ResponseReader]:
        """Ask for *target* many times, on a connection or two."""
        asked = request(target, *lines) * (AT_ONCE - 1)
        for _ in range(MOST):
            answers = ResponseReader()
            with connect(port) as client:
                client.sendall(asked + request(target, *lines, last=True))
                came = read_on(client)
                self.assertNotIn(SECRET, came)
                self.assertNotIn(b"only-outside", came)
                answers.feed(came)
                answers.end()
            yield answers

    def never_the_secret(
        self, daemon: Daemon, target: str, *lines: str, codes: set[int]
    ) -> None:
        """Ask until all *codes* were seen, and not only once; no other one is."""

        def client(number: int) -> set[int]:
            seen: set[int] = set()
            for rounds, answers in enumerate(self.asked(daemon.port, target, *lines)):
                seen.update(answers.codes)
                if rounds >= ROUNDS and seen >= codes:
                    break
            return seen

        with ThreadPoolExecutor(CLIENTS) as clients:
            seen = set().union(*clients.map(client, range(CLIENTS)))
        self.assertEqual(seen, codes)

    def under_attack(self, links: str, *options: str) -> None:
        static = self.static("--links", links, "--listing", *options)
        with self.at_rest(static):
            with over_and_over(self.swapped_file(self.root / "file")):
                self.never_the_secret(static, "/file", codes={200, 404})
                self.never_the_secret(static, "/", "Accept: application/json",
                                      codes={200})  # fmt: skip
            with over_and_over(self.swap_folder):
                self.never_the_secret(static, "/sub/file", codes={200, 404})
                self.never_the_secret(static, "/sub/only-outside", codes={404})
                self.never_the_secret(static, "/sub/", "Accept: application/json",
                                      codes={200, 404})  # fmt: skip

    def test_no_swapped_link_leads_outside(self) -> None:
        self.under_attack("inside")

    def test_no_swapped_link_is_followed_with_refuse(self) -> None:
        self.under_attack("refuse")

    def test_swapped_index_error_page_and_compressed_file(self) -> None:
        (self.root / "folder").mkdir()
        self.file("page.js", INSIDE)
        for name in ("folder/index.html", "404.html", "page.js.br", "page.html"):
            self.file(name, INSIDE)
        static = self.static("--try-html", "--spa")
        for name, target, codes in [
            ("folder/index.html", "/folder/", {200, 404}),
            ("404.html", "/nothing.css", {404}),
            ("page.js.br", "/page.js", {200}),
            ("page.html", "/page", {200, 404}),
        ]:
            with over_and_over(self.swapped_file(self.root / name)):
                self.never_the_secret(
                    static, target, "Accept: text/html", "Accept-Encoding: br",
                    codes=codes,
                )  # fmt: skip


class LengthTests(TreeCase):
    """Files whose length changes after it was announced."""

    LARGE = 64 * MIB
    """More than the buffers of both sides hold."""

    NARROW = 64 * 1024

    PARTS = f"Range: bytes=0-{LARGE // 2 - 1}, {LARGE // 2 + 100}-"

    def setUp(self) -> None:
        super().setUp()
        self.path = self.file("file", b"")
        self.resize(self.LARGE)

    def resize(self, size: int) -> None:
        os.truncate(self.path, size)

    def begun(self, daemon: Daemon, *lines: str) -> tuple[Any, ResponseReader]:
        """A connection on which the file has begun to come, and what came."""
        client: Any = connect(daemon.port, receive_buffer=self.NARROW)
        self.addCleanup(client.close)
        if daemon.url.startswith("https"):
            context = ssl.create_default_context(cafile=str(self.here / "cert.pem"))
            client = context.wrap_socket(client, server_hostname="localhost")
            self.addCleanup(client.close)
        client.sendall(request("/file", *lines))
        answers = ResponseReader()
        while not answers.responses:
            answers.feed(client.recv(1000))
        return client, answers

    def shrinks(self, daemon: Daemon, *lines: str) -> None:
        """A file that becomes shorter: the connection is cut; nothing is made up."""
        with self.at_rest(daemon):
            self.resize(self.LARGE)
            client, answers = self.begun(daemon, *lines)
            self.resize(1 * MIB)
            try:
                came = read_on(client)
            except ssl.SSLError:  # cut without the end that TLS has
                came = b""
            self.assertLess(len(came), self.LARGE)
            answers.feed(came)
            self.assertRaises(FramingError, answers.end)
            client.close()

    def grows(self, daemon: Daemon, *lines: str) -> None:
        """A file that becomes longer: what was announced is sent, then the next."""
        with self.at_rest(daemon):
            self.resize(self.LARGE)
            client, answers = self.begun(daemon, *lines)
            with self.path.open("ab") as file:
                file.write(b"more" * MIB)
            client.sendall(request("/file", "Range: bytes=-4", last=True))
            while part := client.recv(16 * PIECE):
                answers.feed(part)
            answers.end()
            client.close()
            first, second = answers.responses
            announced = int(first.fields["content-length"])
            self.assertEqual(len(first.body), announced)
            self.assertLess(announced, self.LARGE + 1000)
            self.assertNotIn(b"more", first.body)
            self.assertEqual(bytes(second.body), b"more")

    def test_changed_length_while_the_kernel_sends(self) -> None:
        static = self.static()
        self.shrinks(static)
        self.grows(static)

    def test_changed_length_while_ranges_are_sent(self) -> None:
        static = self.static()
        self.shrinks(static, self.PARTS)
        self.grows(static, self.PARTS)

    def secure(self) -> Daemon:
        own = Authority("localhost")
        (self.here / "cert.pem").write_bytes(own.pem())
        (self.here / "key.pem").write_bytes(own.key_pem())
        line = ("--listen", "https:0:cert=cert.pem:key=key.pem")
        return self.daemon("static", "--root", "www", *line).ready()

    def served(self, daemon: Daemon) -> None:
        """Another client gets its answer, by whichever protocol."""
        if not daemon.url.startswith("https"):
            super().served(daemon)
            return
        context = ssl.create_default_context(cafile=str(self.here / "cert.pem"))
        answer = ask(daemon, target="/", host="localhost", tls=context)
        self.assertEqual(answer.code, 404)

    def test_changed_length_over_tls(self) -> None:
        static = self.secure()
        self.shrinks(static)
        self.grows(static)
        self.shrinks(static, self.PARTS)

    def test_small_files_are_whole_or_cut(self) -> None:
        """Answers are whole, of one of the lengths, or cut: never another's bytes."""
        sizes = (0, 10, 20_000)
        static = self.static()

        def change() -> None:
            for size in sizes:
                self.resize(size)

        whole = 0
        with self.at_rest(static), over_and_over(change):
            for _ in range(300):
                answers = ResponseReader()
                with connect(static.port) as client:
                    client.settimeout(PATIENCE)
                    client.sendall(request("/file") * 4 + request("/file", last=True))
                    answers.feed(read_on(client))
                try:
                    answers.end()
                except FramingError:  # cut
                    answers.responses.pop()
                for answer in answers.responses:
                    self.assertIn(len(answer.body), sizes)
                    whole += 1
        self.assertGreater(whole, 100)

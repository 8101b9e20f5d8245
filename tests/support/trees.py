"""
Trees of files to serve, and asking for them byte by byte as the system has them.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

from twisted.trial.unittest import SkipTest

from dartio_tut.daemon import StartupError
from dartio_tut.servers.static import Options, makeService
from dartio_tut.testing import Response

from .abuse import AbuseCase
from .exchange import PIECE
from .harness import Daemon, ask

JSON = {"Accept": "application/json"}
HTML = {"Accept": "text/html"}
TEXT = {"Accept": "text/plain"}


class TreeCase(AbuseCase):
    """
    A test of ``static`` with a tree to serve, and a secret beside it.

    :ivar root: the folder that is served.
    """

    def setUp(self) -> None:
        super().setUp()
        self.root = self.here / "www"
        self.root.mkdir()
        self.outside = self.here / "outside"
        self.outside.mkdir()

    def static(self, *options: str) -> Daemon:
        """Serve the tree."""
        return self.serve("static", "--root", "www", *options)

    @contextmanager
    def at_rest(self, daemon: Daemon) -> Iterator[None]:
        """What is done to *daemon* inside leaves no file open."""
        self.served(daemon)
        if not daemon.url.startswith("https"):
            ask(daemon, target="/", fields=JSON)  # the first listing starts threads
        files = open_files(daemon)
        yield
        self.served(daemon)
        self.becomes(
            daemon,
            lambda: open_files(daemon) <= files,
            f"more than {files} files stay open",
        )

    def file(self, name: str | bytes, content: bytes = b"x") -> Path:
        """Make a file in the tree."""
        path = self.root / os.fsdecode(name)
        path.write_bytes(content)
        return path

    def get(self, daemon: Daemon, target: str, **fields: str) -> Response:
        """Ask for *target*; ``if_range=`` is a field."""
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        return ask(daemon, target=target, fields=named)

    def listed(self, daemon: Daemon, target: str = "/") -> list[dict[str, Any]]:
        """The entries of the listing at *target*."""
        answer = ask(daemon, target=target, fields=JSON)
        self.assertEqual(answer.code, 200)
        entries: list[dict[str, Any]] = json.loads(answer.body)["entries"]
        return entries

    def names(self, daemon: Daemon, target: str = "/") -> set[str]:
        """The names in the listing at *target*."""
        return {entry["name"] for entry in self.listed(daemon, target)}


@contextmanager
def redirected() -> Iterator[None]:
    """Nothing is said on the terminal meanwhile."""
    terminal = sys.__stderr__
    with open(os.devnull, "w") as nowhere:
        sys.__stderr__ = nowhere  # type: ignore[misc]
        try:
            yield
        finally:
            sys.__stderr__ = terminal  # type: ignore[misc]


class OptionCase(TreeCase):
    """A test of options of ``static``."""

    def code(self, daemon: Daemon, target: str, **fields: str) -> int:
        return self.get(daemon, target, **fields).code

    def bad(self, option: str, value: str, *values: str) -> None:
        """
        Each of *values* is told to be wrong, by the name of *option*: the first one on
        a command line, the others without a process each.
        """
        said = self.refuses("static", "--root", "www", option, value)
        self.assertIn(option.split("=")[0], said, value)
        for value in values:
            self.assertIn(option, self.complaint(option, value), value)

    def complaint(self, *line: str) -> str:
        """Why ``static`` does not start with the options *line*."""
        options = Options()
        with redirected():
            try:
                options.parseOptions(["--root", str(self.root), *line])
                makeService(options)
            except StartupError as error:
                return error.line
        self.fail(f"starts with {line}")


def open_files(daemon: Daemon) -> int:
    """The descriptors that *daemon* has of other things than connections."""
    folder = f"/proc/{daemon.process.pid}/fd"
    found = 0
    for name in os.listdir(folder):
        try:
            found += not os.readlink(f"{folder}/{name}").startswith("socket:")
        except FileNotFoundError:  # closed meanwhile
            continue
        except PermissionError:
            raise SkipTest("NOT TESTED: files that another user has open") from None
    return found


def url_of(name: str | bytes) -> str:
    """The path of what is called *name* in the root."""
    return "/" + quote_from_bytes(os.fsencode(name))


def request(target: str, *lines: str, last: bool = False) -> bytes:
    """A GET request for *target* with the field *lines*, as bytes."""
    close = ("Connection: close",) if last else ()
    head = (f"GET {target} HTTP/1.1", "Host: a", *lines, *close, "", "")
    return "\r\n".join(head).encode("latin-1")


def read_on(connection: socket.socket) -> bytes:
    """All that still comes until the server closes or cuts *connection*."""
    came = []
    try:
        while part := connection.recv(4 * PIECE):
            came.append(part)
    except ConnectionResetError:
        pass
    return b"".join(came)

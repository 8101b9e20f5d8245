"""
nginx, HAProxy and Caddy in front of a daemon, with the files of ``deploy/proxies``.

Rule: a file is used as it is. Only the port, and where the server is, are put in, and
whatever is to be replaced must be there.
"""

from __future__ import annotations

import os
import shutil
import socket
from contextlib import suppress
from pathlib import Path

from twisted.trial.unittest import SkipTest

from .harness import CHECKOUT, Case, Daemon, free_port
from .until import until

PROXIES = CHECKOUT / "deploy" / "proxies"

SYSTEM_FOLDERS = "/usr/sbin:/sbin"
"""Where Debian has programs of the system's, which a user's PATH need not name."""

SOCKET = "/run/dartio/http.sock"
ADDRESS = "127.0.0.1:4040"


class Proxy:
    """
    One kind of proxy.

    :cvar file: its configuration in ``deploy/proxies``.
    :cvar over_unix: its line that names the server's Unix socket.
    :cvar over_tcp: its line, a comment, that names the server's TCP port.
    :cvar listens: what says in it where it listens.
    :cvar listens_in_test: the same for a test, with ``PORT``.
    """

    program: str
    file: str
    over_unix: str
    over_tcp: str
    listens: str
    listens_in_test: str

    def __init__(self, case: Case) -> None:
        self._case = case
        found = shutil.which(
            self.program, path=f"{os.environ['PATH']}:{SYSTEM_FOLDERS}"
        )
        if found is None:
            raise SkipTest(f"NOT TESTED: {self.program} in front, which is not here")
        self.path = found
        self.port = free_port()

    def start(self, *servers: str | int, line: str | None = None) -> int:
        """
        Run the proxy in front of *servers*, and wait until it listens.

        :param servers: the ports, or the paths of the Unix sockets, of the daemons.
        :param line: the line of the file that names a server, instead of the usual one.
        :return: the port of the proxy.
        """
        folder = self._case.here
        text = replaced(
            (PROXIES / self.file).read_text(),
            self.listens,
            self.listens_in_test.replace("PORT", str(self.port)),
        )
        lines = [
            self.line_for(server, number, line) for number, server in enumerate(servers)
        ]
        at = f"{self.over_unix}\n"
        text = replaced(text, at, "\n    ".join(lines) + "\n")
        (folder / self.file).write_text(text)
        running = self._case.started(*self.command(folder))
        self._case.addCleanup(end, running)
        until(f"{self.program} listens", lambda: self.listens_now(running))
        return self.port

    def line_for(self, server: str | int, number: int, line: str | None) -> str:
        """The line that names *server*, of the file's own comment or line."""
        whole = (PROXIES / self.file).read_text()
        if isinstance(server, int):
            chosen = line or self.over_tcp
            replaced(whole, f"# {chosen}\n", "")  # it stands there, as a comment
            return self.named(replaced(chosen, ADDRESS, f"127.0.0.1:{server}"), number)
        return self.named(replaced(self.over_unix, SOCKET, server), number)

    def named(self, line: str, number: int) -> str:
        """*line* for the server with this *number*, where servers have names."""
        return line

    def command(self, folder: Path) -> list[str]:
        """The command that runs the proxy in the foreground."""
        raise NotImplementedError

    def listens_now(self, running: Daemon) -> bool:
        """Whether the proxy accepts connections."""
        if running.process.poll() is not None:
            raise AssertionError(f"{self.program}: {running.output()}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False


class Nginx(Proxy):
    """nginx, by a file that Debian's nginx.conf includes."""

    program = "nginx"
    file = "nginx.conf"
    over_unix = f"server unix:{SOCKET};"
    over_tcp = f"server {ADDRESS};"
    listens = "listen 80;"
    listens_in_test = "listen 127.0.0.1:PORT;"

    def command(self, folder: Path) -> list[str]:
        """Write what includes the file."""
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "main.conf").write_text(
            f"daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\n"
            "events { worker_connections 512; }\n"
            f"http {{ access_log off;\n{temporary} include {folder / self.file}; }}\n"
        )
        return [self.path, "-e", "stderr", "-c", str(folder / "main.conf")]


class HAProxy(Proxy):
    """HAProxy."""

    program = "haproxy"
    file = "haproxy.cfg"
    over_unix = f"server one unix@{SOCKET}"
    over_tcp = f"server one {ADDRESS}"
    listens = "bind :80"
    listens_in_test = "bind 127.0.0.1:PORT"

    PROXY_PROTOCOL = f"server one {ADDRESS} send-proxy-v2"

    def named(self, line: str, number: int) -> str:
        """Give each server a name of its own."""
        return replaced(line, "server one ", f"server one-{number} ")

    def command(self, folder: Path) -> list[str]:
        """Only root can become another user."""
        path = folder / self.file
        if os.geteuid() != 0:
            text = replaced(
                path.read_text(), "    user haproxy\n    group haproxy\n", ""
            )
            path.write_text(text)
        return [self.path, "-db", "-f", str(path)]


class Caddy(Proxy):
    """Caddy."""

    program = "caddy"
    file = "Caddyfile"
    over_unix = f"to unix/{SOCKET}"
    over_tcp = f"to {ADDRESS}"
    listens = ":80 {"
    listens_in_test = ":PORT {\n\tbind 127.0.0.1"

    def command(self, folder: Path) -> list[str]:
        """Import the file; the port for those who administer Caddy would be taken."""
        (folder / "main.caddy").write_text(f"{{\n\tadmin off\n}}\nimport {self.file}\n")
        config = ["--config", str(folder / "main.caddy"), "--adapter", "caddyfile"]
        return [self.path, "run", *config]


def replaced(text: str, old: str, new: str) -> str:
    """*text* with *new* in the place of *old*, which must be there once."""
    if text.count(old) != 1:
        raise AssertionError(f"{old!r} stands {text.count(old)} times in:\n{text}")
    return text.replace(old, new)


def end(running: Daemon) -> None:
    """End a proxy."""
    running.process.terminate()
    running.ended()

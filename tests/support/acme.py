"""
An authority that speaks ACME: pebble, Let's Encrypt's own for tests, with a DNS server
that finds every name at this machine.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

from twisted.trial.unittest import SkipTest

from dartio_tut.daemon import localhost_certificate

from .harness import Case, Daemon, free_port
from .until import until

PROGRAMS = ("pebble", "pebble-challtestsrv")

NOT_SERVED = ("http01", "https01", "tlsalpn01", "doh")
"""What the DNS server would serve besides, at ports that are fixed."""


class Authority:
    """
    A running authority, whose certificates nobody trusts.

    :param http_port: where it asks for the answer to a challenge, instead of port 80.
    :param client: the program that is to get certificates.
    """

    def __init__(self, case: Case, http_port: int, client: str) -> None:
        missing = [name for name in (*PROGRAMS, client) if not shutil.which(name)]
        if missing:
            raise SkipTest(f"NOT TESTED: an authority of ACME; that takes {missing}")
        self._case = case
        self.port, dns, management = free_port(), free_port(), free_port()
        cert, key = localhost_certificate(str(case.here))
        self._own_certificate = cert
        settings = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{management}",
            "certificate": cert,
            "privateKey": key,
            "httpPort": http_port,
            "tlsPort": free_port(),
        }
        config = case.here / "pebble.json"
        config.write_text(json.dumps({"pebble": settings}))
        known = subprocess.run(
            ["pebble-challtestsrv", "--help"],
            capture_output=True,
            text=True,
            check=False,
        ).stderr
        nowhere = [f"-{kind}=" for kind in NOT_SERVED if f"-{kind} " in known]
        # Newer ones call it otherwise.
        names = "dns01" if "-dns01 " in known else "dnsserver"
        self._run(
            "pebble-challtestsrv", "-defaultIPv4=127.0.0.1", "-defaultIPv6=",
            f"-{names}=127.0.0.1:{dns}",
            f"-management=127.0.0.1:{free_port()}", *nowhere,
        )  # fmt: skip
        # No pause before a challenge is looked at, and no nonces refused for practice.
        self._run(
            "env", "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0",
            "pebble", "-config", str(config), "-dnsserver", f"127.0.0.1:{dns}",
        )  # fmt: skip
        until("the authority listens", self._listens)

    def _run(self, *command: str) -> None:
        running: Daemon = self._case.started(*command)
        self._case.addCleanup(running.ended)
        self._case.addCleanup(running.process.terminate)

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False

    def certbot(self, *line: str) -> None:
        """Run certbot, which has its files in a folder of this test's."""
        folder = self._case.folder / "letsencrypt"
        places = [
            f"--{name}-dir={folder / name}" for name in ("config", "work", "logs")
        ]
        self._client(
            "certbot", *line, *places, "--server", self._directory, "--no-verify-ssl",
            "-n",
        )  # fmt: skip

    def lego(self, *line: str) -> None:
        """Run lego, which has its files in a folder of this test's."""
        self._client(
            "env", f"LEGO_CA_CERTIFICATES={self._own_certificate}",
            "lego", "--server", self._directory, "--path", str(self.lego_folder), *line,
        )  # fmt: skip

    @property
    def _directory(self) -> str:
        return f"https://localhost:{self.port}/dir"

    def _client(self, *command: str) -> None:
        running = self._case.started(*command)
        code, said = running.ended(), running.output()
        if code:
            raise AssertionError(f"{command}: {code}: {said}")

    @property
    def live(self) -> Path:
        """The folder of the certificates that certbot has."""
        return self._case.folder / "letsencrypt" / "config" / "live"

    @property
    def lego_folder(self) -> Path:
        """The folder of what lego has."""
        return self._case.folder / "lego"

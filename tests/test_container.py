"""
``deploy/Containerfile``: what it says, and, where buildah works, what comes of it.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
from configparser import ConfigParser
from pathlib import Path

from .support.harness import BIN, CHECKOUT, PATIENCE, Case, ask, free_port
from .support.images import Builder, Container, first_process

FILE = CHECKOUT / "deploy" / "Containerfile"
IGNORE = CHECKOUT / ".containerignore"


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Containerfile, each with what follows it."""
    text = re.sub(r"^#.*\n", "", FILE.read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(word, rest) for word, _, rest in (x.partition(" ") for x in lines) if word]


def the(name: str) -> str:
    """What follows the only instruction *name*."""
    (rest,) = [rest for word, rest in instructions() if word == name]
    return rest


class ContainerfileTests(Case):
    """Each line of the Containerfile, read."""

    def test_image_gets_only_what_the_wheel_is_made_of(self) -> None:
        copied = [
            rest.split()[:-1]
            for word, rest in instructions()
            if word in ("COPY", "ADD") and not rest.startswith("--from=build")
        ]
        names = sorted(name for sources in copied for name in sources)
        self.assertEqual(
            names,
            [
                "LICENSE",
                "README.md",
                "dartio_tut",
                "pyproject.toml",
                "setup.cfg",
                "twisted",
            ],
        )
        for name in names:
            self.assertTrue((CHECKOUT / name).exists(), name)

    def test_builder_is_given_what_is_copied_and_nothing_else(self) -> None:
        lines = [x for x in IGNORE.read_text().splitlines() if not x.startswith("#")]
        self.assertEqual(lines[0], "*")
        given = sorted(x.removeprefix("!") for x in lines if x.startswith("!"))
        copied = [
            name
            for word, rest in instructions()
            if word == "COPY" and not rest.startswith("--from=build")
            for name in rest.split()[:-1]
        ]
        self.assertEqual(given, sorted(copied))
        # docker reads the same under another name.
        self.assertEqual((CHECKOUT / ".dockerignore").resolve(), IGNORE)

    def test_nothing_runs_as_root_and_nothing_keeps_a_secret(self) -> None:
        user, _, group = the("USER").partition(":")
        self.assertGreater(min(int(user), int(group)), 1000)
        words = [word for word, _ in instructions()]
        self.assertEqual(
            [w for w in words if w in ("USER", "ENTRYPOINT")], ["USER", "ENTRYPOINT"]
        )
        self.assertNotRegex(FILE.read_text(), r"(?i)password|secret|token|\.pem")

    def test_what_it_installs_and_starts_is_the_packages(self) -> None:
        settings = ConfigParser()
        settings.read(CHECKOUT / "setup.cfg")
        (extras,) = re.findall(r"\.whl\)\[(.*?)\]", FILE.read_text())
        for extra in extras.split(","):
            self.assertIn(extra, settings["options.extras_require"])
        for program in (json.loads(the("ENTRYPOINT"))[0], "dartio"):
            self.assertTrue((BIN / program).exists(), program)

    def test_its_options_are_options_and_fit_each_other(self) -> None:
        found = re.findall(r"(DARTIO_\w+)=(\S+)", the("ENV"))
        self.assertEqual(len(found), 3)
        arguments = json.loads(the("ENTRYPOINT"))
        settings = [f"{name}={text}" for name, text in found]
        for line in (json.loads(the("CMD")), ["notes"], ["static"]):
            daemon = self.started("env", *settings, *arguments, *line, "--check")
            self.assertEqual(daemon.ended(), 0, daemon.output())
            self.assertNotIn("DARTIO_", daemon.output())  # none is nearly an option
        (port,) = re.findall(r"tcp:(\d+)", dict(found)["DARTIO_METRICS"])
        self.assertIn(f"http://127.0.0.1:{port}/readyz", the("HEALTHCHECK"))
        self.assertEqual(dict(found)["DARTIO_PORT"], the("EXPOSE"))


class BuiltTests(Case):
    """The image, built and run."""

    def setUp(self) -> None:
        super().setUp()
        builder = Builder(self)
        (base,) = {
            rest.split()[0].replace("${PYTHON}", the("ARG").partition("=")[2])
            for word, rest in instructions()
            if word == "FROM"
        }
        builder.make_base(base)
        self.config = builder.build(FILE, CHECKOUT)
        self.tree = builder.mounted()
        self.volume = self.here / "volume"
        self.volume.mkdir()
        os.chown(self.volume, 10001, 10001)
        self.port, self.health = free_port(), free_port()
        self.options = {
            "DARTIO_PORT": str(self.port),
            "DARTIO_METRICS": f"tcp:{self.health}:interface=127.0.0.1",
            "DARTIO_HEALTH": "yes",
        }
        self.container = Container(self, self.tree, self.config, self.volume)

    def test_it_serves_from_a_read_only_root_and_stops_when_it_is_told(self) -> None:
        self.assert_nothing_is_left_of_the_build()
        running = self.container.start("notes", "--rest", **self.options)
        running.wait_for("Listening on")
        self.assertEqual(ask(self.port, "POST", body='{"myNote": "milk"}').code, 200)
        self.assertEqual(len(list(self.volume.rglob("notes.txt"))), 1)
        status = Path(f"/proc/{first_process(running)}/status").read_text()
        self.assertIn("Uid:\t10001\t10001", status)
        # podman and docker ask in the same way.
        words = self.config["Healthcheck"]["Test"]
        self.assertEqual(words[0], "CMD")
        asked = [w.replace(":9100/", f":{self.health}/") for w in words[1:]]
        code, said = self.container.run(asked)
        self.assertEqual((code, "ready" in said), (0, True), said)
        self.assertEqual(ask(self.port, target="/readyz").body, b"ready\n")
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as client:
            client.sendall(b"GET /?limit=1 HTTP/1.1\r\nHost: localhost\r\n")
            ask(self.port)  # so the first half has come, too
            os.kill(first_process(running), signal.SIGTERM)
            running.wait_for("Finishing what is under way on 1 connections")
            code, said = self.container.run(asked)
            self.assertEqual(code, 1, said)  # no longer ready
            client.sendall(b"\r\n")
            response = http.client.HTTPResponse(client)
            response.begin()
            self.assertEqual(response.status, 200)
        self.assertEqual((running.ended(), running.errors()), (0, ""))

    def assert_nothing_is_left_of_the_build(self) -> None:
        for name in ("clone", "wheels"):
            self.assertFalse((self.tree / name).exists(), name)
        self.assertEqual(list((self.tree / "opt/dartio-tut/bin").glob("pip*")), [])

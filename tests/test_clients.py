"""
``dartio`` and ``python -m dartio_tut.clients.NAME``, against real servers.
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess

from .support.harness import BIN, PATIENCE, Case, environment, free_port

HAN_SOLO = (
    b'{"name":"Han Solo","job":"reluctant hero","BFF":"Chewbacca",'
    b'"ship":"Millennium Falcon","weakness":"smuggling debts"}'
)


def both_ways(client: str) -> tuple[tuple[str, ...], ...]:
    """How to start *client*: by the command, and alone."""
    return ("dartio", client), ("python", "-m", f"dartio_tut.clients.{client}")


class ClientTests(Case):
    """Each client and its bad twins."""

    def test_guess(self) -> None:
        thinker = self.serve("thinker")
        for program in (
            ("dartio", "guess"),
            ("python", "-m", "dartio_tut.clients.guess"),
        ):
            said, _ = self.run_program(*program, "--url", thinker.url, "--every", "0")
            rounds = r"(Guess is \d\.\nBad guess, trying again\.\n)*"
            self.assertTrue(
                re.fullmatch(rounds + r"Guess is \d\.\nGood guess, yay!\n", said), said
            )

    def test_write(self) -> None:
        writer = self.serve("writer", "--store", "store")
        for program in (
            ("dartio", "write"),
            ("python", "-m", "dartio_tut.clients.write"),
        ):
            said, _ = self.run_program(*program, "--url", writer.url)
            self.assertEqual(said, "Wrote data for Han Solo.\n")
            self.assertEqual((self.here / "store/file.txt").read_bytes(), HAN_SOLO)
            (self.here / "store/file.txt").unlink()
        _, why = self.run_program("dartio", "write", ".x", "--url", writer.url, code=1)
        self.assertIn("400", why)
        _, why = self.run_program("dartio", "write", "--data", "{", code=2)
        self.assertIn("not JSON", why)

    def test_note(self) -> None:
        url = self.serve("notes").url
        for program in (
            ("dartio", "note"),
            ("python", "-m", "dartio_tut.clients.note"),
        ):
            self.run_program(*program, "--url", url, "Buy milk ☃")
            said, _ = self.run_program(*program, "--url", url, "--get", "0")
            self.assertEqual(said, "Buy milk ☃\n")
        said, _ = self.run_program("dartio", "note", "--url", url, "third")
        self.assertEqual(said, "You have 3 notes.\n")
        _, why = self.run_program("dartio", "note", "--url", url, "--get", "9", code=1)
        self.assertEqual(why, "dartio: There is no note 9.\n")

    def test_get(self) -> None:
        hello = self.serve("hello")
        for program in both_ways("get"):
            said, _ = self.run_program(*program, hello.url)
            self.assertEqual(said, "Hello, world!")

    def test_no_server(self) -> None:
        url = f"http://127.0.0.1:{free_port()}/"
        for line in (
            ("guess", "--url", url),
            ("write", "--url", url),
            ("note", "x", "--url", url),
            ("get", url),
        ):
            _, why = self.run_program("dartio", *line, code=1)
            self.assertEqual(why, f"dartio: no server answers at {url}\n")

    def test_usage(self) -> None:
        said, _ = self.run_program("dartio", "--help")
        for client in ("guess", "write", "note", "get"):
            self.assertIn(client, said)
            self.run_program("dartio", client, "--help")
        self.run_program("dartio", code=2)
        self.run_program("dartio", "bogus", code=2)
        self.run_program("dartio", "--version")

    def test_interrupted(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            client = subprocess.Popen(
                [str(BIN / "dartio"), "get", f"http://127.0.0.1:{port}/"],
                env=environment(self.home),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            silent.settimeout(PATIENCE)
            connection, _ = silent.accept()
            self.addCleanup(connection.close)
            connection.recv(1)
            client.send_signal(signal.SIGINT)
            out, err = client.communicate(timeout=PATIENCE)
            self.assertEqual((client.returncode, out, err), (130, "", ""))

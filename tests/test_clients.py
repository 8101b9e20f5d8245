"""
``dartio`` and ``python -m dartio_tut.clients.NAME``, against real servers.
"""

from __future__ import annotations

import re
import shlex
import signal
import socket
import subprocess

from .support.harness import BIN, PATIENCE, Case, environment, free_port

HAN_SOLO = (
    b'{"name":"Han Solo","job":"reluctant hero","BFF":"Chewbacca",'
    b'"ship":"Millennium Falcon","weakness":"smuggling debts"}'
)


INTERRUPTED_AT_WORK = """
import signal
from argparse import Namespace
from types import SimpleNamespace

from dartio_tut.clients.running import run_in_reactor

async def main(reactor, arguments):
    print("It works.")
    signal.raise_signal(signal.SIGINT)
    print("It goes on.")

run_in_reactor(SimpleNamespace(main=main), Namespace(), needs_web=False)
"""
"""A client that gets a Ctrl-C before it has waited for anything."""

INTERRUPTED_WHILE_IT_WAITS = """
import signal
from argparse import Namespace
from types import SimpleNamespace

from dartio_tut.clients.running import run_in_reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

async def main(reactor, arguments):
    try:
        await deferLater(reactor, 0, signal.raise_signal, signal.SIGINT)
        await Deferred()
    finally:
        await deferLater(reactor, 0.1, lambda: None)
        print("It has closed all.")

run_in_reactor(SimpleNamespace(main=main), Namespace(), needs_web=False)
"""
"""A client that gets a Ctrl-C while the reactor runs, and closes something then."""


INTERRUPTED_TWICE = INTERRUPTED_WHILE_IT_WAITS.replace(
    "        await deferLater(reactor, 0.1, lambda: None)\n",
    "        await deferLater(reactor, 0.1, signal.raise_signal, signal.SIGINT)\n",
)
"""A client that gets another Ctrl-C while it closes something."""


def both_ways(client: str) -> tuple[tuple[str, ...], ...]:
    """How to start *client*: by the command, and alone."""
    return ("dartio", client), ("python", "-m", f"dartio_tut.clients.{client}")


class ClientTests(Case):
    """Each client, against its server."""

    def test_guess_ends_when_it_is_right(self) -> None:
        thinker = self.serve("thinker")
        for program in both_ways("guess"):
            said, _ = self.run_program(*program, "--url", thinker.url, "--every", "0")
            rounds = r"(Guess is \d\.\nBad guess, trying again\.\n)*"
            self.assertTrue(
                re.fullmatch(rounds + r"Guess is \d\.\nGood guess, yay!\n", said), said
            )

    def test_write_stores_a_document(self) -> None:
        writer = self.serve("writer", "--store", "store")
        for program in both_ways("write"):
            said, _ = self.run_program(*program, "--url", writer.url)
            self.assertEqual(said, "Wrote data for Han Solo.\n")
            self.assertEqual((self.here / "store/file.txt").read_bytes(), HAN_SOLO)
            (self.here / "store/file.txt").unlink()
        _, why = self.run_program("dartio", "write", ".x", "--url", writer.url, code=1)
        self.assertIn("400", why)
        _, why = self.run_program("dartio", "write", "--data", "{", code=2)
        self.assertIn("not JSON", why)

    def test_note_saves_a_note_and_gets_it(self) -> None:
        url = self.serve("notes").url
        for program in both_ways("note"):
            self.run_program(*program, "--url", url, "Buy milk ☃")
            said, _ = self.run_program(*program, "--url", url, "--get", "0")
            self.assertEqual(said, "Buy milk ☃\n")
        said, _ = self.run_program("dartio", "note", "third", "one", "--url", url)
        self.assertEqual(said, "You have 3 notes.\n")
        said, _ = self.run_program("dartio", "note", "--url", url, "--get", "2")
        self.assertEqual(said, "third one\n")
        _, why = self.run_program("dartio", "note", "--url", url, "--get", "9", code=1)
        self.assertEqual(why, "dartio: There is no note 9.\n")

    def test_get_prints_what_a_url_answers(self) -> None:
        hello = self.serve("hello")
        for program in both_ways("get"):
            said, _ = self.run_program(*program, hello.url)
            self.assertEqual(said, "Hello, world!")

    def test_get_takes_a_shorthand(self) -> None:
        port = self.serve("hello").port
        for url in (f"localhost:{port}", f":{port}", f":{port}/x?y", f"127.1:{port}/"):
            said, _ = self.run_program("dartio", "get", url)
            self.assertEqual(said, "Hello, world!")

    def test_nobody_there_says_what_to_start(self) -> None:
        url = f"http://127.0.0.1:{free_port()}/"
        for server, *line in (
            ("thinker", "guess", "--url", url),
            ("notes", "note", "x", "--url", url),
            ("writer", "write", "--url", url),
        ):
            _, why = self.run_program("dartio", *line, code=1)
            hint = f'is "twistd -n {server}" running?'
            self.assertEqual(why, f"dartio: no server answers at {url}: {hint}\n")
        _, why = self.run_program("dartio", "get", url, code=1)
        self.assertEqual(why, f"dartio: no server answers at {url}\n")

    def test_wrong_server_is_told(self) -> None:
        url = self.serve("hello").url
        for line in (("note", "x"), ("note", "--get", "0"), ("guess",), ("write",)):
            _, why = self.run_program("dartio", *line, "--url", url, code=1)
            self.assertRegex(why, r"^dartio: \S+ is no \w+ server: it answers 'Hello, ")


class CommandTests(Case):
    """The command line itself."""

    def test_usage(self) -> None:
        said, _ = self.run_program("dartio", "--help")
        for client in ("get", "guess", "inspect", "new", "note", "store", "write"):
            self.assertIn(client, said)
            told, _ = self.run_program("dartio", client, "--help")
            self.assertEqual("--timeout" in told, client not in ("new", "store"))
        _, why = self.run_program("dartio", "bogus", code=2)
        choices = "inspect, learn, new, note, serve, store, write"
        self.assertIn(choices, why.replace("'", ""))  # Python 3.13 writes no quotes
        self.run_program("dartio", "get", code=2)
        said, _ = self.run_program("dartio", "--version")
        self.assertRegex(said, r"^dartio-tut \d")

    def test_without_a_command_all_are_listed_and_it_counts_as_wrong(self) -> None:
        listed, _ = self.run_program("dartio", "--help")
        said, why = self.run_program("dartio", code=2)
        self.assertEqual((said, why), ("", listed))

    def test_help_imports_no_client_and_nothing_that_takes_long(self) -> None:
        for line in (["--help"], [], ["bogus"]):
            said, _ = self.run_program("python", "-c", HELP, *line)
            self.assertIn("loaded: []", said)

    def test_interrupted_client_ends_quietly(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            client = self.client("get", f"http://127.0.0.1:{port}/")
            silent.settimeout(PATIENCE)
            connection, _ = silent.accept()
            self.addCleanup(connection.close)
            connection.recv(1)
            client.send_signal(signal.SIGINT)
            out, err = client.communicate(timeout=PATIENCE)
            self.assertEqual((client.returncode, out, err), (130, "", ""))

    def test_client_that_waits_for_nothing_is_interrupted_quietly(self) -> None:
        self.assertEqual(
            self.interrupted(INTERRUPTED_AT_WORK), (130, "It works.\n", "")
        )

    def test_interrupted_client_closes_what_it_has_opened_and_is_no_success(
        self,
    ) -> None:
        said = self.interrupted(INTERRUPTED_WHILE_IT_WAITS)
        self.assertEqual(said, (130, "It has closed all.\n", ""))

    def test_client_that_is_interrupted_twice_ends_at_once(self) -> None:
        self.assertEqual(self.interrupted(INTERRUPTED_TWICE), (130, "", ""))

    def interrupted(self, program: str) -> tuple[int, str, str]:
        """How *program* ends, which sends itself a Ctrl-C, and what it says."""
        done = subprocess.run(
            [str(BIN / "python"), "-c", program],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            env=environment(self.home),
        )
        return done.returncode, done.stdout, done.stderr

    def test_terminated_client_ends_as_any_program(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            client = self.client("get", f"http://127.0.0.1:{port}/")
            silent.settimeout(PATIENCE)
            connection, _ = silent.accept()
            self.addCleanup(connection.close)
            connection.recv(1)
            client.terminate()
            out, err = client.communicate(timeout=PATIENCE)
            self.assertEqual((client.returncode, out, err), (-signal.SIGTERM, "", ""))

    def client(self, *words: str) -> subprocess.Popen[str]:
        client = subprocess.Popen(
            [str(BIN / "dartio"), *words],
            env=environment(self.home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(client.kill)
        return client

    def test_output_that_takes_no_more(self) -> None:
        url = self.serve("hello").url
        for where, code, why in (
            (">/dev/full", 1, "dartio: cannot write: No space left on device\n"),
            ("| true", 0, ""),
            (">&-", 0, ""),
            (">&- 2>&-", 0, ""),
        ):
            self.writes(f"dartio get {url} {where}", code, why)

    def test_output_that_takes_no_more_before_something_goes_wrong(self) -> None:
        (self.here / "empty.py").touch()
        path = shlex.quote(str(self.here / "empty.py"))
        why = "dartio: exercise 1 is not solved yet; see dartio learn hint 1\n"
        for where in ("", "| true", ">/dev/full", ">&-"):
            line = f"PYTHONUNBUFFERED= dartio learn check 1 {path} {where}"
            self.writes(line, 1, why)

    def test_help_that_cannot_be_written(self) -> None:
        for command in (
            "dartio --help",
            "dartio --version",
            "dartio get --help",
            "dartio serve --help",
            "dartio serve --version",
            "twistd notes --help",
        ):
            who = "dartio: " if "serve" not in command and "dartio" in command else ""
            why = f"{who}cannot write: No space left on device\n"
            self.writes(f"{command} >/dev/full", 1, why)
            for where in (">&-", ">&- 2>&-", "| true"):
                self.writes(f"{command} {where}", 0, "")

    def test_raw_request_from_a_standard_input_that_is_closed(self) -> None:
        why = "-: standard input is closed: name a file"
        self.assertIn(why, self.writes("dartio inspect http://a --raw - <&-", 2, None))

    def test_fault_of_ours_is_never_silent(self) -> None:
        for variable in ("", "PYTHONUNBUFFERED=1 "):
            (self.here / "fault.py").write_text(FAULT)
            line = f"{variable}{BIN / 'python'} {self.here / 'fault.py'}"
            self.assertIn("ZeroDivisionError", self.writes(line, 1, None))

    def test_content_for_which_there_is_no_room_is_no_success(self) -> None:
        """Unbuffered, Python's streams write less than they are given, silently."""
        (self.here / "file").write_bytes(bytes(3000))
        url = f"{self.serve('static', '--root', '.').url}file"
        for command in (f"get {url}", f"inspect --json {url}"):
            for variable in ("", "PYTHONUNBUFFERED=1 "):
                line = f"ulimit -f 2; {variable}dartio {command} > {self.here}/out"
                why = "dartio: cannot write: File too large\n"
                self.writes(line, 1, why)

    def writes(self, line: str, code: int, why: str | None) -> str:
        """Let bash do *line*: its exit code, and what is said unless ``None``."""
        ended = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {line}"],
            env=environment(self.home),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        said = ended.stderr
        expected = said if why is None else why
        self.assertEqual((ended.returncode, said), (code, expected), line)
        return said


FAULT = """
from argparse import Namespace
from dartio_tut.clients.running import run_in_reactor

class Client:
    async def main(*_):
        1 / 0

run_in_reactor(Client, Namespace(), needs_web=False)
"""
"""A client with a fault."""

HELP = """
import sys
from dartio_tut.command import run
slow = "twisted", "treq", "cryptography", "OpenSSL", "hyperlink", "asyncio", "email"
try:
    run()
except SystemExit:
    print("loaded:", [name for name in sys.modules if name.startswith((
        *slow, "importlib.metadata", "dartio_tut.servers", "dartio_tut.daemon",
        *(f"dartio_tut.clients.{client}" for client in (
            "get", "guess", "inspect", "note", "store", "write", "web"))))])
"""

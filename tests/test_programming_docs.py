"""
The examples for Twisted programmers: each is a whole module, correct in its types, and
does what the page says.
"""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from twisted.trial.unittest import SynchronousTestCase

from .support.harness import BIN, CHECKOUT, Case, Daemon, ask, environment

PAGE = CHECKOUT / "docs" / "programming.md"

_parts = re.compile(
    r"^#+ (?P<heading>[^\n]+)$|^```(?P<language>\w+)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)

SERVE = """
import runpy, sys
from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString

site = runpy.run_path(sys.argv[1])["site"]
endpoint = serverFromString(reactor, "tcp:0:interface=127.0.0.1")
listening = endpoint.listen(site)
listening.addCallback(
    lambda port: print(f"Listening on http://127.0.0.1:{port.getHost().port}/")
)
reactor.run()
"""
"""Serves the site of a module, which is named by its path, until it is ended."""

OBSERVE = r"""
from twisted.internet.address import IPv4Address
from twisted.internet.testing import StringTransport

for line in (b"GET / HTTP/1.1", b"GET / HTTP/9.9"):
    protocol = site.buildProtocol(IPv4Address("TCP", "127.0.0.1", 1))
    protocol.makeConnection(StringTransport())
    protocol.dataReceived(line + b"\r\nHost: a\r\n\r\n")
print(dict(statistics.by_status), dict(statistics.incomplete))
"""
"""Sends the site of an example two requests, and tells what its observer counted."""

PLUGIN = """
from twisted.application.service import ServiceMaker

example = ServiceMaker("example", "example", "Serve an example.", "example")
"""


MYPY = ("-m", "mypy", "--cache-dir", str(CHECKOUT / ".mypy_cache" / "examples"))
"""What runs mypy on the examples; only the first time takes long."""


class Block(NamedTuple):
    """A fenced block of the page, and the heading that it stands under."""

    heading: str
    language: str
    code: str


def blocks(language: str) -> list[Block]:
    """The blocks in *language*, in the order of the page."""
    found = []
    heading = ""
    for part in _parts.finditer(PAGE.read_text()):
        if part["heading"]:
            heading = part["heading"]
        elif part["language"] == language:
            found.append(Block(heading, language, part["code"]))
    return found


def example(heading: str, number: int = 0) -> str:
    """The code of an example by its heading, and its *number* below that."""
    found = [block.code for block in blocks("python") if block.heading == heading]
    return found[number]


class TypeTests(SynchronousTestCase):
    """What mypy and Python say of the examples, without serving any."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.names: list[str] = []
        for number, block in enumerate(blocks("python")):
            self.names.append(f"example_{number:02}.py")
            (self.folder / self.names[-1]).write_text(block.code)

    def run_python(self, *line: str) -> str:
        """Run Python with *line* in the folder of the examples; what it says."""
        ended = subprocess.run(
            [sys.executable, *line],
            cwd=self.folder,
            env=environment(self.folder),
            capture_output=True,
            text=True,
            check=False,
        )
        said = ended.stdout + ended.stderr
        self.assertEqual(ended.returncode, 0, said)
        return said

    def test_examples_have_no_error_with_the_configuration_that_is_told(self) -> None:
        (configuration,) = blocks("ini")
        (self.folder / "mypy.ini").write_text(configuration.code)
        said = self.run_python(*MYPY, *self.names)
        count = len(self.names)
        self.assertEqual(said, f"Success: no issues found in {count} source files\n")

    def test_a_wrong_example_would_be_found(self) -> None:
        (configuration,) = blocks("ini")
        (self.folder / "mypy.ini").write_text(configuration.code)
        wrong = example("Limits").replace("header_time=10", 'header_time="10"')
        (self.folder / "wrong.py").write_text(wrong)
        with self.assertRaisesRegex(
            self.failureException, r"wrong.py:\d+: error: .*str"
        ):
            self.run_python(*MYPY, "wrong.py")

    def test_every_example_can_be_imported_alone(self) -> None:
        code = "import runpy, sys\nfor name in sys.argv[1:]: runpy.run_path(name)"
        self.assertEqual(self.run_python("-c", code, *self.names), "")

    def test_observer_counts_what_was_sent_and_what_was_not_completed(self) -> None:
        code = example("Observing exchanges") + OBSERVE
        (self.folder / "observed.py").write_text(code)
        said = self.run_python("observed.py")
        self.assertEqual(
            said, "{404: 1, 505: 1} {'refused: version not supported': 1}\n"
        )

    def test_stores_keep_what_the_example_says(self) -> None:
        (self.folder / "stores.py").write_text(example("Notes and documents"))
        said = self.run_python("stores.py").splitlines()
        self.assertEqual(said[0], "0 ['Buy milk']")
        self.assertIn("count=1", said[1])
        self.assertEqual(said[2], "Somebody else has changed it.")

    def test_a_message_is_explained_part_by_part(self) -> None:
        (self.folder / "explain.py").write_text(example("Messages, taken apart"))
        said = self.run_python("explain.py").splitlines()
        self.assertEqual(len(said), 18)
        self.assertIn("Which site the client means", said[6])
        self.assertTrue(said[-1].startswith("True There is more than one field Host"))

    def test_tests_of_the_example_pass_and_can_fail(self) -> None:
        tests = example("Tests")
        (self.folder / "test_double.py").write_text(tests)
        said = self.run_python("-m", "twisted.trial", "test_double")
        self.assertIn("PASSED (successes=3)", said)
        (self.folder / "test_triple.py").write_text(tests.replace("2 *", "3 *"))
        with self.assertRaisesRegex(self.failureException, r"failures=1, succ.*=2"):
            self.run_python("-m", "twisted.trial", "test_triple")


class SiteTests(Case):
    """Examples that have a site."""

    def site(self, heading: str, number: int = 0) -> Daemon:
        """Serve the site of an example."""
        path, serve = self.here / "example.py", self.here / "serve.py"
        path.write_text(example(heading, number))
        serve.write_text(SERVE)
        daemon = self.started(str(BIN / "python"), str(serve), str(path)).ready()
        self.addCleanup(daemon.stop)
        return daemon

    def test_site_answers(self) -> None:
        self.assertEqual(ask(self.site("A site")).body, b"Hello, world!")
        self.assertEqual(ask(self.site("Hosts"), fields={"Host": "a.test"}).code, 404)

    def test_limits_are_those_of_the_example(self) -> None:
        daemon = self.site("Limits")
        for length, code in ((50 * 1024 * 1024 + 1, 413), (2 * 1024 * 1024, 405)):
            response = ask(daemon, "POST", "/", b"x" * length)
            self.assertEqual((length, response.code), (length, code))

    def test_watched_site_shows_its_exchanges(self) -> None:
        daemon = self.site("Watching the bytes")
        self.assertEqual(ask(daemon, target="/seen").code, 404)
        self.assertIn(b"GET /seen", ask(daemon, target="/wire/list").body)
        refused = ask(daemon, target="/wire/list", fields={"Host": "evil.example"})
        self.assertEqual(refused.code, 421)

    def test_video_is_sent_as_a_file(self) -> None:
        (self.here / "falcon.mp4").write_bytes(b"video" * 100_000)
        daemon = self.site("Sending files")
        for method, body in (("GET", b"video" * 100_000), ("HEAD", b"")):
            response = ask(daemon, method)
            self.assertEqual((response.code, response.body), (200, body))
            self.assertEqual(response.fields["content-type"], "video/mp4")
            self.assertEqual(response.fields["content-length"], "500000")

    def test_resource_below_a_folder_is_served_with_its_wrappers(self) -> None:
        daemon = self.site("Folders")
        for target, code in (("/files/api", 200), ("/api", 404)):
            response = ask(
                daemon, "GET", target, fields={"Origin": "https://example.org"}
            )
            self.assertEqual((target, response.code), (target, code))
            allowed = response.fields["access-control-allow-origin"]
            self.assertEqual(allowed, "https://example.org")

    def test_wrappers_set_their_fields_on_refusals(self) -> None:
        for number, name, value in (
            (0, "strict-transport-security", "max-age=63072000"),
            (1, "cache-control", "no-store"),
        ):
            response = ask(self.site("Resources that wrap a tree", number))
            self.assertEqual((response.code, response.fields[name]), (404, value))

    def test_uploaded_file_is_described(self) -> None:
        daemon = self.site("Request bodies")
        form = (
            '--x\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n'
            "Content-Type: image/png\r\n\r\n12345\r\n--x--\r\n"
        )
        for body, code, said in (
            (form, 200, b"a.png: 5 bytes, image/png"),
            (form.replace("photo", "else"), 422, b"Expected a photo."),
        ):
            kind = {"Content-Type": "multipart/form-data; boundary=x"}
            response = ask(daemon, "POST", "/", body, kind)
            self.assertEqual((response.code, response.body), (code, said))
        self.assertEqual(ask(daemon, "POST", "/", "{}").code, 415)


class DaemonTests(Case):
    """Examples that twistd runs."""

    def setUp(self) -> None:
        super().setUp()
        # An absolute path, so that it is not looked for beside Python.
        self.runner = (shutil.which("env") or "env", f"PYTHONPATH={self.here}")

    def example(self, heading: str, *options: str) -> Daemon:
        """Run the last example below *heading* as the server ``example``."""
        (self.here / "example.py").write_text(example(heading, -1))
        self.write("twisted/plugins/example_plugin.py", PLUGIN)
        return self.serve("example", *options)

    def write(self, name: str, text: str) -> None:
        path = self.here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def test_observer_of_a_daemon_is_told_of_each_exchange(self) -> None:
        daemon = self.example("Observing exchanges")
        self.assertEqual(ask(daemon, "GET", "/nothing").code, 404)
        daemon.wait_for("So far: {404: 1}")
        self.assertEqual(ask(daemon, "GET", "/").code, 404)
        daemon.wait_for("So far: {404: 2}")

    def test_plugin_runs_the_daemon_of_three_lines(self) -> None:
        heading = "A daemon"
        for number in (0, 1):
            code = example(heading, number)
            self.write(code.partition("\n")[0].removeprefix("# "), code)
        response = ask(self.serve("falcon"))
        self.assertEqual((response.code, response.body), (200, b"Punch it!"))
        said, _ = self.run_program(*self.runner, str(BIN / "twistd"), "--help")
        self.assertRegex(said, r"falcon +Serve the falcon\.")

    def test_options_become_what_their_checks_return(self) -> None:
        ask_options = (
            "o = Options(); o.parseOptions(['--listing', '--index=a', '--index=b'])\n"
            "print(o['listing'], o['root'], o['colour'], o['index'])\n"
            "o.parseOptions(['--colour', 'pink'])"
        )
        self.write("options.py", example("A daemon", 2) + ask_options)
        ended = subprocess.run(
            [sys.executable, "options.py"],
            cwd=self.here,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(ended.stdout, "True . blue ['a', 'b']\n")
        self.assertIn("--colour: 'pink' is not a colour: use red or blue", ended.stderr)
        self.assertEqual(ended.returncode, 78)

    def test_body_is_handed_over_while_it_arrives(self) -> None:
        daemon = self.example("Bodies while they arrive")
        body = b"x" * (2 * 1024 * 1024)  # more than a body that is held may have
        for sent in (body, b""):
            response = ask(daemon, "PUT", "/", sent)
            said = b"%d bytes\n" % len(sent)
            self.assertEqual((response.code, response.body), (200, said))

    def test_notes_are_served_from_a_store(self) -> None:
        daemon = self.example("Notes and documents", "--store", "notes")
        self.assertEqual(ask(daemon, "POST", "/", "milk").body, b"Note 0 is stored.\n")
        note = ask(daemon, "GET", "/0").body
        self.assertEqual(note, b'{"number": 0, "text": "milk"}\n')

    def test_password_is_asked_for(self) -> None:
        self.write("users", "han:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=\n")  # test
        self.write("a.txt", "Hello")
        daemon = self.example("Passwords", "--auth", "users")
        right = "Basic " + base64.b64encode(b"han:test").decode()
        for fields, code in (({}, 401), ({"Authorization": right}, 200)):
            self.assertEqual(ask(daemon, "GET", "/a.txt", fields=fields).code, code)

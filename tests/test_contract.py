"""
The tutorial's contract, line by line, and the bad twin of each line.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path

import psutil

from dartio_tut.daemon.draining import GRACE_SECONDS
from dartio_tut.servers.pages import PAGES
from dartio_tut.testing import Response

from .support.exchange import exchange
from .support.harness import BIN, Case, Daemon, ask
from .support.tracing import failing

TEXT = "text/plain; charset=utf-8"


class HelloTests(Case):
    """``hello``."""

    def test_every_request_gets_the_greeting(self) -> None:
        hello = self.serve("hello")
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"):
            for target in ("/", "/any/path?query", "/..", "/%00"):
                response = ask(hello, method, target)
                self.assertEqual(response.code, 200)
                self.assertEqual(response.body, b"Hello, world!")
                self.assertEqual(response.fields["Content-Type"], TEXT)
                self.assertEqual(response.fields["Content-Length"], "13")

    def test_head_has_the_fields_of_get(self) -> None:
        hello = self.serve("hello")
        response = ask(hello, "HEAD")
        self.assertEqual((response.code, response.body), (200, b""))
        self.assertEqual(response.fields["Content-Length"], "13")
        self.assertEqual(response.fields["Content-Type"], TEXT)

    def test_many_connections_at_once(self) -> None:
        hello = self.serve("hello")
        import socket

        idle = [socket.create_connection(("127.0.0.1", hello.port)) for _ in range(200)]
        try:
            self.assertEqual(ask(hello).body, b"Hello, world!")
            for connection in idle:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            for connection in idle:
                self.assertIn(b"200 OK", connection.recv(1000))
        finally:
            for connection in idle:
                connection.close()

    def test_malformed_request_ends_its_connection_only(self) -> None:
        hello = self.serve("hello")
        for junk in (b"\0\0\0\0\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"):
            exchange(hello.port, junk)
        self.assertEqual(ask(hello).body, b"Hello, world!")


class ThinkerTests(Case):
    """``thinker``."""

    def test_number_is_guessed_and_changes(self) -> None:
        thinker = self.daemon("thinker", "--port", "0")
        line = thinker.wait_for("I'm thinking of a number: ")
        number = line[-1]
        thinker.ready()
        self.assertTrue(number.isdigit())
        wrong = str((int(number) + 1) % 10)
        for target in (f"/?q={wrong}", "/", "/?q=x", "/?q=", f"/?x={number}", "/?q"):
            self.assertEqual(ask(thinker, target=target).body, b"false\n")
        right = f"/?q={number}"
        head = ask(thinker, "HEAD", right)
        self.assertEqual((head.code, head.body), (200, b""))
        self.assertEqual(head.fields["Content-Length"], "37")
        response = ask(thinker, target=right)
        self.assertEqual(response.code, 200)
        self.assertEqual(response.body, b"true\nI'm thinking of another number.\n")
        self.assertEqual(response.fields["Content-Type"], TEXT)
        self.assertRegex(
            thinker.wait_for("another number: "), r"I'm thinking of another number: \d$"
        )
        thinker.wait_for("Request handled.")

    def test_other_methods_are_405(self) -> None:
        thinker = self.serve("thinker")
        for method in ("PUT", "POST", "DELETE", "BREW"):
            response = ask(thinker, method, "/?q=1")
            self.assertEqual(response.code, 405)
            self.assertEqual(response.body, f"Unsupported request: {method}.".encode())
            self.assertEqual(response.fields["Allow"], "GET, HEAD")
            thinker.wait_for("Request handled.")


class NotesTests(Case):
    """``notes``."""

    def setUp(self) -> None:
        super().setUp()
        self.notes = self.serve("notes")

    def post(self, value: object, daemon: Daemon | None = None) -> Response:
        return ask(daemon or self.notes, "POST", "/", json.dumps(value))

    def test_saved_note_can_be_got(self) -> None:
        for number in range(3):
            response = self.post({"myNote": f"note {number}"})
            self.assertEqual(response.code, 200)
            self.assertEqual(response.body, f"You have {number + 1} notes.\n".encode())
            self.assertEqual(response.fields["Content-Type"], TEXT)
        for asked in ("1", 1):
            response = self.post({"getNote": asked})
            self.assertEqual((response.code, response.body), (200, b"note 1\n"))

    def test_odd_notes_come_back_unchanged(self) -> None:
        odd = ["a\nb", "a\tb", "\N{PILE OF POO}", "x" * 1_000_000, "\r", "\\n", ""]
        for number, note in enumerate(odd):
            body = json.dumps({"myNote": note}, ensure_ascii=False)
            said = ask(self.notes, "POST", "/", body).body
            self.assertEqual(said, f"You have {number + 1} notes.\n".encode())
        for number, note in enumerate(odd):
            got = self.post({"getNote": number}).body
            self.assertTrue(got == note.encode() + b"\n", note[:20])

    def test_notes_are_lines_of_a_file_and_survive_a_restart(self) -> None:
        store = self.home / ".local/share/dartio_tut/notes/notes.txt"
        self.post({"myNote": "Buy milk"})
        self.post({"myNote": "two\nlines"})
        self.assertEqual(store.read_text(), "Buy milk\ntwo\\nlines\n")
        self.notes.stop(signal.SIGKILL)
        again = self.serve("notes")
        self.assertIn(str(store.parent), "\n".join(again.lines))
        self.assertEqual(self.post({"getNote": 1}, again).body, b"two\nlines\n")
        self.assertEqual(self.post({"myNote": "x"}, again).body, b"You have 3 notes.\n")

    def test_every_content_type_is_accepted(self) -> None:
        for kind in ("text/plain;charset=UTF-8", "application/json", "image/png"):
            response = ask(
                self.notes, "POST", "/", '{"myNote": "x"}', {"Content-Type": kind}
            )
            self.assertEqual(response.code, 200)

    def test_preflight_has_the_fields_of_the_tutorial(self) -> None:
        response = ask(self.notes, "OPTIONS", "/", None, {"Origin": "http://x"})
        self.assertEqual((response.code, response.body), (204, b""))
        self.cors(response)

    def cors(self, response: Response) -> None:
        fields = response.fields
        self.assertEqual(fields["Access-Control-Allow-Origin"], "*")
        self.assertEqual(fields["Access-Control-Allow-Methods"], "POST, OPTIONS")
        self.assertEqual(
            fields["Access-Control-Allow-Headers"],
            "Origin, X-Requested-With, Content-Type, Accept",
        )

    def test_other_requests_are_404(self) -> None:
        for method, path in [("GET", "/path"), ("PUT", "/"), ("POST", "/other")]:
            response = ask(self.notes, method, path)
            self.assertEqual(response.code, 404)
            self.assertEqual(response.body, f"Not found: {method}, {path}".encode())
            self.cors(response)

    def test_bad_values_are_refused(self) -> None:
        self.post({"myNote": "only"})
        for body, code in [
            ("{", 400),
            ("", 400),
            ('{"myNote": NaN}', 400),
            ('{"getNote": "x"}', 400),
            ('{"getNote": 1}', 404),
            ('{"getNote": -1}', 404),
            ('{"getNote": ' + "9" * 5000 + "}", 400),
            ("[" * 100_000, 400),
            ("[]", 422),
            ("{}", 422),
            ('{"myNote": []}', 422),
            ('{"getNote": {}}', 422),
            ('{"myNote": "\\ud800"}', 400),
        ]:
            response = ask(self.notes, "POST", "/", body)
            self.assertEqual((body[:40], response.code), (body[:40], code))
            self.cors(response)
        self.assertEqual(self.post({"myNote": "x"}).body, b"You have 2 notes.\n")

    def test_too_large_note_is_413(self) -> None:
        size = 1024 * 1024 + 1
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n"
        self.assertIn(b" 413 ", exchange(self.notes.port, head.encode()))
        self.assertEqual(self.post({"myNote": "x"}).body, b"You have 1 notes.\n")


class OneFileTests(Case):
    """``mini-file`` and ``basic-file``."""

    def test_every_path_is_the_packaged_index(self) -> None:
        for name in ("mini-file", "basic-file"):
            server = self.serve(name)
            for target in ("/", "/a/b.png", "/../../etc/passwd"):
                response = ask(server, target=target)
                self.assertEqual(response.code, 200)
                self.assertEqual(response.fields["Content-Type"], "text/html")
                self.assertIn(b"<h1>HTTP clients and servers</h1>", response.body)
            self.assertEqual(ask(server, "HEAD").body, b"")
            self.assertEqual(ask(server, "POST", "/", "x").code, 405)

    def test_root_names_another_folder(self) -> None:
        (self.here / "index.html").write_bytes(b"<p>mine")
        for name in ("mini-file", "basic-file"):
            server = self.serve(name, "--root", ".")
            self.assertEqual(ask(server).body, b"<p>mine")

    def test_missing_file_is_404(self) -> None:
        for name in ("mini-file", "basic-file"):
            server = self.serve(name, "--root", ".")
            self.assertEqual(ask(server).code, 404)
            os.mkfifo(self.here / "index.html")
            self.assertEqual(ask(server).code, 404)
            os.unlink(self.here / "index.html")

    def test_mini_file_says_what_it_serves(self) -> None:
        server = self.serve("mini-file")
        ask(server)
        server.wait_for("Serving index.html.")


class StaticTests(Case):
    """``static`` and ``pages``."""

    def test_current_folder_is_served(self) -> None:
        (self.here / "file.txt").write_bytes(b"text")
        (self.here / "sub").mkdir()
        (self.here / "sub" / "index.html").write_bytes(b"<p>sub")
        static = self.serve("static")
        self.assertEqual(ask(static, target="/file.txt").body, b"text")
        self.assertEqual(ask(static, target="/sub/").body, b"<p>sub")
        response = ask(static, target="/sub")
        self.assertEqual(response.code, 301)
        self.assertEqual(response.fields["Location"], "./sub/")
        for target in ("/", "/nothing", "/..", "/%2e%2e/", "/..%2f..%2fetc/passwd"):
            self.assertEqual(ask(static, target=target).code, 404)

    def test_folder_is_listed_with_listing(self) -> None:
        (self.here / "a b & c.txt").write_bytes(b"text")
        static = self.serve("static", "--listing")
        response = ask(static)
        self.assertEqual(response.code, 200)
        self.assertIn(b"a%20b%20%26%20c.txt", response.body)
        link = re.search(rb'href="([^"]*\.txt)"', response.body)
        assert link
        self.assertEqual(ask(static, target="/" + link[1].decode()).body, b"text")

    def test_pages_are_those_of_the_package(self) -> None:
        pages = self.serve("pages")
        here = {"Host": f"localhost:{pages.port}"}
        form = ask(pages, target="/make_a_guess.html", fields=here).body.decode()
        self.assertIn('<form action="http://localhost:4041/" method="GET">', form)
        self.assertEqual(form.count("<option"), 10)
        self.assertIn('<select name="q"', form)
        self.assertIn('<input type="submit" value="Guess">', form)
        self.assertNotIn("<script", form)
        index = ask(pages, fields=here).body.decode()
        for port in (4040, 4041, 4042, 4044, 4046, 4047, 4048, 4049, pages.port):
            self.assertIn(f"localhost:{port}", index)
        self.assertNotIn("/wire/", index)  # which is in tutorial only
        self.assertEqual(ask(pages, target="/nothing.html").code, 404)


class WriterTests(Case):
    """``writer``."""

    def setUp(self) -> None:
        super().setUp()
        self.store = self.here / "store"
        self.writer = self.serve("writer", "--store", "store")

    def post(
        self, body: bytes, path: str = "/file.txt", kind: str = "application/json"
    ) -> Response:
        return ask(self.writer, "POST", path, body, {"Content-Type": kind})

    def test_body_is_stored_exactly_as_sent(self) -> None:
        body = b' {"name":"Han Solo",\r\n "x": 1e2} '
        response = self.post(body, kind="application/json; charset=utf-8")
        self.assertEqual(response.code, 200)
        self.assertEqual(response.body, b"Wrote data for Han Solo.")
        self.assertEqual((self.store / "file.txt").read_bytes(), body)
        self.assertEqual(self.post(b"{}").body, b"Wrote data for null.")
        self.assertEqual((self.store / "file.txt").read_bytes(), b"{}")

    def test_impossible_names_are_400_and_nothing_is_stored(self) -> None:
        for path, name in [
            ("/a/../b", "b"),
            ("/two%20words", "two words"),
            ("/%D0%B6", "ж"),
            ("/" + "x" * 255, "x" * 255),
        ]:
            self.assertEqual(self.post(b"{}", path).code, 200)
            self.assertEqual((self.store / name).read_bytes(), b"{}")
        kept = sorted(os.listdir(self.store))
        outside = sorted(p.name for p in self.here.iterdir())
        for path in (
            "/..", "/.", "/%2e%2e%2f", "/..%2fescaped", "/", "/dir/", "/.hidden",
            "/" + "x" * 300, "/a%00b", "/%ff", "/a%0ab", "/%2fetc%2fpasswd", "/a%5cb",
        ):  # fmt: skip
            response = self.post(b"{}", path)
            self.assertEqual((path, response.code), (path, 400))
            self.assertIn(b"Cannot store: ", response.body)
        self.assertEqual(sorted(os.listdir(self.store)), kept)
        self.assertEqual(sorted(p.name for p in self.here.iterdir()), outside)

    def test_other_methods_and_types_are_405_with_advice(self) -> None:
        for method in ("GET", "PUT", "DELETE"):
            response = ask(self.writer, method, "/file.txt")
            self.assertEqual(response.code, 405)
            self.assertEqual(response.body, f"Unsupported request: {method}.".encode())
            self.assertEqual(response.fields["Allow"], "POST")
        response = self.post(b"{}", kind="text/plain")
        self.assertEqual(response.code, 405)
        said = b"Unsupported request: POST.\nSay Content-Type: application/json."
        self.assertEqual(response.body, said)

    def test_bad_json_is_refused_and_not_stored(self) -> None:
        for body, code in [(b"", 400), (b'{\n"a" 1}', 400), (b"[1]", 422), (b"5", 422)]:
            self.assertEqual((body, self.post(body).code), (body, code))
        self.assertIn(b"line 2, column 5", self.post(b'{\n"a" 1}').body)
        self.assertEqual(os.listdir(self.store), [])

    def test_storage_failure_is_500_without_paths(self) -> None:
        log = self.here / "strace"
        with failing(
            self.writer.process.pid,
            log,
            "rename,renameat,renameat2,link,linkat",
            "error=EIO",
        ):
            response = self.post(b"{}", "/lost")
        self.assertEqual(response.code, 500)
        self.assertIn(b"Exception during file I/O: ", response.body)
        self.assertNotIn(str(self.store).encode(), response.body)
        self.assertEqual(os.listdir(self.store), [])
        self.writer.stop()  # its log tells the operator, with a traceback


class TutorialTests(Case):
    """``tutorial``: all of them in one process."""

    def test_tutorial_serves_every_lesson(self) -> None:
        (self.here / "www").mkdir()
        tutorial = self.daemon(
            "tutorial", "--port", "0", "--root", "www", "--store", "data"
        )
        ports = [tutorial.ready().port for _ in range(9)]
        self.assertEqual(len(set(ports)), 9)
        names = (
            "hello", "thinker", "notes", "mini", "basic", "secure", "static", "writer",
            "pages",
        )  # fmt: skip
        port = dict(zip(names, ports, strict=True))
        self.assertEqual(ask(port["hello"]).body, b"Hello, world!")
        self.assertIn(ask(port["thinker"], target="/?q=x").body, b"false\n")
        self.assertEqual(
            ask(port["notes"], "POST", "/", '{"myNote": "x"}').body,
            b"You have 1 notes.\n",
        )
        packaged = Path(PAGES, "index.html").read_bytes()
        self.assertEqual(ask(port["mini"]).body, packaged)
        self.assertEqual(ask(port["basic"]).body, packaged)
        self.assertIn(b">runs<", ask(port["pages"]).body)
        self.assertEqual(ask(port["static"]).code, 404)
        json_type = {"Content-Type": "application/json"}
        self.assertEqual(ask(port["writer"], "POST", "/f", "{}", json_type).code, 200)
        self.assertTrue((self.here / "data" / "notes" / "notes.txt").exists())
        self.assertTrue((self.here / "data" / "writer" / "f").exists())


class EndingTests(Case):
    """The end of a daemon, and its beginning."""

    def test_signals_end_every_daemon_quietly_and_at_once(self) -> None:
        for name in (
            "hello", "thinker", "notes", "mini-file", "basic-file", "hello-secure",
            "static", "writer", "pages", "tutorial",
        ):  # fmt: skip
            for number in (signal.SIGINT, signal.SIGTERM):
                daemon = self.serve(name)
                asked = time.monotonic()
                code = daemon.stop(number)
                # Not after the grace period. Other programs may be busy meanwhile.
                self.assertLess(time.monotonic() - asked, GRACE_SECONDS / 2, name)
                self.assertEqual(code, -number)
                self.assertEqual(daemon.errors(), "")
                self.assertNotIn("Traceback", daemon.output())

    def test_first_response_costs_less_than_a_second(self) -> None:
        took = []
        for _ in range(3):  # the best of three: the processors may be shared
            daemon = self.serve("hello")
            ask(daemon)
            spent = psutil.Process(daemon.process.pid).cpu_times()
            took.append(spent.user + spent.system)
        print(f"first answer after {min(took):.2f} s of a processor")
        self.assertLess(min(took), 1.0)

    def test_no_pid_file_is_left_in_the_way(self) -> None:
        import subprocess

        for name in ("hello", "thinker"):
            line = [str(BIN / "twistd"), "-n", name, "--port", "0"]
            daemon = subprocess.Popen(
                line, cwd=self.here, stdout=subprocess.PIPE, text=True
            )
            self.addCleanup(daemon.wait)
            self.addCleanup(daemon.terminate)
            assert daemon.stdout is not None
            self.addCleanup(daemon.stdout.close)
            while "Listening on" not in (said := daemon.stdout.readline()):
                self.assertNotEqual(said, "")
        self.assertFalse((self.here / "twistd.pid").exists())

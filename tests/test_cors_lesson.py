"""
What the page on notes says of CORS is what a browser does.
"""

from __future__ import annotations

from typing import Any

from .support.browsing import an_empty_tab, needed
from .support.harness import Case, Daemon, ask

SEND = """
const [url, headers, done] = arguments;
const body = '{"myNote": "from a page"}';
fetch(url, { method: "POST", headers, body })
  .then((response) => response.text()).then(done, (error) => done(error.name));
"""
"""Sends a note, and gives what the script of the page may know of the answer."""

NEEDS_PREFLIGHT = {"Idempotency-Key": "1"}
"""A header field that no form could send."""


class OtherOriginTests(Case):
    """A page of one server sends requests to another one."""

    def setUp(self) -> None:
        super().setUp()
        needed("what a browser allows to pages of other origins")
        pages = self.serve("pages")
        self.browser = an_empty_tab()
        self.browser.get(f"{pages.url}make_a_guess.html")

    def send(self, server: Daemon, headers: dict[str, str] | None = None) -> Any:
        return self.browser.execute_async_script(SEND, server.url, headers or {})

    def logged(self, server: str, *options: str) -> Daemon:
        log = self.here / "access.log"
        return self.serve(server, "--access-log", str(log), *options)

    def requests(self, server: Daemon) -> list[str]:
        """The method and the status code of each request that has come."""
        server.stop()
        lines = (self.here / "access.log").read_text().splitlines()
        return [f"{line.split()[5][1:]} {line.split()[8]}" for line in lines]

    def test_request_is_done_though_its_answer_may_not_be_read(self) -> None:
        hello = self.logged("hello")  # it knows nothing of CORS
        self.assertEqual(self.send(hello), "TypeError")
        self.assertEqual(self.requests(hello), ["POST 200"])

    def test_request_is_not_sent_when_its_preflight_is_not_allowed(self) -> None:
        hello = self.logged("hello")
        self.assertEqual(self.send(hello, NEEDS_PREFLIGHT), "TypeError")
        self.assertEqual(self.requests(hello), ["OPTIONS 200"])

    def test_notes_lets_every_page_write_and_read(self) -> None:
        notes = self.logged("notes", "--store", "notebook")
        self.assertEqual(self.send(notes), "You have 1 notes.\n")
        self.assertEqual(self.send(notes, NEEDS_PREFLIGHT), "You have 2 notes.\n")
        self.assertEqual(self.requests(notes), ["POST 200", "OPTIONS 204", "POST 200"])

    def test_server_that_looks_at_the_origin_stores_nothing(self) -> None:
        options = ("--store", "notebook", "--cors", "http://localhost:8080")
        notes = self.logged("notes", *options)
        self.assertEqual(self.send(notes), "TypeError")
        answer = ask(notes, "POST", "/", '{"getNote": 0}')
        self.assertEqual(answer.body, b"There is no note 0.")
        self.assertEqual(self.requests(notes), ["POST 403", "POST 404"])

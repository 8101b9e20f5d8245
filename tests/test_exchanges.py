"""
The exchanges on the pages of the tutorial are those of the servers of today.
"""

from __future__ import annotations

import re

from docs import api_names
from docs.exchanges import as_sent, block, pages, receive, written
from illustrations.recording import lesson, running

from .support.recorded_servers import RecordingCase

ADVICE = "make pictures makes it anew; look at it before you commit it."

NOT_THIS = '\nIf-None-Match: "67a4f1"'
"""A request for what differs from the copy that the client has."""

HELLO = b"HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 3\r\n\r\nHi\n"


class CurrentTests(RecordingCase):
    """What stands on the pages is what would be written today."""

    def test_each_exchange_is_that_of_a_run_of_today(self) -> None:
        found = pages()
        self.assertTrue(found)
        for page in found:
            kept = page.read_text("utf-8")
            self.assertEqual(kept, written(kept), f"{page.name}: {ADVICE}")

    def test_names_of_the_libraries_are_those_of_the_code(self) -> None:
        kept = api_names.PAGE.read_text("utf-8")
        self.assertEqual(kept, api_names.page(), f"{api_names.PAGE.name}: {ADVICE}")


class FormTests(RecordingCase):
    """How a request is written, and what becomes of it."""

    def test_lines_end_with_two_bytes_and_a_body_has_its_length(self) -> None:
        self.assertEqual(
            as_sent("PUT /a HTTP/1.1\nHost: b\n\n\N{LATIN SMALL LETTER E WITH ACUTE}"),
            b"PUT /a HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\n\xc3\xa9",
        )
        self.assertEqual(
            as_sent("GET / HTTP/1.1\nHost: b"), b"GET / HTTP/1.1\r\nHost: b\r\n\r\n"
        )

    def test_response_to_head_ends_with_its_fields(self) -> None:
        with running(*lesson("hello")) as daemon:
            response = receive(daemon.port, as_sent("HEAD / HTTP/1.1\nHost: localhost"))
        self.assertIn(b"Content-Length: 13\r\n", response)
        self.assertTrue(response.endswith(b"\r\n\r\n"))

    def test_lesson_on_tls_is_asked_over_tls(self) -> None:
        request = "GET / HTTP/1.1\nHost: localhost:4047"
        begin = f"<!-- exchange: hello-secure\n{request}\n-->\n"
        page = written(f"Before.\n\n{begin}<!-- end exchange -->\n\nAfter.\n")
        self.assertIn("Content-Length: 13\n\nHello, world!\n```\n", page)
        self.assertTrue(page.startswith(f"Before.\n\n{begin}\nThe client sends:\n"))
        self.assertTrue(page.endswith("\n<!-- end exchange -->\n\nAfter.\n"))
        self.assertEqual(page, written(page))

    def test_exchanges_with_one_server_are_sent_to_one_process(self) -> None:
        request = 'POST / HTTP/1.1\nHost: localhost\n\n{"myNote": "Buy milk"}'
        exchange = f"<!-- exchange: notes\n{request}\n-->\n<!-- end exchange -->\n"
        page = written(exchange * 2)
        for number in (1, 2):
            self.assertIn(f"\nYou have {number} notes.\n", page)

    def test_tag_on_the_page_stands_for_the_one_that_was_sent(self) -> None:
        server = "basic-file --root illustrations/songs"
        asked = (f"GET / HTTP/1.1\nHost: a{more}" for more in ("", NOT_THIS))
        page = written(
            "".join(
                f"<!-- exchange: {server}\n{request}\n-->\n<!-- end exchange -->\n"
                for request in asked
            )
        )
        self.assertEqual(re.findall(r"HTTP/1.1 (\d+)", page), ["200", "304"])
        self.assertIn(f"{NOT_THIS}\n```\n", page)

    def test_parts_are_numbered_through_both_messages(self) -> None:
        text = block(as_sent("GET / HTTP/1.1\nHost: b"), HELLO, set())
        rows = [line for line in text.splitlines() if line.startswith("| ")]
        numbers = [row.split()[1] for row in rows if row.split()[1].isdigit()]
        self.assertEqual(numbers, [str(number + 1) for number in range(len(numbers))])
        self.assertIn("| 1 | `GET` | Asks for what is at this address", text)
        self.assertIn("| `Hi` | The body: 3 bytes, as Content-Length says. |", text)
        self.assertIn("Date: Thu, 01 Jan 2026 00:00:00 GMT", text)

    def test_the_same_part_is_explained_once_a_page(self) -> None:
        explained: set[str] = set()
        request = as_sent("GET / HTTP/1.1\nHost: b")
        block(request, HELLO, explained)
        again = block(request, HELLO, explained)
        self.assertIn("GET / HTTP/1.1", again)
        self.assertNotIn("Asks for what is at this address", again)

    def test_page_lists_what_an_earlier_page_has_explained(self) -> None:
        exchange = (
            "<!-- exchange: hello\nGET / HTTP/1.1\nHost: a\n-->\n"
            "<!-- end exchange -->\n"
        )
        before = "<!-- explained before: Host, Server -->\n"
        page = written(before + exchange)
        for field in ("Host", "Server"):
            self.assertIn(f"| `{field}: ", written(exchange))
            self.assertNotIn(f"| `{field}: ", page)
        self.assertIn("| 1 | `GET` |", page)
        self.assertIn("| `Date: ", page)

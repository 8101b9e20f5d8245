"""
The program of the page on requests and responses, asked in memory.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Site

from dartio_tut.course.request_and_response import make_tree
from dartio_tut.testing import Connection, Response, read_response


class AskedTests(SynchronousTestCase):
    """What the page says of each path."""

    def ask(self, target: str, *fields: str) -> Response:
        """The response to a GET request, of Twisted's own site."""
        clock = Clock()
        site = Site(make_tree(), reactor=clock)
        head = "\r\n".join((f"GET {target} HTTP/1.1", "Host: a:4040", *fields))
        connection = Connection(site.buildProtocol(None), clock)
        return read_response(connection.send(f"{head}\r\n\r\n".encode()), "GET")

    def test_what_a_request_tells_is_shown(self) -> None:
        body = self.ask("/asked?q=6&q=7", "Accept: b", "accept: c").body.decode()
        for line in (
            "method: b'GET'",
            "uri: b'/asked?q=6&q=7'",
            "path: b'/asked'",
            "args: {b'q': [b'6', b'7']}",
            "Host: b'a:4040'",
            "Accept: [b'b', b'c']",
        ):
            self.assertIn(f"{line}\n", body)

    def test_body_in_pieces_is_sent_in_chunks(self) -> None:
        response = self.ask("/pieces")
        self.assertEqual(response.body.decode(), "one \N{EM DASH} two\n")
        self.assertEqual(response.fields["transfer-encoding"], "chunked")

    def test_visits_are_counted_in_the_cookie(self) -> None:
        self.assertEqual(self.ask("/visits").body, b"Visit 1\n")
        response = self.ask("/visits", "Cookie: visits=2")
        self.assertEqual(response.body, b"Visit 3\n")
        self.assertIn("visits=3", response.fields["set-cookie"])

    def test_visits_begin_again_where_the_cookie_is_no_number_of_visits(self) -> None:
        for value in ("x", "-3", "1e9", "", "9" * 10, "9" * 5000, "\xb2"):
            with self.subTest(value[:20]):
                response = self.ask("/visits", f"Cookie: visits={value}")
                self.assertEqual((response.code, response.body), (200, b"Visit 1\n"))

    def test_status_code_says_whose_fault_it_is(self) -> None:
        self.assertEqual(self.ask("/double?q=4").body, b"8\n")
        self.assertEqual(self.ask("/double").code, 400)
        self.assertEqual(self.ask("/double?q=x").code, 500)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

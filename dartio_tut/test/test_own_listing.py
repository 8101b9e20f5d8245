"""
The program of the page on static files that lists a folder in its own way.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Site

from dartio_tut.course.own_listing import make_tree
from dartio_tut.testing import Connection, Response, read_response


class OwnListingTests(SynchronousTestCase):
    """What the page says of each path."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        (self.folder / "music").mkdir(parents=True)
        (self.folder / "b\N{LATIN SMALL LETTER E WITH ACUTE}.txt").write_bytes(b"la")

    def ask(self, target: str) -> Response:
        """The response to a GET request, of Twisted's own site."""
        clock = Clock()
        site = Site(make_tree(str(self.folder)), reactor=clock)
        connection = Connection(site.buildProtocol(None), clock)
        head = f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"
        return read_response(connection.send(head.encode()), "GET")

    def test_folder_without_an_index_is_listed_in_our_way(self) -> None:
        self.assertEqual(
            self.ask("/songs/").body.decode(), "A song: bé.txt\nA song: music\n"
        )
        self.assertEqual(self.ask("/songs/music/").body, b"")

    def test_name_that_is_not_utf_8_does_not_hide_the_others(self) -> None:
        (Path(os.fsdecode(os.fsencode(self.folder) + b"/\xff.txt"))).write_bytes(b"la")
        response = self.ask("/songs/")
        self.assertEqual(response.code, 200)
        self.assertIn("A song: bé.txt\n", response.body.decode())
        self.assertIn("A song: ?.txt\n", response.body.decode())

    def test_index_file_goes_before_the_listing(self) -> None:
        (self.folder / "index.html").write_bytes(b"<p>mine")
        self.assertEqual(self.ask("/songs/").body, b"<p>mine")

    def test_other_children_answer_for_themselves(self) -> None:
        self.assertEqual(self.ask("/hello").body, b"Hello, world!\n")
        self.assertEqual(self.ask("/songs/nothing").code, 404)
        self.assertEqual(self.ask("/").code, 404)

"""
Tests of the server. They ask its resource in memory: no port is opened.

    $ trial falcon
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.testing import ask

from .server import MAX_NAME_BYTES, Greeting


class GreetingTests(SynchronousTestCase):
    """What is answered to a request."""

    def test_greets_the_name_of_the_query(self) -> None:
        response = ask(Greeting(), "GET", "/any/path?name=Leia")
        self.assertEqual((response.code, response.text()), (200, "Hello, Leia!\n"))

    def test_greets_the_world_when_there_is_no_name(self) -> None:
        self.assertEqual(ask(Greeting()).text(), "Hello, world!\n")

    def test_a_name_may_have_any_letters(self) -> None:
        response = ask(Greeting(), target="/?name=Padm%C3%A9")
        self.assertEqual(response.body, b"Hello, Padm\xc3\xa9!\n")
        self.assertIn("charset=utf-8", response.fields["Content-Type"])

    def test_bytes_that_are_no_text_are_replaced(self) -> None:
        response = ask(Greeting(), target="/?name=%FF")
        self.assertEqual(response.text(), "Hello, \N{REPLACEMENT CHARACTER}!\n")

    def test_a_name_that_is_too_long_or_empty_is_refused(self) -> None:
        for name, code in (
            ("x" * MAX_NAME_BYTES, 200),
            ("x" * (MAX_NAME_BYTES + 1), 400),
            ("", 400),
        ):
            response = ask(Greeting(), target=f"/?name={name}")
            self.assertEqual((len(name), response.code), (len(name), code))

    def test_head_tells_the_length_without_the_body(self) -> None:
        response = ask(Greeting(), "HEAD", "/?name=Leia")
        self.assertEqual(response.fields["Content-Length"], "13")
        self.assertEqual(response.body, b"")

    def test_other_methods_are_refused(self) -> None:
        response = ask(Greeting(), "POST", "/", body=b"name=Leia")
        self.assertEqual(response.code, 405)
        self.assertIn("GET", response.fields["Allow"])

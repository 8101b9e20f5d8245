"""
Exercise 29: a test that finds the faults.
"""

import unittest

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.testing import ask


class Greeting(Resource):
    """The greeting that is right."""

    def render_GET(self, request: Request) -> bytes:
        """Respond with text."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        return b"Hello, world!\n"


def make_tree() -> Resource:
    """The root of a tree that has the greeting at /."""
    root = Resource()
    root.putChild(b"", Greeting())
    return root


class GreetingTests(SynchronousTestCase):
    """What the greeting promises."""

    make = staticmethod(make_tree)

    def test_responds_with_text(self) -> None:
        """The text is there, with its type."""
        response = ask(self.make(), "GET", "/")
        self.assertEqual(response.code, 200)
        self.assertEqual(response.body, b"Hello, world!\n")
        self.assertEqual(response.fields["Content-Type"], "text/plain; charset=utf-8")

    def test_post_is_not_allowed(self) -> None:
        """POST is refused."""
        response = ask(self.make(), "POST", "/")
        self.assertEqual(response.code, 405)
        self.assertIn("GET", response.fields["Allow"])

    def test_nothing_else_is_there(self) -> None:
        """Other paths are not found."""
        self.assertEqual(ask(self.make(), "GET", "/other").code, 404)


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # of Twisted's own

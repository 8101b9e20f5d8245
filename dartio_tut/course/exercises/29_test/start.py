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

    def test_responds(self) -> None:
        """There is a response."""
        response = ask(self.make(), "GET", "/")
        self.assertEqual(response.code, 200)


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # of Twisted's own

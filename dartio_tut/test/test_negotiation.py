"""
`dartio_tut.resources.negotiation`, and what is chosen by it.
"""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources.negotiation import (
    MAX_MEMBERS,
    best_coding,
    best_type,
    member_weights,
    type_weight,
)
from dartio_tut.resources.problem import problem

from .support.function_resource import Doing
from .support.memory_client import Response, ask

FIREFOX = b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
OFFERED = [b"text/plain", b"text/html", b"application/json"]


class PreferenceTests(SynchronousTestCase):
    """What a client prefers."""

    def test_weights(self) -> None:
        self.assertEqual(
            member_weights(b"a, B ;q=0.5,c;x=1;Q=0.123,d;q=0 ,, ;q=1,e;q=2,a;q=0.1"),
            {b"a": 1, b"b": 0.5, b"c": 0.123, b"d": 0, b"e": 1},
        )
        self.assertEqual(
            len(member_weights(b",".join(b"%d" % n for n in range(999)))), MAX_MEMBERS
        )

    def test_types(self) -> None:
        for accept, best in [
            (None, b"text/plain"),
            (b"*/*", b"text/plain"),
            (b"", b"text/plain"),
            (b"image/*", b"text/plain"),
            (FIREFOX, b"text/html"),
            (b"application/json", b"application/json"),
            (b"APPLICATION/JSON", b"application/json"),
            (b"application/*;q=0.9, text/plain;q=0.8", b"application/json"),
            (b"text/*;q=0.5, text/html", b"text/html"),
            (b"*/*, text/plain;q=0", b"text/html"),
        ]:
            self.assertEqual((accept, best_type(accept, OFFERED)), (accept, best))

    def test_whether_a_type_is_taken(self) -> None:
        for accept, weight in [
            (None, 1), (b"*/*", 1), (b"text/*;q=0.3", 0.3), (b"image/png", 0),
            (b"text/html;q=0, */*", 0),
        ]:  # fmt: skip
            self.assertEqual(type_weight(accept, b"text/html"), weight)

    def test_codings(self) -> None:
        for accept, best in [
            (None, None),
            (b"", None),
            (b"identity", None),
            (b"gzip", b"gzip"),
            (b"GZIP", b"gzip"),
            (b"gzip, br", b"br"),
            (b"gzip, br;q=0.9", b"gzip"),
            (b"gzip;q=0", None),
            (b"*", b"br"),
            (b"*;q=0", None),
            (b"*;q=0, gzip", b"gzip"),
            (b"*, br;q=0", b"gzip"),
            (b"identity, gzip;q=0.5", None),
            (b"identity;q=0.5, gzip;q=0.5", b"gzip"),
            (b"identity;q=0, *", b"br"),
            (b"deflate", None),
        ]:
            self.assertEqual(
                (accept, best_coding(accept, [b"br", b"gzip"])), (accept, best)
            )
        self.assertIsNone(best_coding(b"*", []))


class ProblemTests(SynchronousTestCase):
    """What went wrong, in the client's terms."""

    def told(self, text: str = "No <such> thing.", **fields: str) -> Response:
        return ask(Doing(lambda r: problem(r, 404, text)), "GET", "/", b"", **fields)

    def test_to_curl(self) -> None:
        for fields in ({}, {"accept": "*/*"}):
            response = self.told(**fields)
            self.assertEqual(response.code, 404)
            self.assertEqual(response.body, b"No <such> thing.\n")
            self.assertEqual(
                response.fields["content-type"], "text/plain; charset=utf-8"
            )
            self.assertEqual(response.fields["vary"], "Accept")

    def test_to_a_browser(self) -> None:
        response = self.told(accept=FIREFOX.decode())
        self.assertEqual(response.fields["content-type"], "text/html; charset=utf-8")
        self.assertIn(b"<h1>404 Not Found</h1>", response.body)
        self.assertIn(b"No &lt;such&gt; thing.", response.body)

    def test_to_a_program(self) -> None:
        for accept in ("application/json", "application/problem+json"):
            response = self.told(accept=accept)
            kind = response.fields["content-type"]
            self.assertEqual(kind, "application/problem+json")
            self.assertEqual(
                json.loads(response.body),
                {
                    "type": "about:blank",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "No <such> thing.",
                },
            )

    def test_lone_surrogates(self) -> None:
        for accept in ("*/*", "text/html", "application/json"):
            self.assertEqual(self.told("\ud800", accept=accept).code, 404)

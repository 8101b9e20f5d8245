"""
`dartio_tut.resources.negotiation`, and what is chosen by it.
"""

from __future__ import annotations

import json
from time import process_time

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources import problem
from dartio_tut.resources.negotiation import (
    MAX_FIELD_BYTES,
    MAX_MEMBERS,
    accepts_anything,
    accepts_by_name,
    best_coding,
    best_type,
    member_weights,
    type_weight,
)
from dartio_tut.testing import Response

from .support.function_resource import FunctionResource
from .support.memory_client import ask

FIREFOX = b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
OFFERED = [b"text/plain", b"text/html", b"application/json"]


class PreferenceTests(SynchronousTestCase):
    """What a client prefers."""

    def test_members_have_the_largest_weight_given(self) -> None:
        self.assertEqual(
            member_weights(b"a, B ;q=0.5,c;x=1;Q=0.123,d;q=0 ,, ;q=1,e;q=2,a;q=0.1"),
            {b"a": 1, b"b": 0.5, b"c": 0.123, b"d": 0, b"e": 1},
        )
        self.assertEqual(
            len(member_weights(b",".join(b"%d" % n for n in range(999)))), MAX_MEMBERS
        )

    def test_best_type(self) -> None:
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

    def test_weight_of_one_type(self) -> None:
        for accept, weight in [
            (None, 1), (b"*/*", 1), (b"text/*;q=0.3", 0.3), (b"image/png", 0),
            (b"text/html;q=0, */*", 0),
        ]:  # fmt: skip
            self.assertEqual(type_weight(accept, b"text/html"), weight)

    def test_best_coding(self) -> None:
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
            (b"gzip;q=0.0000", None),
            (b"gzip;q=00", None),
            (b"gzip;q=00.5, br;q=00.", b"gzip"),
            (b"gzip;q=0.00000, br;q=.0", None),
            (b"gzip;q=0.", None),
            (b"gzip;q=1.0000", b"gzip"),
            (b"x-gzip", b"gzip"),
            (b"X-GZIP;q=0.5", b"gzip"),
            (b"x-gzip, gzip;q=0", None),
            (b"x-gzip;q=0", None),
        ]:
            self.assertEqual(
                (accept, best_coding(accept, [b"br", b"gzip"])), (accept, best)
            )
        self.assertIsNone(best_coding(b"*", []))


class NamedTypeTests(SynchronousTestCase):
    """What is named in an Accept field, and not only admitted."""

    def test_named_types(self) -> None:
        pages = (b"text/html", b"application/xhtml+xml")
        for accept, named in [
            (FIREFOX, True),
            (b"text/html", True),
            (b"TEXT/HTML;level=1", True),
            (b"application/xhtml+xml, */*", True),
            (b"text/html;q=0.1, application/json", True),
            (b"text/html;q=0", False),
            (b"application/json, text/plain, */*", False),
            (b"text/*", False),
            (b"*/*", False),
            (b"", False),
            (None, False),
        ]:
            self.assertEqual((accept, accepts_by_name(accept, pages)), (accept, named))

    def test_whether_a_client_accepts_anything(self) -> None:
        for accept, anything in [
            (None, True), (b"", True), (b" , ", True), (b"*/*", True),
            (b"*/*;q=0.8", True), (b"*/*, */*;q=0.1", True), (b"*/*;q=0", False),
            (b"image/avif, */*;q=0.8", False), (b"text/html", False),
        ]:  # fmt: skip
            self.assertEqual((accept, accepts_anything(accept)), (accept, anything))


class LimitTests(SynchronousTestCase):
    """What is read of a field that is far longer than any browser's."""

    def test_what_is_beyond_the_limit_is_not_read(self) -> None:
        long = b"text/html," + b"a/b," * MAX_FIELD_BYTES
        self.assertEqual(set(member_weights(long)), {b"text/html", b"a/b"})
        self.assertEqual(member_weights(b"a" * (MAX_FIELD_BYTES + 1)), {})
        last = b"a/b, " + b"x" * MAX_FIELD_BYTES + b", text/html"
        self.assertEqual(member_weights(last), {b"a/b": 1})

    def test_a_field_of_semicolons_costs_next_to_nothing(self) -> None:
        for junk in (b";" * 32_000, b"; q" * 10_000, b";q=0" * 8_000, b"," * 32_000,
                     b"/;,=" * 8_000, b"q=" * 16_000):  # fmt: skip
            before = process_time()
            for number in range(20):
                member_weights(b"a/%d" % number + junk)
            # It was 40 ms for each; the bound is for a busy machine.
            self.assertLess((process_time() - before) / 20, 0.01)

    def test_a_field_is_parsed_once(self) -> None:
        for field in (FIREFOX, b"a/b;c=d, " * 300):
            self.assertIs(member_weights(field), member_weights(bytes([*field])))


class ProblemTests(SynchronousTestCase):
    """What went wrong, in the client's terms."""

    def told(self, text: str = "No <such> thing.", **fields: str) -> Response:
        return ask(
            FunctionResource(lambda r: problem(r, 404, text)), "GET", "/", b"", **fields
        )

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

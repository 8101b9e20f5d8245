"""
JSON bodies, read strictly.
"""

from __future__ import annotations

import gc
from time import process_time
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources import HTTPError, parse_json, parse_json_object
from dartio_tut.resources.bodies import json_body
from dartio_tut.resources.bodies.json_body import json_object, json_value


class JSONObjectTests(SynchronousTestCase):
    """`json_object`."""

    def test_objects_are_parsed(self) -> None:
        for body, value in [
            (b"{}", {}),
            (b' {"a": [1, 2.5, "x"]}\r\n', {"a": [1, 2.5, "x"]}),
            ('{"☃": "\N{PILE OF POO}"}'.encode(), {"☃": "\N{PILE OF POO}"}),
            (b'{"a":"]]]"}', {"a": "]]]"}),
        ]:
            self.assertEqual(json_object(body), value)

    def test_text_nested_too_deeply_is_refused(self) -> None:
        deep = b'{"a":' + b"[" * 99 + b"]" * 99 + b"}"
        self.assertIn("a", json_object(deep))
        self.refused(b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", 400, "column 105")
        self.refused(b"[" * 1_000_000, 400, "Nested deeper than 100")
        self.assertEqual(json_object(b'{"a":"' + b"[" * 500 + b'"}')["a"], "[" * 500)

    def test_refusal_tells_line_and_column(self) -> None:
        self.refused(b"", 400, "line 1, column 1")
        self.refused(b'{"a":\n\n  oops}', 400, "line 3, column 3")
        self.refused(b'{"a": "\xff"}', 400, "UTF-8 at line 1, column 8")
        self.refused(b'{"a": 1} x', 400, "column 10")

    def test_place_is_not_searched_in_a_long_text(self) -> None:
        near = b'{"a": 1, "b": [' + b"[]," * 1000 + b'[]], "a": 1}'
        self.refused(near, 400, "column 3021")
        self.refused(near.replace(b"[],", b"[]," * 100), 400, "twice in one object.")

    def test_ambiguous_texts_are_refused(self) -> None:
        self.refused(b'{"a": NaN}', 400, "NaN")
        self.refused(b'{"a": -Infinity}', 400, "Infinity")
        self.refused(b'{"a": 1, "a": 2}', 400, "twice")
        self.refused(b'{"a": ' + b"1" * 4301 + b"}", 400, "digits")
        self.refused('{"a": 1}'.encode("utf-16"), 400, "UTF-8")
        self.refused(b'\xef\xbb\xbf{"a": 1}', 400, "byte order mark")
        self.refused(b'\xef\xbb\xbf{"a": 1}', 400, "line 1, column 1")
        self.refused(b'{"a": "\n"}', 400, "line 1")

    def test_other_values_than_objects_are_422(self) -> None:
        for body in (b"[]", b'"x"', b"5", b"null", b"true"):
            self.refused(body, 422, "object")

    def refused(self, body: bytes, code: int, said: str) -> None:
        refusal = self.assertRaises(HTTPError, json_object, body)
        self.assertEqual(refusal.code, code)
        self.assertIn(said, refusal.text)

    def test_odd_texts_take_no_more_than_linear_time(self) -> None:
        for body in (b'["' + b'\\"' * 500_000, b'"' * 1_000_001, b"[{" * 500_000):
            began = process_time()
            self.assertRaises(HTTPError, json_object, body)
            self.assertLess(process_time() - began, 2)  # quadratic: minutes

    def test_lone_surrogates_are_refused(self) -> None:
        self.refused(b'{"a": "\\ud800"}', 400, "surrogate")
        self.refused(b'{"\\uDFFF": 1}', 400, "surrogate")
        self.assertEqual(json_object(b'{"a": "\\ud83d\\udca9"}'), {"a": "\U0001f4a9"})

    def test_number_too_large_for_a_float_is_refused(self) -> None:
        self.refused(b'{"a": 1e999}', 400, "too large")

    def test_number_too_small_for_a_float_is_not_0(self) -> None:
        found = json_value(b"[1e-400, -1e-400, 0e-400, -0.0, 5e-324, 1e-5]")
        smallest = 5e-324
        self.assertEqual(found, [smallest, -smallest, 0, 0, smallest, 1e-5])

    def test_number_that_is_almost_whole_is_not_whole(self) -> None:
        for whole in (1, 2, 7, 10**15, 2**52 - 1):
            for text in (
                f"{whole - 1}.{'9' * 30}",
                f"-{whole - 1}.{'9' * 30}",
                f"{whole}.{'0' * 30}1",
                f"-{whole}.{'0' * 4000}1",
                f"{whole}{'0' * 30}1e-31",
            ):
                with self.subTest(text[:40]):
                    found = json_value(text.encode())
                    self.assertFalse(found.is_integer())
                    self.assertLess(abs(abs(found) - whole), 2)
        for text in ("1.0", "1e15", "0.1e1", "1e22", "1e23", "4503599627370497.3"):
            self.assertEqual(json_value(text.encode()), float(text))
            self.assertEqual(json_value(b"-" + text.encode()), -float(text))

    def test_place_of_every_fault_is_told(self) -> None:
        for body, said in [
            (b'{"a": 1,\n "a": 2}', "twice in one object at line 2, column 2"),
            (
                b'{"a": {"b": 1, "\\u0062": 2}}',
                "twice in one object at line 1, column 16",
            ),
            (b'{"a": [1,\n\n NaN]}', "NaN is no JSON number at line 3, column 2"),
            (b'{"a": -Infinity}', "-Infinity is no JSON number at line 1, column 7"),
            (b'{"a": ' + b"1" * 4301 + b"}", "4300 digits at line 1, column 7"),
            (b'{"a": 0.' + b"1" * 4300 + b"}", "4300 digits at line 1, column 7"),
            (b'{"a": -1e999}', "too large at line 1, column 7"),
            (b'{"a": "x",\n "b": "\\ud800"}', "in a string at line 2, column 7"),
            (b'{"\\ud800": 1}', "in a string at line 1, column 2"),
            (b'{"a": {"b": 1}, "b": NaN}', "NaN is no JSON number"),
            (b'{"a": "NaN", "b": NaN', "column 19"),
            (b'{"a": "\\"", "b": NaN, "c', "column 18"),
        ]:
            self.refused(body, 400, said)

    def test_refusal_says_at_only_once(self) -> None:
        for body, fault in (
            (b'{"a": "b\n"}', "Invalid control character at line 1, column 9"),
            (b'{"a": "b', "Unterminated string starting at line 1, column 7"),
        ):
            self.refused(body, 400, f"Not JSON: {fault}.")

    def test_same_name_in_different_objects_is_allowed(self) -> None:
        body = b'{"a": {"a": [{"a": "a"}, {"a": "a"}]}, "b": "a"}'
        self.assertIn("a", json_object(body))
        self.refused(body[:-1] + b', "c": NaN}', 400, "NaN is no JSON number")

    def test_searching_the_fault_takes_no_more_than_linear_time(self) -> None:
        for body in (
            b'{"a": ["' + b'", "' * 250_000 + b'"], "a": NaN}',
            b'{"a": [' + b'"\\n",' * 150_000 + b"NaN]}",
            b'{"a": NaN, "' + b'\\"' * 500_000,
        ):
            began = process_time()
            self.assertRaises(HTTPError, json_object, body)
            self.assertLess(process_time() - began, 2)


class LongBodyTests(SynchronousTestCase):
    """Bodies that take a while to parse."""

    def setUp(self) -> None:
        self.run_elsewhere: list[bytes] = []

    def run_later(self, function: Any, body: bytes) -> Deferred[Any]:
        self.run_elsewhere.append(body)
        self.waiting: Deferred[Any] = Deferred()
        return self.waiting.addCallback(lambda _: function(body))

    def test_long_body_is_parsed_in_a_thread_and_a_short_one_at_once(self) -> None:
        short = b'{"a": "' + b"x" * 60_000 + b'"}'
        parsed = self.parse(short)
        self.assertIn("a", self.successResultOf(parsed))
        self.assertEqual(self.run_elsewhere, [])
        long = b'{"a": "' + b"x" * 70_000 + b'"}'
        parsed = self.parse(long)
        self.assertNoResult(parsed)
        self.assertEqual(self.run_elsewhere, [long])
        self.waiting.callback(None)
        self.assertIn("a", self.successResultOf(parsed))

    def test_long_bodies_wait_for_each_other(self) -> None:
        parsed = [self.parse(b"[%d" % n + b"," * 70_000) for n in range(3)]
        for number in range(3):
            self.assertEqual(len(self.run_elsewhere), number + 1)
            self.waiting.callback(None)
            self.failureResultOf(parsed[number], HTTPError)

    def parse(self, body: bytes) -> Deferred[Any]:
        parse = parse_json_object if body.startswith(b"{") else parse_json
        return Deferred.fromCoroutine(parse(body, self.run_later))

    def test_garbage_collector_runs_again_afterwards(self) -> None:
        for enabled in (True, False):
            (gc.enable if enabled else gc.disable)()
            self.addCleanup(gc.enable)
            json_body.json_value(b"[[], []]")
            self.assertRaises(HTTPError, json_body.json_value, b"[[], [")
            self.assertEqual(gc.isenabled(), enabled)

    def test_many_small_values_cost_little(self) -> None:
        for value in (b"[]", b"{}", b'{"":1}', b"1", b"[" * 90 + b"]" * 90):
            body = b"[" + (value + b",") * (131_000 // (len(value) + 1)) + b"1]"
            began = process_time()
            json_body.json_value(body)
            self.assertLess(process_time() - began, 0.25)  # about 0.01

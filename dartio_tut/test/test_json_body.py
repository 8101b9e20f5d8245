"""
JSON bodies, read strictly.
"""

from __future__ import annotations

from time import process_time

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources import HTTPError, parse_json_object


class JSONObjectTests(SynchronousTestCase):
    """`parse_json_object`."""

    def test_objects(self) -> None:
        for body, value in [
            (b"{}", {}),
            (b' {"a": [1, 2.5, "x"]}\r\n', {"a": [1, 2.5, "x"]}),
            ('{"☃": "\N{PILE OF POO}"}'.encode(), {"☃": "\N{PILE OF POO}"}),
            (b'{"a":"]]]"}', {"a": "]]]"}),
        ]:
            self.assertEqual(parse_json_object(body), value)

    def test_depth(self) -> None:
        deep = b'{"a":' + b"[" * 99 + b"]" * 99 + b"}"
        self.assertIn("a", parse_json_object(deep))
        self.refused(b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", 400, "column 105")
        self.refused(b"[" * 1_000_000, 400, "Nested deeper than 100")
        self.assertEqual(
            parse_json_object(b'{"a":"' + b"[" * 500 + b'"}')["a"], "[" * 500
        )

    def test_where_it_goes_wrong(self) -> None:
        self.refused(b"", 400, "line 1, column 1")
        self.refused(b'{"a":\n\n  oops}', 400, "line 3, column 3")
        self.refused(b'{"a": "\xff"}', 400, "UTF-8 at line 1, column 8")
        self.refused(b'{"a": 1} x', 400, "column 10")

    def test_a_place_that_is_far_is_not_looked_for(self) -> None:
        near = b'{"a": 1, "b": [' + b"[]," * 1000 + b'[]], "a": 1}'
        self.refused(near, 400, "column 3021")
        self.refused(near.replace(b"[],", b"[]," * 100), 400, "twice in one object.")

    def test_strict(self) -> None:
        self.refused(b'{"a": NaN}', 400, "NaN")
        self.refused(b'{"a": -Infinity}', 400, "Infinity")
        self.refused(b'{"a": 1, "a": 2}', 400, "twice")
        self.refused(b'{"a": ' + b"1" * 4301 + b"}", 400, "digits")
        self.refused('{"a": 1}'.encode("utf-16"), 400, "UTF-8")
        self.refused(b'\xef\xbb\xbf{"a": 1}', 400, "line 1, column 1")
        self.refused(b'{"a": "\n"}', 400, "line 1")

    def test_no_object(self) -> None:
        for body in (b"[]", b'"x"', b"5", b"null", b"true"):
            self.refused(body, 422, "object")

    def refused(self, body: bytes, code: int, said: str) -> None:
        refusal = self.assertRaises(HTTPError, parse_json_object, body)
        self.assertEqual(refusal.code, code)
        self.assertIn(said, refusal.text)

    def test_odd_bodies_cost_no_more_than_their_length(self) -> None:
        for body in (b'["' + b'\\"' * 500_000, b'"' * 1_000_001, b"[{" * 500_000):
            began = process_time()
            self.assertRaises(HTTPError, parse_json_object, body)
            self.assertLess(process_time() - began, 2)  # quadratic: minutes

    def test_half_a_character(self) -> None:
        self.refused(b'{"a": "\\ud800"}', 400, "surrogate")
        self.refused(b'{"\\uDFFF": 1}', 400, "surrogate")
        self.assertEqual(
            parse_json_object(b'{"a": "\\ud83d\\udca9"}'), {"a": "\U0001f4a9"}
        )

    def test_infinity_by_size(self) -> None:
        self.refused(b'{"a": 1e999}', 400, "too large")

    def test_every_fault_has_its_place(self) -> None:
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

    def test_names_of_different_objects_may_be_the_same(self) -> None:
        body = b'{"a": {"a": [{"a": "a"}, {"a": "a"}]}, "b": "a"}'
        self.assertIn("a", parse_json_object(body))
        self.refused(body[:-1] + b', "c": NaN}', 400, "NaN is no JSON number")

    def test_refusing_costs_no_more_than_the_length(self) -> None:
        for body in (
            b'{"a": ["' + b'", "' * 250_000 + b'"], "a": NaN}',
            b'{"a": [' + b'"\\n",' * 150_000 + b"NaN]}",
            b'{"a": NaN, "' + b'\\"' * 500_000,
        ):
            began = process_time()
            self.assertRaises(HTTPError, parse_json_object, body)
            self.assertLess(process_time() - began, 2)

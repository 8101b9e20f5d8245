"""
Header fields of files: the content type, how long a copy is good, fields by hand.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources.fields import merge_fields, parse_field
from dartio_tut.resources.files.caching import (
    IMMUTABLE,
    REVALIDATE,
    cache_control,
    parse_cache_rule,
)
from dartio_tut.resources.files.field_rules import (
    fields_for,
    fields_for_all,
    parse_field_rule,
)


class CacheControlTests(SynchronousTestCase):
    """How long a copy is good."""

    def test_no_name_is_taken_for_that_of_an_immutable_file(self) -> None:
        for name in (
            "app.8e0d62a1.js", "index-BkX3d9aE.js", "c.3f2a9b8c7d6e5f4a3b2c.min.css",
            "a/b/font-0a1b2c3d.woff2", "style-Version2.css", "banner-cafe2024.jpg",
            "index.html", "jquery-3.7.1.min.js", "photo-IMG1234a.jpg",
        ):  # fmt: skip
            self.assertEqual((name, cache_control(name)), (name, REVALIDATE))

    def test_last_rule_that_matches_decides(self) -> None:
        texts = ("*.png=max-age=60", "/a/*=no-store", "b?=x", "a/new.png= max-age=1 ")
        rules = [parse_cache_rule(text) for text in texts]
        for path, value in [
            ("c.png", "max-age=60"),
            ("c/c.png", "max-age=60"),
            ("a/c.png", "no-store"),
            ("a/new.png", "max-age=1"),
            ("a/c/d.txt", "no-store"),
            ("c/a/d.txt", REVALIDATE),
            ("b1", "x"),
            ("b12", REVALIDATE),
        ]:
            self.assertEqual((path, cache_control(path, rules)), (path, value))

    def test_immutable_alone_stands_for_a_year(self) -> None:
        for pattern, path in [
            ("assets/*", "assets/index-BkX3d9aE.js"),  # Vite
            ("assets/*", "assets/fonts/a.woff2"),
            ("/assets/*", "assets/index-BkX3d9aE.js"),
            ("*-????????.js", "app-3QBZPMVA.js"),  # esbuild
            ("*.????????????????????.js", "main.3f2a9b8c7d6e5f4a3b2c.js"),  # webpack
        ]:
            rules = [parse_cache_rule(f"{pattern}=immutable")]
            self.assertEqual((path, cache_control(path, rules)), (path, IMMUTABLE))
            self.assertEqual(cache_control("index.html", rules), REVALIDATE)
        self.assertEqual(parse_cache_rule("a=Immutable")[1], IMMUTABLE)
        self.assertEqual(parse_cache_rule("a=private, immutable")[1],
                         "private, immutable")  # fmt: skip

    def test_malformed_rules_are_refused(self) -> None:
        for text in ("", "*.png", "=x", "*.png=a\r\nb", "*=\u20ac"):
            self.assertRaises(ValueError, parse_cache_rule, text)


class FieldRuleTests(SynchronousTestCase):
    """Fields for all responses, and for some files."""

    def test_field_of_all_responses(self) -> None:
        for text, field in [
            ("X-A: b", (b"X-A", b"b")),
            ("X-A: b=c", (b"X-A", b"b=c")),
            ("Link: </a?b=c>; rel=preload", (b"Link", b"</a?b=c>; rel=preload")),
            ("X-A:", (b"X-A", b"")),
        ]:
            rule = parse_field_rule(text)
            self.assertEqual(fields_for_all([rule]), [field])
            self.assertEqual(fields_for("any", [rule]), [])

    def test_field_of_some_files(self) -> None:
        rules = [
            parse_field_rule("*.html=X-A: b: c=d"),
            parse_field_rule("/sub/*=X-B:"),
            parse_field_rule("sub/[ab].txt= X-C: e"),
        ]
        self.assertEqual(fields_for_all(rules), [])
        for path, fields in [
            ("a.html", [(b"X-A", b"b: c=d")]),
            ("sub/a.html", [(b"X-A", b"b: c=d"), (b"X-B", b"")]),
            ("sub/a.txt", [(b"X-B", b""), (b"X-C", b"e")]),
            ("sub/c.txt", [(b"X-B", b"")]),
            ("a.txt", []),
        ]:
            self.assertEqual((path, fields_for(path, rules)), (path, fields))

    def test_pattern_in_another_notation_is_refused_with_the_right_one(self) -> None:
        for text in ("*.html: X-A: b", "/sub/*: X-A: b", "a?: X-A: b"):
            error = self.assertRaises(ValueError, parse_field_rule, text)
            self.assertIn("=X-A: b", str(error))

    def test_malformed_rules_are_refused(self) -> None:
        for text in (
            "", "X-A", ": b", "X A: b", "X-A : b", "X-A: b\r\nC: d", "X-\u00e9: b",
            "X-A: \u20ac", "Content-Length: 3", "date: x", "*.html=", "*.html=X-A",
            "*.html=Date: x", "=X-A: b", "*.html=X A: b",
        ):  # fmt: skip
            self.assertRaises(ValueError, parse_field_rule, text)


class FieldLineTests(SynchronousTestCase):
    """Fields given by hand."""

    def test_name_and_value(self) -> None:
        self.assertEqual(parse_field("X-A: b: c"), (b"X-A", b"b: c"))
        self.assertEqual(parse_field("X-A:"), (b"X-A", b""))

    def test_malformed_fields_are_refused(self) -> None:
        for text in (
            "", "X-A", ": b", "X A: b", "X-A : b", "X-A: b\r\nC: d", "X-\u00e9: b",
            "X-A: \u20ac", "Content-Length: 3", "date: x",
        ):  # fmt: skip
            self.assertRaises(ValueError, parse_field, text)

    def test_given_fields_take_the_place_of_others(self) -> None:
        default = ((b"A", b"1"), (b"B", b"2"))
        given = [(b"a", b"3"), (b"B", b""), (b"C", b"4")]
        self.assertEqual(merge_fields(default, given), ((b"a", b"3"), (b"C", b"4")))

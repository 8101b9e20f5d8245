"""
What is said of a file: its type, how long a copy is good, fields by hand.
"""

from __future__ import annotations

from functools import partial

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources.cors import parse_origin
from dartio_tut.resources.fields import merge_fields, parse_field
from dartio_tut.resources.files.caching import (
    IMMUTABLE,
    REVALIDATE,
    cache_control,
    parse_cache_rule,
)
from dartio_tut.resources.files.types import ContentTypes, parse_charset, parse_type


class TypesTests(SynchronousTestCase):
    """The content type of a file."""

    def test_by_its_first_bytes_else_by_its_name(self) -> None:
        for name, start, kind in [
            (b"a.txt", b"hello", "text/plain; charset=utf-8"),
            (b"a.txt", b"\x89PNG\r\n\x1a\n", "image/png"),
            (b"a", b"%PDF-1.7", "application/pdf"),
            (b"a.bin", b"GIF89a", "image/gif"),
            (b"a.png", b"GIF87a", "image/gif"),
            (b"a", b"\xff\xd8\xff\xe0", "image/jpeg"),
            (b"a", b"RIFF\0\0\0\0WEBP", "image/webp"),
            (b"a", b"RIFF\0\0\0\0what", "application/octet-stream"),
            (b"a.wav", b"RIFF\0\0\0\0what", "audio/x-wav"),
            (b"a", b"\0\0\0\x20ftypisom", "video/mp4"),
            (b"a", b"\0\0\0\x20ftypavif", "image/avif"),
            (b"a.mov", b"\0\0\0\x20ftypisom", "video/quicktime"),
            (b"A.HTML", b"<p>", "text/html; charset=utf-8"),
            (b"a.svg", b"<svg", "image/svg+xml; charset=utf-8"),
            (b"a.js", b"", "text/javascript; charset=utf-8"),
            (b"a.json", b"{}", "application/json"),
            (b"a.tar.gz", b"\x1f\x8b", "application/gzip"),
            (b"a.tex", b"%!TEX", ContentTypes().of(b"a.tex", bytes)),
            (b"html", b"<p>", "application/octet-stream"),
            (b"a.\xff", b"<p>", "application/octet-stream"),
            (b".html", b"<p>", "text/html; charset=utf-8"),
        ]:
            found = ContentTypes().of(name, partial(bytes, start))
            self.assertEqual((name, found), (name, kind))

    def test_given_by_hand(self) -> None:
        types = ContentTypes(
            None, dict([parse_type(".LOG=text/x-log"), parse_type(".p=a/b")])
        )
        self.assertEqual(types.of(b"a.log", lambda: b"GIF89a"), "text/x-log")
        self.assertEqual(types.of(b"a.p", bytes), "a/b")
        self.assertEqual(types.of(b"a.txt", bytes), "text/plain")
        with_charset = ContentTypes(
            "utf-8", dict([parse_type(".x=text/x; charset=koi8-r")])
        )
        self.assertEqual(with_charset.of(b"a.x", bytes), "text/x; charset=koi8-r")

    def test_no_types(self) -> None:
        for text in ("", "log=text/plain", ".log", ".log=", ".log=text", ".a.b=c/d",
                     ".log=text/plain\r\nX: y", ".a=b/c; d"):  # fmt: skip
            self.assertRaises(ValueError, parse_type, text)

    def test_charsets(self) -> None:
        self.assertIsNone(parse_charset("none"))
        self.assertEqual(parse_charset("koi8-r"), "koi8-r")
        self.assertRaises(ValueError, parse_charset, "klingon")


class CacheControlTests(SynchronousTestCase):
    """How long a copy is good."""

    def test_a_digest_in_the_name_is_for_ever(self) -> None:
        for name in (
            "app.8e0d62a1.js", "index-BkX3d9aE.js", "c.3f2a9b8c7d6e5f4a3b2c.min.css",
            "a/b/font-0a1b2c3d.woff2", "logo.0a1b2c3d4e5f.svg",
        ):  # fmt: skip
            self.assertEqual((name, cache_control(name)), (name, IMMUTABLE))

    def test_all_else_is_asked_about(self) -> None:
        for name in (
            "index.html", "main.css", "report-20241122.pdf", "photo-20241122.jpg",
            "a-deadbeef.png", "jquery-Slideshow.js", "jquery-3.7.1.min.js",
            "photo-IMG1234a.jpg", "page.8e0d62a1.html", "8e0d62a1.js", "a.8e0d62.js",
        ):  # fmt: skip
            self.assertEqual((name, cache_control(name)), (name, REVALIDATE))

    def test_rules(self) -> None:
        rules = [
            parse_cache_rule("*.png=max-age=60"),
            parse_cache_rule("/a/*=no-store"),
            parse_cache_rule("b?=x"),
        ]
        for path, value in [
            ("c.png", "max-age=60"),
            ("c/c.png", "max-age=60"),
            ("a/c.png", "no-store"),
            ("a/c/d.txt", "no-store"),
            ("c/a/d.txt", REVALIDATE),
            ("b1", "x"),
            ("b12", REVALIDATE),
        ]:
            self.assertEqual((path, cache_control(path, rules)), (path, value))

    def test_no_rules(self) -> None:
        for text in ("", "*.png", "=x", "*.png=a\r\nb", "*=\u20ac"):
            self.assertRaises(ValueError, parse_cache_rule, text)


class FieldLineTests(SynchronousTestCase):
    """Fields given by hand."""

    def test_fields(self) -> None:
        self.assertEqual(parse_field("X-A: b: c"), (b"X-A", b"b: c"))
        self.assertEqual(parse_field("X-A:"), (b"X-A", b""))

    def test_no_fields(self) -> None:
        for text in (
            "", "X-A", ": b", "X A: b", "X-A : b", "X-A: b\r\nC: d", "X-\u00e9: b",
            "X-A: \u20ac", "Content-Length: 3", "date: x",
        ):  # fmt: skip
            self.assertRaises(ValueError, parse_field, text)

    def test_merged(self) -> None:
        default = ((b"A", b"1"), (b"B", b"2"))
        given = [(b"a", b"3"), (b"B", b""), (b"C", b"4")]
        self.assertEqual(merge_fields(default, given), ((b"a", b"3"), (b"C", b"4")))

    def test_origins(self) -> None:
        for text in (
            "*",
            "https://example.org",
            "http://localhost:3000",
            "http://[::1]:80",
        ):
            self.assertEqual(parse_origin(text), text.encode())
        for text in (
            "",
            "example.org",
            "https://a/",
            "https://a\r\nb",
            "https://\u00e9",
        ):
            self.assertRaises(ValueError, parse_origin, text)

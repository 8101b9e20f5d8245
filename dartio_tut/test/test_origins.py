"""
Origins, as options and browsers write them.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources import parse_origin
from dartio_tut.resources.origins import Origins


class ParseOriginTests(SynchronousTestCase):
    """`parse_origin`."""

    def test_origin_is_as_browsers_send_it(self) -> None:
        for text, origin in [
            ("*", "*"),
            ("https://example.org", "https://example.org"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("https://a.example:443", "https://a.example"),
            ("http://a.example:80", "http://a.example"),
            ("http://a.example:443", "http://a.example:443"),
            ("https://a.example:80", "https://a.example:80"),
            ("https://a.example:0443", "https://a.example"),
            ("HTTPS://A.Example:8443", "https://a.example:8443"),
            ("https://a.example.", "https://a.example"),
            ("https://b\u00fccher.example", "https://xn--bcher-kva.example"),
            ("http://[::1]:80", "http://[::1]"),
            ("http://[0:0::1]:8080", "http://[::1]:8080"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("moz-extension://abc", "moz-extension://abc"),
            ("https://*.example.org:443", "https://*.example.org"),
            ("*.Example.org", "*.example.org"),
        ]:
            self.assertEqual(parse_origin(text), origin.encode())

    def test_others_are_refused_with_what_to_write(self) -> None:
        for text in (
            "",
            "example.org",
            "null",
            "https://",
            "https://a/",
            "https://a/b",
            "https://a?b",
            "https://u@a",
            "https://a\r\nb",
            "https://a b",
            "https://a:",
            "https://a:x",
            "https://a:0",
            "https://a:65536",
            "https://a:\u0661",
            "https://1.2.3",
            "https://1.2.3.456",
            "https://a.*.example",
            "https://*",
            "**.a",
            "*.",
            "*.a:80",
            "*.127.0.0.1",
        ):
            error = self.assertRaises(ValueError, parse_origin, text)
            self.assertIn("https://example.org", str(error), text)


class OriginsTests(SynchronousTestCase):
    """`Origins`."""

    def test_wildcards_stand_for_the_names_below(self) -> None:
        for given, inside, outside in [
            (
                b"https://*.example.org",
                [b"https://a.example.org", b"https://a.b-c.example.org"],
                [b"http://a.example.org", b"https://a.example.org:8443"],
            ),
            (
                b"https://*.example.org:8443",
                [b"https://a.example.org:8443"],
                [b"https://a.example.org"],
            ),
            (
                b"*.example.org",
                [b"https://a.example.org", b"http://a.example.org"],
                [b"https://a.example.org:8443", b"ftp://a.example.org"],
            ),
        ]:
            origins = Origins([given])
            for origin in inside:
                self.assertIn(origin, origins)
            for other in (
                *outside,
                None,
                b"null",
                b"https://example.org",
                b"https://.example.org",
                b"https://evilexample.org",
                b"https://a.example.org.evil.test",
                b"https://evil.test/a.example.org",
                b"https://evil.test#.example.org",
                b"https://aXexample.org",
                b"https://" + b"a." * 10_000 + b"example.org",
            ):
                self.assertNotIn(other, origins)

    def test_default_port_is_no_part_of_an_origin(self) -> None:
        origins = Origins([b"https://a.example:443", b"http://b.example:80"])
        self.assertIn(b"https://a.example", origins)
        self.assertIn(b"http://b.example", origins)
        self.assertNotIn(b"http://a.example", origins)

    def test_only_origin(self) -> None:
        self.assertEqual(Origins([b"https://a:443"]).only, b"https://a")
        for many in ([], [b"*"], [b"https://a", b"https://b"], [b"https://*.a"]):
            self.assertIsNone(Origins(many).only)

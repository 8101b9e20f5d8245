"""
The options of ``static`` that are about the fields of a response.
"""

from __future__ import annotations

from .support.exchange import exchange
from .support.harness import Daemon, ask
from .support.trees import OptionCase

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}


class FieldTests(OptionCase):
    """``--cache``, ``--header``, ``--type``, ``--charset``."""

    def setUp(self) -> None:
        super().setUp()
        (self.root / "sub").mkdir()
        for name in (
            "page.html", "app.3f9a12bc.js", "index-BdJ7f3xQ.css", "logo.png",
            "sub/a.txt",
            "a.txt", "20260102.png", "deadbeef.css", "data.custom",
        ):  # fmt: skip
            self.file(name)

    def field(self, daemon: Daemon, target: str, name: str) -> str | None:
        return self.get(daemon, target).fields.get(name)

    def test_cache_control_is_no_cache_unless_a_pattern_says_otherwise(self) -> None:
        static = self.static()
        for target, value in [
            ("/page.html", "no-cache"), ("/logo.png", "no-cache"),
            ("/app.3f9a12bc.js", "no-cache"), ("/index-BdJ7f3xQ.css", "no-cache"),
            ("/20260102.png", "no-cache"), ("/deadbeef.css", "no-cache"),
        ]:  # fmt: skip
            said = self.field(static, target, "Cache-Control")
            self.assertEqual((target, said), (target, value))
        static = self.static(
            *("--cache", "*.png=max-age=60", "--cache", "/sub/*=no-store"),
            *("--cache", "app.*=max-age=1", "--cache", "page.html="),
            *("--cache", "index-????????.css=immutable"),
        )
        for target, value in [
            ("/logo.png", "max-age=60"), ("/sub/a.txt", "no-store"),
            ("/a.txt", "no-cache"), ("/app.3f9a12bc.js", "max-age=1"),
            ("/index-BdJ7f3xQ.css", "public, max-age=31536000, immutable"),
        ]:  # fmt: skip
            said = self.field(static, target, "Cache-Control")
            self.assertEqual((target, said), (target, value))
        self.assertNotIn("Cache-Control", self.get(static, "/page.html").fields)
        etag = self.field(static, "/logo.png", "ETag") or ""
        again = self.get(static, "/logo.png", If_None_Match=etag)
        self.assertEqual(again.code, 304)
        self.assertEqual(again.fields["Cache-Control"], "max-age=60")
        self.bad("--cache", "", "*.png", "=no-store", "*.png=a\nb", "*.png=☃")

    def test_header_takes_the_place_of_a_default(self) -> None:
        static = self.static()
        for name, value in SECURITY.items():
            self.assertEqual(self.field(static, "/page.html", name), value)
        static = self.static(
            *("--header", "X-Robots-Tag: noindex", "-H", "X-Frame-Options: DENY"),
            *("--header", "referrer-policy:"),
        )
        for target in ("/page.html", "/nothing", "/sub"):
            fields = self.get(static, target).fields
            self.assertEqual(fields["X-Robots-Tag"], "noindex")
            self.assertEqual(fields.get_all("X-Frame-Options"), ["DENY"])
            self.assertNotIn("Referrer-Policy", fields)
            self.assertEqual(fields["X-Content-Type-Options"], "nosniff")
        self.bad("--header", "", "X", ": x", "a b: x", "X: a\nY: b", "X: ☃",
                 "Content-Length: 5", "transfer-encoding: chunked",
                 "Date: now")  # fmt: skip

    def lines(self, target: str, name: str, *options: str) -> list[str]:
        """The values of *name*, with *options*, if they are so on any connection."""
        static = self.static(*options)
        found = [
            self.get(static, target, Connection=way).fields.get_all(name) or []
            for way in ("keep-alive", "close")
        ]
        self.assertEqual(found[0], found[1], "it depends on the connection")
        return found[0]

    def test_header_takes_the_place_of_cache_control(self) -> None:
        option = ("--header", "Cache-Control: no-store")
        said = self.lines("/page.html", "Cache-Control", *option)
        self.assertEqual(said, ["no-store"])

    def test_header_takes_the_place_of_the_content_type(self) -> None:
        option = ("--header", "Content-Type: text/x-mine")
        said = self.lines("/page.html", "Content-Type", *option)
        self.assertEqual(len(said), 1)

    def test_header_without_a_value_is_not_sent(self) -> None:
        self.assertEqual(self.lines("/page.html", "ETag", "--header", "ETag:"), [])

    def test_header_given_twice_is_sent_twice(self) -> None:
        option = ("--header", "Link: <a>", "--header", "Link: <b>")
        said = self.lines("/page.html", "Link", *option)
        self.assertEqual(", ".join(said), "<a>, <b>")

    def test_header_of_some_files(self) -> None:
        static = self.static(
            *("-H", "X-Robots-Tag: all", "-H", "sub/*=X-Robots-Tag: noindex"),
            *("-H", "*.html=Content-Security-Policy: default-src 'self'"),
            *("-H", "*.png=X-Frame-Options:"),
        )
        for target, name, value in [
            ("/page.html", "X-Robots-Tag", "all"),
            ("/sub/a.txt", "X-Robots-Tag", "noindex"),
            ("/nothing", "X-Robots-Tag", "all"),
            ("/page.html", "Content-Security-Policy", "default-src 'self'"),
            ("/a.txt", "Content-Security-Policy", None),
            ("/logo.png", "X-Frame-Options", None),
            ("/a.txt", "X-Frame-Options", "SAMEORIGIN"),
        ]:
            said = self.field(static, target, name)
            self.assertEqual((target, name, said), (target, name, value))

    def test_header_is_on_every_answer(self) -> None:
        self.file("users", b"ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=\n")
        static = self.static(
            *("-H", "Strict-Transport-Security: max-age=1", "-H", "X-Frame-Options:"),
            *("--auth", "www/users", "--cors", "https://a.example", "--prefix", "/p"),
            "--listing",
        )
        in_ = "Authorization: Basic YW5uOnRlc3Q="
        answers: list[tuple[int, *tuple[str, ...]]] = [
            (401, "GET /p/a.txt HTTP/1.1"),
            (200, "GET /p/a.txt HTTP/1.1", in_),
            (404, "GET /other HTTP/1.1", in_),
            (404, "GET /p/none HTTP/1.1", in_),
            (301, "GET /p/sub HTTP/1.1", in_),
            (200, "GET /p/ HTTP/1.1", in_),
            (206, "GET /p/a.txt HTTP/1.1", in_, "Range: bytes=0-0"),
            (412, "GET /p/a.txt HTTP/1.1", in_, 'If-Match: "x"'),
            (204, "OPTIONS /p/a.txt HTTP/1.1", "Origin: https://a.example",
             "Access-Control-Request-Method: GET"),
            (405, "DELETE /p/a.txt HTTP/1.1", in_),
            (400, "GET /p/a.txt HTTP/1.1", "Host: b"),
            (505, "GET / HTTP/9.9"),
            (431, "GET / HTTP/1.1", "X: " + "x" * 40_000),
        ]  # fmt: skip
        for code, *lines in answers:
            head = [lines[0], "Host: a", "Connection: close", *lines[1:], "", ""]
            came = exchange(static.port, "\r\n".join(head).encode())
            self.assertIn(b"HTTP/1.1 %d " % code, came, lines)
            self.assertIn(b"\r\nStrict-Transport-Security: max-age=1\r\n", came, lines)
            self.assertNotIn(b"X-Frame-Options", came, lines)

    def test_header_vary_joins_that_of_a_compressed_file(self) -> None:
        self.file("app.js")
        self.file("app.js.gz")
        said = self.lines("/app.js", "Vary", "--header", "Vary: Cookie")
        vary = ", ".join(said).split(", ")
        self.assertEqual(sorted(vary), ["Accept-Encoding", "Cookie"])

    def test_type_by_extension_by_name_and_by_default(self) -> None:
        static = self.static(
            *("--type", ".custom=application/x-custom", "--type", ".TXT=text/markdown"),
            *("--type", ".png=text/plain; charset=ascii"),
            *("--type", "LICENSE=text/plain", "--type", "*=application/x-rest"),
        )
        (self.root / "A.CUSTOM").write_bytes(b"%PDF-1.4")
        self.file("LICENSE")
        self.file("rest")
        for target, kind in [
            ("/data.custom", "application/x-custom"),
            ("/a.txt", "text/markdown; charset=utf-8"),
            ("/logo.png", "text/plain; charset=ascii"),
            ("/A.CUSTOM", "application/x-custom"),
            ("/LICENSE", "text/plain; charset=utf-8"),
            ("/rest", "application/x-rest"),
            ("/page.html", "text/html; charset=utf-8"),
        ]:
            said = self.field(static, target, "Content-Type")
            self.assertEqual((target, said), (target, kind))
        self.bad("--type", "", ".x", "x y=text/plain", ".x=text", ".x=text/", "=a/b",
                 ".x=a/b\nc", ".x=a b/c", ".=a/b", ".x=a/b;")  # fmt: skip

    def test_charset_of_text(self) -> None:
        for given, kind in [
            ("none", "text/plain"), ("iso-8859-15", "text/plain; charset=iso-8859-15"),
        ]:  # fmt: skip
            static = self.static("--charset", given)
            self.assertEqual(self.field(static, "/a.txt", "Content-Type"), kind)
            self.assertEqual(self.field(static, "/logo.png", "Content-Type"),
                             "image/png")  # fmt: skip
        self.bad("--charset", "", "utf-99", "x y")

    def test_charset_that_only_python_knows_is_refused(self) -> None:
        self.bad("--charset", "utf 8", "rot13", "zlib", "idna")


class OriginTests(OptionCase):
    """``--cors``."""

    HERE, OTHER = "https://here.example", "https://other.example:8443"

    def setUp(self) -> None:
        super().setUp()
        self.file("file", b"0123456789")

    def test_listed_origins_may_read(self) -> None:
        static = self.static("--cors", self.HERE, "--cors", self.OTHER)
        for origin in (self.HERE, self.OTHER):
            for target, code in (("/file", 200), ("/nothing", 404)):
                answer = self.get(static, target, Origin=origin)
                self.assertEqual(answer.code, code)
                fields = answer.fields
                self.assertEqual(fields["Access-Control-Allow-Origin"], origin)
                self.assertIn("ETag", fields["Access-Control-Expose-Headers"])
                self.assertIn("Origin", ", ".join(fields.get_all("Vary") or []))
        for origin in ("https://evil.example", "null", self.HERE + ".evil.example",
                       self.HERE.replace("https", "http"), self.HERE + ":444",
                       ""):  # fmt: skip
            answer = self.get(static, "/file", Origin=origin)
            self.assertEqual((origin, answer.code), (origin, 200))
            self.assertNotIn("Access-Control-Allow-Origin", answer.fields)
        answer = self.get(static, "/file")
        self.assertIn("Origin", ", ".join(answer.fields.get_all("Vary") or []))

    def test_any_origin_may_read(self) -> None:
        static = self.static("--cors", "*")
        for fields in ({"Origin": self.HERE}, {"Origin": "null"}, {}):
            answer = self.get(static, "/file", **fields)
            self.assertEqual(answer.fields["Access-Control-Allow-Origin"], "*")
        ranged = self.get(static, "/file", Origin=self.HERE, Range="bytes=1-2")
        self.assertEqual(ranged.body, b"12")
        self.assertIn("Content-Range", ranged.fields["Access-Control-Expose-Headers"])

    def test_preflight_of_a_listed_origin(self) -> None:
        static = self.static("--cors", self.HERE)
        asked = {
            "Origin": self.HERE,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "range, if-none-match",
        }
        answer = ask(static, "OPTIONS", "/file", None, asked)
        self.assertEqual((answer.code, answer.body), (204, b""))
        fields = answer.fields
        self.assertEqual(fields["Access-Control-Allow-Origin"], self.HERE)
        self.assertEqual(fields["Access-Control-Allow-Methods"], "GET, HEAD")
        self.assertEqual(fields["Access-Control-Allow-Headers"], "range, if-none-match")
        self.assertRegex(fields["Access-Control-Max-Age"] or "", r"^\d+$")
        foreign = ask(static, "OPTIONS", "/file", None, asked | {"Origin": "https://x"})
        for name in ("Origin", "Methods", "Headers"):
            self.assertNotIn(f"Access-Control-Allow-{name}", foreign.fields)
        plain = ask(static, "OPTIONS", "/file", None, {"Origin": self.HERE})
        self.assertEqual(plain.fields["Allow"], "GET, HEAD, OPTIONS")

    def test_no_cors_fields_without_the_option(self) -> None:
        answer = self.get(self.static(), "/file", Origin=self.HERE)
        for name in answer.fields:
            self.assertFalse(name.lower().startswith("access-control"), name)

    def test_wrong_origins_are_refused(self) -> None:
        self.bad("--cors", "", "example.org", "https://", "https://a/", "https://a/b",
                 "https://a b", "https://a\nb", "https://a,https://b",
                 "**")  # fmt: skip

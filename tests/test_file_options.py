"""
The options of ``static``, each as an operator uses it, and its bad twin.
"""

from __future__ import annotations

import json
import os

from .support.harness import Daemon, Response, ask, raw
from .support.trees import HTML, OptionCase

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}


class FallbackTests(OptionCase):
    """What is sent when nothing of that name is there."""

    def setUp(self) -> None:
        super().setUp()
        (self.root / "sub").mkdir()
        self.file("index.html", b"index")
        self.file("about.html", b"about")
        self.file("sub/page.html", b"page")

    def test_index(self) -> None:
        (self.root / "both").mkdir()
        for name in ("both/home.htm", "both/index.html", "sub/default.htm"):
            self.file(name, name.encode())
        self.assertEqual(self.get(self.static(), "/").body, b"index")
        static = self.static("--index", "default.htm", "--index", "home.htm")
        self.assertEqual(self.code(static, "/"), 404)
        self.assertEqual(self.get(static, "/sub/").body, b"sub/default.htm")
        self.assertEqual(self.get(static, "/both/").body, b"both/home.htm")
        self.bad("--index", "", ".", "..", "a/b", "/index.html")

    def test_spa(self) -> None:
        static = self.static("--spa")
        for target in ("/", "/app", "/app/route/7", "/app/", "/v1.2", "/app?x=/y.js"):
            answer = self.get(static, target, Accept=BROWSER)
            self.assertEqual((target, answer.code), (target, 200))
            self.assertEqual((target, answer.body), (target, b"index"))
            self.assertEqual(answer.fields["Content-Type"], "text/html; charset=utf-8")
            self.assertEqual(answer.fields["Cache-Control"], "no-cache")
        for target in ("/app.js", "/app/logo.png", "/style.css", "/x.html", "/.env"):
            code = self.code(static, target, Accept=BROWSER)
            self.assertEqual((target, code), (target, 404))
        self.assertEqual(self.code(static, "/api", Accept="application/json"), 404)
        self.assertEqual(self.code(static, "/api", Accept="image/*"), 404)
        self.assertEqual(ask(static, "POST", "/app").code, 405)
        self.assertEqual(self.code(self.static(), "/app", Accept=BROWSER), 404)

    def test_try_html(self) -> None:
        (self.root / "about").mkdir()
        static = self.static("--try-html")
        self.assertEqual(self.get(static, "/sub/page").body, b"page")
        self.assertEqual(self.get(static, "/sub/page?a").body, b"page")
        self.assertEqual(self.code(static, "/sub/page/"), 404)
        self.assertEqual(self.code(static, "/sub/pag"), 404)
        self.assertEqual(self.code(static, "/about"), 301)
        self.assertEqual(self.get(static, "/about.html").body, b"about")
        self.assertEqual(self.code(self.static(), "/sub/page"), 404)

    def test_flags_take_no_value(self) -> None:
        for flag in ("--spa", "--try-html", "--no-precompressed", "--dotfiles"):
            self.assertIn(flag[2:], self.complaint(f"{flag}=yes"))


class ErrorTests(OptionCase):
    """What is said of errors, and how."""

    def each(self, daemon: Daemon, accept: str) -> dict[int, Response]:
        """An answer of each status that there is a way to."""
        self.file("ten", b"0123456789")
        accepting = {"Accept": accept}
        return {
            404: ask(daemon, "GET", "/nothing", None, accepting),
            405: ask(daemon, "DELETE", "/ten", None, accepting),
            412: ask(daemon, "GET", "/ten", None, {"If-Match": '"x"', **accepting}),
            416: ask(daemon, "GET", "/ten", None, {"Range": "bytes=10-", **accepting}),
        }

    def test_in_the_clients_own_terms(self) -> None:
        static = self.static()
        for accept, kind in [
            (BROWSER, "text/html; charset=utf-8"),
            ("*/*", "text/plain; charset=utf-8"),
            ("text/plain", "text/plain; charset=utf-8"),
            ("application/json", "application/problem+json"),
            ("application/problem+json", "application/problem+json"),
            ("application/json;q=0.5, text/html;q=0.1", "application/problem+json"),
            ("image/png", "text/plain; charset=utf-8"),
        ]:
            for code, answer in self.each(static, accept).items():
                self.assertEqual((accept, answer.code), (accept, code))
                self.assertEqual((accept, answer.fields["Content-Type"]),
                                 (accept, kind))  # fmt: skip
                self.assertIn("Accept", answer.fields["Vary"])
                for name, value in SECURITY.items():
                    self.assertEqual(answer.fields[name], value)
                if kind == "application/problem+json":
                    self.assertEqual(json.loads(answer.body)["status"], code)
                if kind.startswith("text/html"):
                    self.assertIn(b"<h1>%d " % code, answer.body)

    def test_what_belongs_to_a_status(self) -> None:
        for answers in (self.each(self.static(), "*/*"),):
            self.assertEqual(answers[405].fields["Allow"], "GET, HEAD, OPTIONS")
            self.assertEqual(answers[416].fields["Content-Range"], "bytes */10")

    def test_pages_of_ones_own(self) -> None:
        for code in (404, 405, 412, 416):
            self.file(f"{code}.html", b"<h1>own %d" % code)
        static = self.static()
        for accept in (BROWSER, "*/*"):
            for code, answer in self.each(static, accept).items():
                self.assertEqual((answer.code, answer.body),
                                 (code, b"<h1>own %d" % code))  # fmt: skip
                kind = answer.fields["Content-Type"]
                self.assertEqual(kind, "text/html; charset=utf-8")
                self.assertNotIn("ETag", answer.fields)
                self.assertNotIn("Last-Modified", answer.fields)
        answers = self.each(static, "text/html")
        self.assertEqual(answers[405].fields["Allow"], "GET, HEAD, OPTIONS")
        self.assertEqual(answers[416].fields["Content-Range"], "bytes */10")
        for answer in self.each(static, "application/json").values():
            self.assertEqual(answer.fields["Content-Type"], "application/problem+json")
        head = ask(static, "HEAD", "/nothing", None, HTML)
        self.assertEqual((head.code, head.body), (404, b""))
        self.assertEqual(head.fields["Content-Length"], "11")
        self.assertEqual(self.code(static, "/404.html"), 200)
        large = os.urandom(100_000)
        self.file("404.html", large)
        self.assertTrue(self.get(static, "/nothing", Accept="text/html").body == large)

    def test_the_charset_of_a_page_of_ones_own(self) -> None:
        self.file("404.html", "<h1>né".encode("latin-1"))
        answer = self.get(self.static("--charset", "iso-8859-1"), "/nothing")
        self.assertEqual(answer.fields["Content-Type"], "text/html; charset=iso-8859-1")

    def test_below_a_prefix(self) -> None:
        self.file("404.html", b"own")
        static = self.static("--prefix", "/files/")
        for target in ("/nothing", "/files/nothing"):
            answer = self.get(static, target, Accept="text/html")
            self.assertEqual(answer.code, 404)
            self.assertEqual(answer.fields["X-Content-Type-Options"], "nosniff")


class WhereTests(OptionCase):
    """``--prefix`` and ``--host``."""

    def setUp(self) -> None:
        super().setUp()
        self.file("who", b"fallback")
        (self.root / "sub").mkdir()
        self.file("sub/index.html", b"sub")

    def test_prefix_is_in_the_url_that_is_told(self) -> None:
        for prefix in ("/files/", "/{odd}/"):
            static = self.daemon("static", "--port", "0", "--prefix", prefix)
            self.assertTrue(static.wait_for("Listening on").endswith(prefix))
            self.assertIn("reach it", static.output())

    def test_prefix(self) -> None:
        for prefix in ("/files/", "/files", "/a/b%20c/"):
            static = self.static("--prefix", prefix, "--listing")
            below = prefix.rstrip("/")
            self.assertEqual(self.get(static, f"{below}/who").body, b"fallback")
            self.assertEqual(self.get(static, f"{below}/sub/").body, b"sub")
            self.assertEqual(self.names(static, f"{below}/"), {"who", "sub"})
            for target, last in ((below, below), (f"{below}/sub", "sub")):
                answer = self.get(static, target)
                self.assertEqual(answer.code, 301)
                location = f"./{last.rpartition('/')[2]}/"
                self.assertEqual(answer.fields["Location"], location)
            for target in ("/", "/who", f"{below}x/who", f"{below}//who", "/file/who"):
                self.assertEqual((target, self.code(static, target)), (target, 404))
        for bad in ("", "files", "//", "/a//b/", "/../", "/a/%2e%2e/", "/./"):
            self.assertIn("is not a path", self.complaint("--prefix", bad))
        self.refuses("static", "--root", "www", "--prefix", "files")

    def test_what_is_wrong_is_named(self) -> None:
        self.assertIn("--prefix", self.complaint("--prefix", "files"))
        self.assertIn("--host", self.complaint("--host", f"a b={self.here}"))

    def test_hosts(self) -> None:
        for name in ("one", "wild", "deep"):
            (self.here / name).mkdir()
            (self.here / name / "who").write_bytes(name.encode())
        static = self.static(
            *("--host", "one.example=one", "--host", "*.example.org=wild"),
            *("--host", "*.deep.example.org=deep"),
        )
        for host, who in [
            ("one.example", b"one"), ("ONE.example.", b"one"), ("one.example:99",
            b"one"),
            ("a.example.org", b"wild"), ("a.b.example.org", b"wild"),
            ("a.deep.example.org", b"deep"), ("deep.example.org", b"wild"),
            ("example.org", b"fallback"), ("two.example", b"fallback"),
            ("xone.example", b"fallback"), ("127.0.0.1", b"fallback"),
        ]:  # fmt: skip
            answer = self.get(static, "/who", Host=host)
            self.assertEqual((host, answer.body), (host, who))
        self.assertIn(b"fallback", raw(static, b"GET /who HTTP/1.0\r\n\r\n"))
        for name in ("one.example", "*.example.org"):
            self.assertIn(f" as {name}", "\n".join(static.lines))
        self.bad("--host", "one.example", "one.example=", "one.example=nowhere")
        for name in ("a b", "-a.example", "*.", "", "*", "a..b", "a:80", "*.::1"):
            self.complaint("--host", f"{name}={self.here}")
        twice = ("--host", f"a.example={self.here}") * 2
        self.assertIn("a.example", self.complaint(*twice))

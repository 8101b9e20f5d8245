"""
The options of ``static``, each as an operator uses it, and its bad twin.
"""

from __future__ import annotations

import json
import os
import re
import select
import signal
import time

from dartio_tut.testing import Response

from .support.exchange import exchange
from .support.harness import PATIENCE, Daemon, ask
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

    def test_index_names_and_their_order(self) -> None:
        (self.root / "both").mkdir()
        for name in ("both/home.htm", "both/index.html", "sub/default.htm"):
            self.file(name, name.encode())
        self.assertEqual(self.get(self.static(), "/").body, b"index")
        static = self.static("--index", "default.htm", "--index", "home.htm")
        self.assertEqual(self.code(static, "/"), 404)
        self.assertEqual(self.get(static, "/sub/").body, b"sub/default.htm")
        self.assertEqual(self.get(static, "/both/").body, b"both/home.htm")
        self.bad("--index", "", ".", "..", "a/b", "/index.html")

    def test_spa_answers_pages_with_the_index_and_nothing_else(self) -> None:
        static = self.static("--spa")
        for target in (
            "/", "/app", "/app/route/7", "/app/", "/v1.2", "/app?x=/y.js", "/sub",
            "/sub/", "/app.js", "/app/logo.png", "/x.html", "/.env", "/point/a%2Fb",
            "/point//b", "/sites/example.com",
        ):  # fmt: skip
            answer = self.get(static, target, Accept=BROWSER)
            self.assertEqual((target, answer.code), (target, 200))
            self.assertEqual((target, answer.body), (target, b"index"))
            self.assertEqual(answer.fields["Content-Type"], "text/html; charset=utf-8")
            self.assertEqual(answer.fields["Cache-Control"], "no-cache")
        for target in ("/app.js", "/app/logo.png", "/style.css", "/x.html", "/.env"):
            code = self.code(static, target, Accept="*/*")
            self.assertEqual((target, code), (target, 404))
        fetch, picture = "application/json, text/plain, */*", "image/avif,*/*;q=0.8"
        for accept in ("application/json", "image/*", fetch, picture):
            self.assertEqual((accept, self.code(static, "/api", Accept=accept)),
                             (accept, 404))  # fmt: skip
        self.assertEqual(self.code(static, "/api", Accept="*/*"), 200)
        self.assertEqual(self.code(static, "/api"), 200)
        self.assertEqual(ask(static, "POST", "/app").code, 405)
        self.assertEqual(self.code(self.static(), "/app", Accept=BROWSER), 404)

    def test_try_html_finds_pages_before_folders(self) -> None:
        (self.root / "about").mkdir()
        static = self.static("--try-html")
        self.assertEqual(self.get(static, "/sub/page").body, b"page")
        self.assertEqual(self.get(static, "/sub/page?a").body, b"page")
        self.assertEqual(self.code(static, "/sub/page/"), 404)
        self.assertEqual(self.code(static, "/sub/pag"), 404)
        self.assertEqual(self.get(static, "/about").body, b"about")
        answer = self.get(static, "/about/")
        self.assertEqual((answer.code, answer.fields["Location"]), (301, "../about"))
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

    def test_errors_are_told_in_the_form_that_the_client_prefers(self) -> None:
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

    def test_405_has_allow_and_416_has_the_size(self) -> None:
        for answers in (self.each(self.static(), "*/*"),):
            self.assertEqual(answers[405].fields["Allow"], "GET, HEAD, OPTIONS")
            self.assertEqual(answers[416].fields["Content-Range"], "bytes */10")

    def test_own_error_pages_take_the_place_of_ours(self) -> None:
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

    def test_own_error_page_has_the_charset_of_the_option(self) -> None:
        self.file("404.html", "<h1>né".encode("latin-1"))
        answer = self.get(self.static("--charset", "iso-8859-1"), "/nothing")
        self.assertEqual(answer.fields["Content-Type"], "text/html; charset=iso-8859-1")

    def test_own_error_page_has_the_fields_that_are_given_for_it(self) -> None:
        self.file("404.html", b"own")
        given = ("404.html=X-Of-It: 1", "*.html=X-Of-All: 2", "/a.html=X-Other: 3")
        static = self.static(*(w for field in given for w in ("--header", field)))
        for target in ("/nothing", "/404.html"):
            fields = self.get(static, target, Accept="text/html").fields
            self.assertEqual((fields["X-Of-It"], fields["X-Of-All"]), ("1", "2"))
            self.assertNotIn("X-Other", fields)

    def test_404_outside_and_below_a_prefix(self) -> None:
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

    def test_prefix_is_in_the_url_that_the_log_tells(self) -> None:
        for prefix in ("/files/", "/{odd}/"):
            static = self.daemon("static", "--port", "0", "--prefix", prefix)
            self.assertTrue(static.wait_for("Listening on").endswith(prefix))
            self.assertIn("reach it", static.output())

    def test_tree_is_below_the_prefix_only(self) -> None:
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
            for target in ("/", "/who", f"{below}x/who", "/file/who"):
                self.assertEqual((target, self.code(static, target)), (target, 404))
            answer = self.get(static, f"{below}//who")
            self.assertEqual((answer.code, answer.fields["Location"]),
                             (301, f"{below}/who"))  # fmt: skip
        for bad in ("files", "//", "/a//b/", "/../", "/a/%2e%2e/", "/./"):
            self.assertIn("is not a path", self.complaint("--prefix", bad))
        self.assertIn("it is empty", self.complaint("--prefix", ""))
        self.refuses("static", "--root", "www", "--prefix", "files")

    def test_wrong_values_are_named(self) -> None:
        self.assertIn("--prefix", self.complaint("--prefix", "files"))
        self.assertIn("--host", self.complaint("--host", f"a b={self.here}"))

    def test_hosts_choose_their_folders(self) -> None:
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
        self.assertIn(b"fallback", exchange(static.port, b"GET /who HTTP/1.0\r\n\r\n"))
        for name in ("one.example", "*.example.org"):
            self.assertIn(f" as {name}", "\n".join(static.lines))
        self.bad("--host", "one.example", "one.example=", "one.example=nowhere")
        for name in ("a b", "-a.example", "*.", "", "*", "a..b", "a:80", "*.::1"):
            self.complaint("--host", f"{name}={self.here}")
        twice = ("--host", f"a.example={self.here}") * 2
        self.assertIn("a.example", self.complaint(*twice))


class NamedPathTests(OptionCase):
    """``twistd static www`` and ``twistd static file.txt``."""

    def setUp(self) -> None:
        super().setUp()
        self.file("who.txt", b"named")

    def test_folder_that_is_named_is_served(self) -> None:
        static = self.daemon("static", "www", "--port", "0", "--listing").ready()
        self.assertEqual(self.get(static, "/who.txt").body, b"named")
        self.assertEqual(self.names(static), {"who.txt"})
        self.assertIn(f"Serving {self.root}", static.output())

    def test_file_that_is_named_is_served(self) -> None:
        self.file("other.txt", b"other")
        static = self.serve("static", "www/who.txt")
        for target in ("/", "/who.txt"):
            answer = self.get(static, target)
            self.assertEqual((target, answer.body), (target, b"named"))
            self.assertEqual(answer.fields["Content-Type"], "text/plain; charset=utf-8")
        for target in ("/other.txt", "/who.txt/", "/www/who.txt", "/.."):
            self.assertEqual((target, self.code(static, target)), (target, 404))

    def test_what_cannot_be_served_is_told_in_one_line(self) -> None:
        os.mkfifo(self.here / "fifo")
        for line, why in [
            (("nowhere",), "no such folder or file"),
            (("fifo",), "neither a folder nor a file"),
            (("",), "it is empty"),
            (("www", "www"), "name one folder or file"),
            (("--root", "www", "www"), "name one folder or file"),
            (("--root", ""), "it is empty"),
        ]:
            self.assertIn(why, self.refuses("static", *line))


class PrivateFilesTests(OptionCase):
    """What lies in the folder by accident."""

    def test_own_files_of_the_daemon_are_not_served(self) -> None:
        """The accident itself: started in the background, in the folder it serves."""
        self.file("other", b"other")
        self.here = self.root
        self.run_program("twistd", "static", "--port", "0", "--listing",
                         "--access-log", "access")  # fmt: skip
        process = os.pidfd_open(int((self.root / "twistd.pid").read_text()))
        self.addCleanup(os.close, process)
        self.addCleanup(self.ends, process)
        log = self.log_with("Listening on", process)
        for name in ("twistd.log", "twistd.pid", "access"):
            self.assertIn(f"private: {self.root}/{name}", log)
        found = re.search(r"Listening on http://127.0.0.1:(\d+)/", log)
        assert found is not None
        port = int(found[1])
        os.link(self.root / "twistd.log", self.root / "hard")
        os.symlink("twistd.pid", self.root / "link")
        self.file("twistd.log.1", b"rotated")
        for name in ("twistd.log", "twistd.pid", "access", "hard", "link",
                     "twistd.log.1"):  # fmt: skip
            self.assertEqual((name, ask(port, target=f"/{name}").code), (name, 404))
        self.assertEqual(ask(port, target="/other").body, b"other")
        listed = ask(port, target="/", fields={"Accept": "text/plain"}).body
        self.assertEqual(listed, b"other\n")

    def test_options_in_a_file_are_not_served(self) -> None:
        self.file("dartio.toml", b'header = ["X-Secret: s"]\n')
        self.here = self.root
        daemon = self.serve("static", "--root", ".", "--config", "dartio.toml")
        self.assertEqual(ask(daemon, target="/dartio.toml").code, 404)
        self.assertIn(f"private: {self.root}/dartio.toml", "\n".join(daemon.lines))

    def log_with(self, words: str, process: int) -> str:
        """The log of the daemon in the background, once it has these *words*."""
        started = time.monotonic()
        while words not in (log := (self.root / "twistd.log").read_text()):
            self.assertLess(time.monotonic() - started, PATIENCE, log)
            self.assertFalse(select.select([process], [], [], 0.05)[0], log)
        return log

    def ends(self, process: int) -> None:
        """End the daemon in the background, and wait for it."""
        signal.pidfd_send_signal(process, signal.SIGTERM)
        self.assertTrue(select.select([process], [], [], PATIENCE)[0])

    def test_list_of_passwords_is_not_served(self) -> None:
        self.file("users", b"ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=\n")
        self.file("other", b"other")
        cached = "--cache", "other=immutable"
        static = self.static("--auth", "www/users", *cached)
        asked = {"Authorization": "Basic YW5uOnRlc3Q="}
        other = self.get(static, "/other", **asked)
        self.assertEqual(other.body, b"other")
        # Others share some caches, and have no password.
        self.assertEqual(
            other.fields["Cache-Control"], "private, max-age=31536000, immutable"
        )
        self.assertEqual(self.code(static, "/users", **asked), 404)


class RedirectTests(OptionCase):
    """``--redirect``."""

    def test_redirects(self) -> None:
        self.file("new.html", b"new")
        static = self.static(
            *("--redirect", "/old.html=/new.html", "--redirect", "/old/*=/*"),
            *("--redirect", "/shop=https://shop.example/", "--prefix", "/files/"),
        )
        for target, there in [
            ("/files/old.html", "./new.html"),
            ("/files/old.html?a=b", "./new.html?a=b"),
            ("/files/old/a/b", "../../a/b"),
            ("/files/shop", "https://shop.example/"),
        ]:
            answer = self.get(static, target)
            self.assertEqual((target, answer.code), (target, 301))
            self.assertEqual(answer.fields["Location"], there)
            self.assertEqual(answer.fields["Cache-Control"], "no-cache")
        for target in ("/files/old//evil.example", "/old.html", "/files/old/%2e%2e/a"):
            self.assertEqual((target, self.code(static, target)), (target, 404))
        self.bad("--redirect", "/a", "/a=b", "a=/b", "/a=//b", "/a=/a", "/a/*=/b")

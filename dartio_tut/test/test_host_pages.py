"""
`dartio_tut.resources.HostPages`: pages that link to servers at other ports.
"""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Request

from dartio_tut.resources import Files, HostPages, with_asked_host
from dartio_tut.servers.lessons import LESSONS
from dartio_tut.servers.pages import PAGES
from dartio_tut.testing import Response, connect, read_response

PAGE = (
    '<a href="http://localhost:8080/x">localhost:8080</a> '
    '<form action="http://localhost:4041/">'
    "<code>curl http://localhost:8080/ https://localhost:4047/ localhost:4041</code>"
)


class HostPagesTests(SynchronousTestCase):
    """A folder with a page and a file beside it."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        (self.folder / "a.html").write_text(PAGE)
        (self.folder / "index.html").write_text("<p>localhost:4041 ü", "utf-8")
        (self.folder / "style.css").write_text("/* localhost:4041 */")
        self.files = Files(str(self.folder))
        self.tree = HostPages(self.files, str(self.folder), own_port=8080)

    def got(
        self, host: str = "localhost:8080", target: str = "/a.html", *lines: str,
        method: str = "GET",
    ) -> Response:  # fmt: skip
        """The response to a request for *host*; with '' there is no Host field."""
        version, field = ("1.1", [f"Host: {host}"]) if host else ("1.0", [])
        head = [f"{method} {target} HTTP/{version}", *field, *lines, "", ""]
        said = connect(self.tree).send("\r\n".join(head).encode("latin-1"))
        return read_response(said, method, closed=True)

    def text(self, host: str, target: str = "/a.html") -> str:
        response = self.got(host, target)
        self.assertEqual(response.code, 200)
        return response.body.decode()

    def test_addresses_have_the_host_that_is_asked_for(self) -> None:
        for host, wanted in (
            ("localhost:8080", "localhost"),
            ("127.0.0.1:8080", "127.0.0.1"),
            ("desk.local:8080", "desk.local"),
            ("192.0.2.7:8080", "192.0.2.7"),
            ("[2001:db8::1]:8080", "[2001:db8::1]"),
            ("DESK.local.:8080", "desk.local"),
            ("desk_1:8080", "desk_1"),
        ):
            self.assertEqual(
                self.text(host),
                f'<a href="/x">{wanted}:8080</a> '
                f'<form action="http://{wanted}:4041/">'
                f"<code>curl http://{wanted}:8080/ https://{wanted}:4047/ "
                f"{wanted}:4041</code>",
            )

    def test_the_page_calls_itself_what_it_was_asked_for(self) -> None:
        self.assertIn(">desk:9000<", self.text("desk:9000"))
        self.assertIn(">tutorial.example<", self.text("tutorial.example"))
        self.assertIn('href="/x"', self.text("tutorial.example"))

    def test_without_a_host_it_is_the_address_that_was_reached(self) -> None:
        said = self.text("")
        self.assertRegex(said, r'action="http://[0-9.]+:4041/"')

    def test_no_host_brings_markup_into_the_page(self) -> None:
        for host in (
            "a<b>", 'a"onload=x', "[fe80::1%<script>]:80", "a'b", "<!--", "a b", "",
            "[fe80::1%25eth0]", "a:b", "a:99999999", "@", "a&b", "%3cb%3e", "-", "..",
        ):  # fmt: skip
            response = self.got(host)
            if response.code == 200:
                said = response.body.decode()
                tags = re.findall(r"<[^>]*>", said)
                self.assertEqual(len(tags), 5, said)
                self.assertRegex(
                    said, r'action="http://([a-z0-9.-]+|\[[0-9a-f:]+\]):4041/"'
                )
            else:
                self.assertEqual(response.code, 400, host)

    def test_a_host_that_the_wire_lets_pass_becomes_localhost(self) -> None:
        """On another wire than ours, a Host field may be anything."""

        class Odd:
            def __init__(self, field: bytes) -> None:
                self.field = field

            def getHeader(self, name: bytes) -> bytes:
                return self.field

        for field in (b'[fe80::1%"><b>]:80', b"a<b>", b"\xff", b"", b":80", b"a/b"):
            request: Request = Odd(field)  # type: ignore[assignment]
            said = with_asked_host(PAGE, request, 8080)
            self.assertIn('action="http://localhost:4041/"', said)
            self.assertEqual(said.count("<"), PAGE.count("<"))

    def test_an_address_may_be_known_better(self) -> None:
        def filling(text: str, request: Request) -> str:
            real = {4041: "https://desk:1", 4047: ""}
            return with_asked_host(text, request, 8080, lambda port: real[port])

        self.tree = HostPages(self.files, str(self.folder), 8080, filling)
        said = self.text("desk:9")
        self.assertIn('action="https://desk:1/"', said)
        self.assertIn(" desk:1</code>", said)
        self.assertIn(" https://desk:4047/ ", said)

    def test_index_is_what_the_folder_answers_with(self) -> None:
        for target in ("/", "/index.html", "/?x"):
            self.assertEqual(self.text("desk", target), "<p>desk:4041 ü")

    def test_everything_else_is_a_file(self) -> None:
        self.assertEqual(self.text("desk", "/style.css"), "/* localhost:4041 */")
        self.assertEqual(self.got("desk", "/nothing.html").code, 404)
        self.assertEqual(self.got("desk", "/a.html/x").code, 404)
        self.assertEqual(self.got("desk", "/x/..%2fa.html").code, 404)
        refused = self.got("desk", "/a.html", "Content-Length: 0", method="POST")
        self.assertEqual(refused.code, 405)

    def test_a_page_that_goes_away_is_not_found(self) -> None:
        (self.folder / "a.html").unlink()
        self.assertEqual(self.got().code, 404)

    def test_a_changed_page_is_sent(self) -> None:
        self.text("desk")
        (self.folder / "a.html").write_text("new")
        self.assertEqual(self.text("desk"), "new")

    def test_a_browser_keeps_a_page_that_has_not_changed(self) -> None:
        first = self.got()
        tag = first.fields["ETag"]
        again = self.got("localhost:8080", "/a.html", f"If-None-Match: {tag}")
        self.assertEqual((again.code, again.body), (304, b""))
        other = self.got("desk:8080", "/a.html", f"If-None-Match: {tag}")
        self.assertEqual(other.code, 200)
        self.assertEqual(first.fields["X-Frame-Options"], "SAMEORIGIN")
        self.assertEqual(first.fields["Content-Type"], "text/html; charset=utf-8")

    def test_head_has_no_body(self) -> None:
        response = self.got(method="HEAD")
        self.assertEqual((response.code, response.body), (200, b""))


class PackagedPagesTests(SynchronousTestCase):
    """The pages of the tutorial."""

    def test_each_address_in_them_is_that_of_a_lesson(self) -> None:
        ports = {lesson.port for lesson in LESSONS}
        for path in Path(PAGES).glob("*.html"):
            found = re.findall(r"localhost:?([0-9]*)", path.read_text())
            self.assertTrue(found, path)
            self.assertLessEqual(set(map(int, found)), ports, path)

    def test_scripts_name_no_address(self) -> None:
        for path in Path(PAGES).glob("*.js"):
            self.assertNotRegex(path.read_text(), r"localhost|127\.0|:[0-9]{4}")

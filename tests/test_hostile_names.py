"""
Names that mean something somewhere, and very many of them: each is listed,
and each link
leads to what it names.
"""

from __future__ import annotations

import os
import re
import select
from html.parser import HTMLParser
from urllib.parse import urljoin

from .support.exchange import connect, ready
from .support.harness import ask
from .support.trees import HTML, TEXT, TreeCase, request, url_of

ODD_NAMES = [
    b"quo\"te's", b"<b>&amp;", b"<script>", b"new\nline",
    b"cr\rlf", b"tab\there", b"\xff\xfe", b"e\xcc\x81", "é☃".encode(), b"100%",
    b"%2e%2e", b"%2F", b"%00", b"-rf", b"--help", b"two words", b" ", b"a?b=c", b"a#b",
    b"a:b", b"http:", b"\\", b"a\\..\\b", b"~", b"*", b"\x01\x7f",
    b"\x1b[31m", b"a;b", b"a&b", b"a+b", b"[x]", b"{}", b"$HOME", b"`id`", b"|",
    "\u202egnp".encode(), "\u2028".encode(), b"x" * 255, b"\xff" * 255,
    ("é" * 127).encode(), b"a.", b"C:", b"@", b"!", b"a,b", b"a=b",
]  # fmt: skip


class Links(HTMLParser):
    """Collects where a page's links lead, and its elements."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.elements: set[str] = set()
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.targets += [value or "" for name, value in attrs if name == "href"]


def unescaped(line: bytes) -> bytes:
    """The name that a *line* of a listing as text stands for: ``printf %b``."""
    short = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\"}
    return re.sub(
        rb"\\(?:0([0-7]{3})|([nrt\\]))",
        lambda m: bytes([int(m[1], 8)]) if m[1] else short[m[2]],
        line,
    )


class NameTests(TreeCase):
    """Names that mean something somewhere."""

    def setUp(self) -> None:
        super().setUp()
        (self.root / "files").mkdir()
        (self.root / "folders").mkdir()
        for name in ODD_NAMES:
            self.file(b"files/" + name, name)
            os.mkdir(os.fsencode(self.root) + b"/folders/" + name)
            self.file(b"folders/" + name + b"/f", name)
        self.daemon_ = self.static("--listing")

    def content(self, target: str) -> bytes:
        answer = self.get(self.daemon_, target)
        self.assertEqual((target, answer.code), (target, 200))
        return answer.body

    def test_urls_of_the_json_lead_to_each_name(self) -> None:
        for folder, end in (("/files/", ""), ("/folders/", "f")):
            entries = self.listed(self.daemon_, folder)
            found = [self.content(urljoin(folder, e["url"] + end)) for e in entries]
            self.assertEqual(sorted(found), sorted(ODD_NAMES))
            names = sorted(name.decode("utf-8", "replace") for name in ODD_NAMES)
            self.assertEqual(sorted(e["name"] for e in entries), names)

    def test_links_of_the_page_lead_to_each_name(self) -> None:
        plain = Links(ask(self.daemon_, target="/", fields=HTML).body).elements
        for folder, end in (("/files/", ""), ("/folders/", "f")):
            page = Links(ask(self.daemon_, target=folder, fields=HTML).body)
            self.assertEqual(page.elements - {"bdi"}, plain - {"bdi"})
            targets = [urljoin(folder, to) for to in page.targets if "?" not in to]
            below = [to for to in targets if to.startswith(folder) and to != folder]
            found = [self.content(to + end) for to in below]
            self.assertEqual(sorted(found), sorted(ODD_NAMES))

    def test_lines_of_the_text_can_be_undone(self) -> None:
        for folder, end in (("/files/", b""), ("/folders/", b"/")):
            listed = ask(self.daemon_, target=folder, fields=TEXT).body
            self.assertEqual(listed.translate(None, b"\n"), re.sub(
                rb"[\0-\x1f\x7f]", b"", listed))  # fmt: skip
            found = [unescaped(line) for line in listed.splitlines()]
            self.assertEqual(sorted(found), sorted(name + end for name in ODD_NAMES))

    def test_folder_redirects_to_itself_with_a_slash(self) -> None:
        for name in ODD_NAMES:
            target = "/folders" + url_of(name)
            answer = self.get(self.daemon_, target)
            self.assertEqual((target, answer.code), (target, 301))
            there = urljoin("http://here" + target, answer.fields["Location"])
            self.assertTrue(there.startswith("http://here/folders/"), there)
            self.assertEqual(
                self.content(there.removeprefix("http://here") + "f"), name
            )


class CrowdTests(TreeCase):
    """A folder with very many entries."""

    MANY = 10_000

    def setUp(self) -> None:
        super().setUp()
        (self.root / "many").mkdir()
        for number in range(self.MANY):
            os.close(os.open(self.root / "many" / f"entry {number}", os.O_CREAT))
        self.file("small", b"small")
        self.wanted = {f"entry {number}" for number in range(self.MANY)}

    def test_ten_thousand_entries_are_listed(self) -> None:
        static = self.static("--listing")
        with self.at_rest(static):
            self.assertEqual(self.names(static, "/many/"), self.wanted)
            text = ask(static, target="/many/", fields=TEXT).body.decode()
            self.assertEqual(text.count("\n"), self.MANY)
            self.assertEqual(set(text.splitlines()), self.wanted)
            page = ask(static, target="/many/", fields=HTML).body
            targets = [to for to in Links(page).targets if to.startswith("entry")]
            self.assertEqual(len(targets), self.MANY)
            self.assertEqual({to.replace("%20", " ") for to in targets},
                             self.wanted)  # fmt: skip

    def test_other_clients_are_answered_while_a_listing_is_made(self) -> None:
        static = self.static("--listing")
        for _ in range(20):
            with connect(static.port) as lister:
                lister.sendall(request("/many/", "Accept: text/html", last=True))
                self.assertEqual(ask(static, target="/small").body, b"small")
                came = ready(lister, select.POLLIN, 0)
                while lister.recv(1024 * 1024):
                    pass
            if not came:
                return
        self.fail("twenty listings, and nobody was answered while one was made")


class LocaleTests(TreeCase):
    """A daemon whose locale is not UTF-8."""

    def test_links_of_a_listing_lead_to_their_files(self) -> None:
        names = ["größe.txt".encode(), b"\xe9t\xe9", "日本".encode(), b"plain"]
        for name in names:
            self.file(name, name)
        for setting in ("LC_ALL=C", "LC_ALL=POSIX", "LC_ALL=de_DE.ISO-8859-1",
                        "LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0"):  # fmt: skip
            self.runner = ("env", *setting.split())
            static = self.static("--listing")
            found = [
                self.get(static, "/" + entry["url"]).body
                for entry in self.listed(static)
            ]
            self.assertEqual((setting, sorted(found)), (setting, sorted(names)))
            page = Links(ask(static, target="/", fields=HTML).body)
            targets = [to for to in page.targets if not to.startswith(("./", "../"))]
            found = [self.get(static, "/" + to).body for to in targets]
            self.assertEqual((setting, sorted(found)), (setting, sorted(names)))

    def test_root_of_any_name(self) -> None:
        for name in ("größe".encode(), b"\xff\xfe"):
            folder = os.fsencode(self.here) + b"/" + name
            os.mkdir(folder)
            with open(folder + b"/who", "wb") as file:
                file.write(b"here")
            self.runner = ("env", "LC_ALL=C", "PYTHONUTF8=0", "PYTHONCOERCECLOCALE=0")
            static = self.serve("static", "--root", os.fsdecode(name))
            self.assertEqual(self.get(static, "/who").body, b"here")

"""
The helper package that the tutorial recommends: what its virtual directory and its
virtual host promise, fact by fact, kept by `Files`, `PathPrefix` and `VirtualHosts`.
"""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource
from twisted.web.static import Data

from dartio_tut.resources import Files, PathPrefix, VirtualHosts
from dartio_tut.testing import Response, connect, read_response

from .support.memory_client import ask

ODD_NAMES = (
    "two words", "été", "☃", "<b>&amp;", "it's \"quoted\"", "100%", "a?b", "a#b", "a;b",
    "a:b", "%2e%2e", "%2F", "%00", "a\\b", "line\nbreak",
)  # fmt: skip


class Links(HTMLParser):
    """Collects where a page's links lead."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what ``a`` points to."""
        self.targets += [v or "" for k, v in attrs if tag == "a" and k == "href"]


class HelperCase(SynchronousTestCase):
    """A folder to serve."""

    def setUp(self) -> None:
        self.root = Path(self.mktemp()).absolute() / "root"
        self.root.mkdir(parents=True)

    def file(self, name: str, content: bytes = b"0123456789") -> None:
        """Make a file, and the folders above it."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def files(self, **options: Any) -> Files:
        """The folder as a resource."""
        return Files(str(self.root), run=maybeDeferred, **options)

    def get(self, target: str, **fields: str) -> Response:
        """The answer of the folder, served with the usual options."""
        return ask(self.files(), "GET", target, b"", **fields)

    def codes(self, resource: IResource, *targets: str) -> list[int]:
        """The status for each of *targets*."""
        return [ask(resource, "GET", target).code for target in targets]


class VirtualDirectoryTests(HelperCase):
    """Which files are served."""

    def test_missing_root_is_404(self) -> None:
        self.root.rmdir()
        files = self.files(listing=True)
        self.assertEqual(self.codes(files, "/", "/file", "/a/b"), [404] * 3)
        self.root.mkdir()
        self.file("file")
        self.assertEqual(self.codes(files, "/", "/file"), [200, 200])

    def test_prefix_is_stripped(self) -> None:
        self.file("file", b"found")
        self.file("static/file", b"below")
        tree = PathPrefix(self.files(), "/static/")
        self.assertEqual(ask(tree, "GET", "/static/file").body, b"found")
        self.assertEqual(ask(tree, "GET", "/static/static/file").body, b"below")
        self.assertEqual(self.codes(tree, "/", "/file", "/staticfile", "/stati/file"),
                         [404] * 4)  # fmt: skip

    def test_folder_is_404_without_listing(self) -> None:
        self.file("folder/file")
        self.assertEqual(self.codes(self.files(), "/", "/folder/"), [404, 404])

    def test_folder_is_listed_when_asked_for(self) -> None:
        self.file("folder/file")
        listed = ask(self.files(listing=True), "GET", "/folder/", accept="text/html")
        self.assertEqual(listed.code, 200)
        self.assertEqual(listed.fields["content-type"], "text/html; charset=utf-8")
        self.assertIn("file", Links(listed.body).targets)

    def test_links_are_followed_when_asked_for(self) -> None:
        self.file("folder/file", b"found")
        os.symlink("folder", self.root / "link")
        os.symlink("link/file", self.root / "other")
        for links in ("inside", "follow"):
            files = self.files(links=links)
            for target in ("/link/file", "/other"):
                self.assertEqual(ask(files, "GET", target).body, b"found")

    def test_links_are_404_when_refused(self) -> None:
        self.file("file")
        os.symlink("file", self.root / "link")
        os.symlink(".", self.root / "self")
        files = self.files(links="refuse")
        self.assertEqual(self.codes(files, "/link", "/self/file", "/file"),
                         [404, 404, 200])  # fmt: skip

    def test_links_outside_the_root_are_404(self) -> None:
        outside = self.root.parent / "outside"
        outside.mkdir()
        (outside / "file").write_bytes(b"secret")
        os.symlink(outside / "file", self.root / "link")
        os.symlink("../outside", self.root / "folder")
        os.symlink("folder/file", self.root / "chain")
        targets = ("/link", "/folder/file", "/folder/", "/chain")
        self.assertEqual(self.codes(self.files(), *targets), [404] * 4)
        free = self.files(links="follow")
        self.assertEqual(self.codes(free, "/link", "/folder/file", "/chain"), [200] * 3)

    def test_index_file_answers_for_its_folder(self) -> None:
        self.file("folder/index.html", b"index")
        self.file("folder/home.htm", b"home")
        self.assertEqual(self.get("/folder/").body, b"index")
        files = self.files(index=("home.htm", "index.html"), listing=True)
        self.assertEqual(ask(files, "GET", "/folder/").body, b"home")

    def test_resource_answers_for_its_folder(self) -> None:
        self.file("file", b"file")
        self.file("folder/file", b"below")
        files = self.files()
        files.putChild(b"", Data(b"own root", "text/plain"))
        files.putChild(b"folder", Data(b"own folder", "text/plain"))
        self.assertEqual(ask(files, "GET", "/").body, b"own root")
        self.assertEqual(ask(files, "GET", "/folder").body, b"own folder")
        self.assertEqual(ask(files, "GET", "/file").body, b"file")

    def test_own_error_page_is_sent(self) -> None:
        self.file("404.html", b"<h1>lost")
        self.file("405.html", b"<h1>not so")
        lost = self.get("/nothing", accept="text/html")
        self.assertEqual((lost.code, lost.body), (404, b"<h1>lost"))
        self.assertEqual(lost.fields["content-type"], "text/html; charset=utf-8")
        refused = ask(self.files(), "PUT", "/404.html", b"x", accept="text/html")
        self.assertEqual((refused.code, refused.body), (405, b"<h1>not so"))

    def test_dots_never_climb_out_of_the_root(self) -> None:
        self.file("folder/file")
        (self.root.parent / "secret").write_bytes(b"secret")
        for up in ("..", "%2e%2e", "%2E.", ".%2e", "folder/../..", "..%2f", "%2e%2e%2f",
                   "..%5c", "....//..", "./..", "folder/%2e%2e/%2e%2e"):  # fmt: skip
            answer = self.get(f"/{up}/secret")
            self.assertEqual((up, answer.code), (up, 404))
        self.assertEqual(self.codes(self.files(), "/..", "/.", "/folder/..", "/./file"),
                         [404] * 4)  # fmt: skip

    def test_encoded_slashes_and_nulls_never_match(self) -> None:
        self.file("folder/file")
        targets = (
            "/folder%2ffile", "/folder%2Ffile", "/%2ffolder/file", "/folder/file%00",
            "/folder%00/file", "/%00", "/folder/%00file", "/folder/file%00.html",
        )  # fmt: skip
        self.assertEqual(self.codes(self.files(), *targets), [404] * len(targets))
        self.assertEqual(self.codes(self.files(try_html=True, spa=True), *targets),
                         [404] * len(targets))  # fmt: skip

    def test_odd_names_are_served(self) -> None:
        for name in ODD_NAMES:
            self.file(f"files/{name}", name.encode())
            self.file(f"folders/{name}/f", name.encode())
        for name in ODD_NAMES:
            path = quote(name, safe="")
            for target in (f"/files/{path}", f"/folders/{path}/f"):
                self.assertEqual((target, self.get(target).body),
                                 (target, name.encode()))  # fmt: skip

    def test_links_of_a_listing_lead_to_odd_names(self) -> None:
        for name in ODD_NAMES:
            self.file(name, name.encode())
            self.file(f"in {name}/f", name.encode())
        files = self.files(listing=True)
        listed = ask(files, "GET", "/", accept="text/html").body
        self.assertNotIn(b"<b>&amp;", listed)
        found = []
        for to in Links(listed).targets:
            if "?" in to or to in ("./", "../"):
                continue
            target = urljoin("http://localhost/", to).removeprefix("http://localhost")
            answer = ask(files, "GET", target + "f" if to.endswith("/") else target)
            self.assertEqual((to, answer.code), (to, 200))
            found.append(answer.body.decode())
        self.assertEqual(sorted(found), sorted(ODD_NAMES * 2))

    def test_folder_redirects_to_its_slash(self) -> None:
        for name in ODD_NAMES:
            self.file(f"{name}/index.html", name.encode())
            target = "/" + quote(name, safe="")
            answer = self.get(f"{target}?q=1")
            self.assertEqual((target, answer.code), (target, 301))
            there = urljoin(f"http://localhost{target}", answer.fields["location"])
            self.assertTrue(there.endswith("/?q=1"))
            found = self.get(there.removeprefix("http://localhost"))
            self.assertEqual(found.body, name.encode())


class ContentTests(HelperCase):
    """What is said of a file, and which of it is sent."""

    def kind(self, name: str, content: bytes) -> str:
        self.file(name, content)
        return self.get("/" + quote(name)).fields["content-type"]

    def test_type_by_magic_number(self) -> None:
        for name in ("a", "a.bin", "a.unknown"):
            for start, kind in [
                (b"%PDF-1.4", "application/pdf"), (b"GIF89a....", "image/gif"),
                (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff\xe0",
                "image/jpeg"),
                (b"%!PS-Adobe", "application/postscript"), (b"fLaC", "audio/x-flac"),
                (b"RIFF1234WAVE", "audio/x-wav"), (b"RIFF1234WEBP", "image/webp"),
                (b"FORM1234AIFF", "audio/x-aiff"), (b"II*\0", "image/tiff"),
                (b"MM\0*", "image/tiff"), (b"\0\0\0\x18ftypmp42", "video/mp4"),
            ]:  # fmt: skip
                self.assertEqual((name, self.kind(name, start)), (name, kind))
                (self.root / name).unlink()

    def test_type_is_that_of_the_name_without_a_magic_number(self) -> None:
        for name, kind in [
            ("a.html", "text/html; charset=utf-8"), ("A.TXT",
            "text/plain; charset=utf-8"),
            ("a.png", "image/png"), ("a.tar.gz", "application/gzip"),
            ("a.json", "application/json"), ("a", "application/octet-stream"),
            ("a.unknown", "application/octet-stream"), ("a.",
            "application/octet-stream"),
        ]:  # fmt: skip
            for content in (b"", b"%PD", b"GIF", b"RIFF1234", b"plain text"):
                self.assertEqual((name, self.kind(name, content)), (name, kind))

    def test_unchanged_file_is_304(self) -> None:
        self.file("file")
        os.utime(self.root / "file", (10**9, 10**9))
        date = "Sun, 09 Sep 2001 01:46:40 GMT"
        self.assertEqual(self.get("/file").fields["last-modified"], date)
        for since, code in [
            (date, 304), ("Sun, 09 Sep 2001 01:46:41 GMT", 304),
            ("Sun, 09 Sep 2001 01:46:39 GMT", 200), ("yesterday", 200), ("", 200),
            ("Sunday, 09-Sep-01 01:46:40 GMT", 304), ("Sun Sep  9 01:46:40 2001", 304),
        ]:  # fmt: skip
            answer = self.get("/file", if_modified_since=since)
            self.assertEqual((since, answer.code), (since, code))
            self.assertEqual(answer.body, b"" if code == 304 else b"0123456789")
            self.assertEqual(answer.fields["last-modified"], date)

    def test_head_has_the_fields_of_get(self) -> None:
        self.file("file")
        self.file("folder/file")
        files = self.files(listing=True)
        for target in ("/file", "/folder/", "/nothing", "/folder"):
            get, head = ask(files, "GET", target), ask(files, "HEAD", target)
            self.assertEqual((head.code, head.body), (get.code, b""))
            for fields in (get.fields, head.fields):
                fields.pop("date")
            self.assertEqual(head.fields, get.fields)

    def ranged(self, asked: str) -> tuple[int, bytes, str | None]:
        answer = self.get("/file", range=asked)
        return answer.code, answer.body, answer.fields.get("content-range")

    def test_one_range_is_206(self) -> None:
        self.file("file")
        self.assertEqual(self.ranged("bytes=2-4"), (206, b"234", "bytes 2-4/10"))
        self.assertEqual(self.ranged("bytes=0-0"), (206, b"0", "bytes 0-0/10"))
        self.assertEqual(self.ranged("bytes=9-9"), (206, b"9", "bytes 9-9/10"))
        self.assertEqual(self.ranged("bytes=5-99"), (206, b"56789", "bytes 5-9/10"))

    def test_range_without_an_end_goes_to_the_end(self) -> None:
        self.file("file")
        self.assertEqual(self.ranged("bytes=7-"), (206, b"789", "bytes 7-9/10"))
        self.assertEqual(self.ranged("bytes=0-"), (206, b"0123456789", "bytes 0-9/10"))

    def test_suffix_range_is_the_end_of_the_file(self) -> None:
        self.file("file")
        self.assertEqual(self.ranged("bytes=-3"), (206, b"789", "bytes 7-9/10"))
        self.assertEqual(self.ranged("bytes=-10"), (206, b"0123456789", "bytes 0-9/10"))

    def test_suffix_longer_than_the_file_is_the_whole_file(self) -> None:
        self.file("file")
        self.assertEqual(self.ranged("bytes=-11"), (206, b"0123456789", "bytes 0-9/10"))

    def test_unsatisfiable_range_is_416(self) -> None:
        self.file("file")
        for asked in ("bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99-,100-"):
            code, body, span = self.ranged(asked)
            self.assertEqual((asked, code, span), (asked, 416, "bytes */10"))
            self.assertNotIn(b"0123", body)

    def test_malformed_range_is_ignored(self) -> None:
        self.file("file")
        for asked in (
            "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=4-2", "bytes=1",
            "=1-2",
            "bytes=1-2-3", "bytes=1-2,x", "bytes 1-2", "lines=1-2", "bytes=0x1-2",
            "bytes=--2", "bytes=1- 2", "bytes=1.0-2",
        ):  # fmt: skip
            self.assertEqual(
                (asked, self.ranged(asked)), (asked, (200, b"0123456789", None))
            )

    def test_several_ranges_are_sent_in_parts(self) -> None:
        self.file("file")
        answer = self.get("/file", range="bytes=0-1,4-4,-2")
        self.assertEqual(answer.code, 206)
        kind = answer.fields["content-type"]
        boundary = kind.removeprefix("multipart/byteranges; boundary=")
        parts = answer.body.decode().split(f"--{boundary}")
        self.assertEqual(parts[-1], "--\r\n")
        found = [
            (re.findall("Content-Range: (.*)\r\n", part), part.split("\r\n")[-2])
            for part in parts[1:-1]
        ]
        self.assertEqual(found, [
            (["bytes 0-1/10"], "01"), (["bytes 4-4/10"], "4"), (["bytes 8-9/10"], "89"),
        ])  # fmt: skip


class VirtualHostTests(SynchronousTestCase):
    """Which tree is asked."""

    def answers(self, hosts: VirtualHosts, names: dict[str, str | int]) -> None:
        for name, said in names.items():
            raw = f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode()
            answer = read_response(connect(hosts).send(raw))
            found = answer.code if isinstance(said, int) else answer.body.decode()
            self.assertEqual((name, found), (name, said))

    def tree(self, text: str) -> Data:
        data = Data(text.encode(), "text/plain")
        data.isLeaf = True
        return data

    def test_host_field_chooses_the_tree(self) -> None:
        hosts = VirtualHosts()
        hosts.add("one.example", self.tree("one"))
        hosts.add("two.example", self.tree("two"))
        self.answers(hosts, {
            "one.example": "one", "two.example": "two", "ONE.Example": "one",
            "one.example:8080": "one", "one.example.": "one",
        })  # fmt: skip

    def test_wildcard_stands_for_names_below(self) -> None:
        hosts = VirtualHosts(self.tree("fallback"))
        hosts.add("*.example.org", self.tree("wild"))
        hosts.add("www.example.org", self.tree("www"))
        hosts.add("*.a.example.org", self.tree("deep"))
        self.answers(hosts, {
            "x.example.org": "wild", "x.y.example.org": "wild",
            "www.example.org": "www",
            "x.a.example.org": "deep", "a.example.org": "wild",
            "example.org": "fallback", "xexample.org": "fallback",
            "example.org.evil.example": "fallback",
        })  # fmt: skip

    def test_other_names_get_the_fallback(self) -> None:
        hosts = VirtualHosts(self.tree("fallback"))
        hosts.add("one.example", self.tree("one"))
        self.answers(hosts, {"other.example": "fallback", "192.0.2.1": "fallback"})

    def test_other_names_are_421_without_a_fallback(self) -> None:
        hosts = VirtualHosts()
        hosts.add("one.example", self.tree("one"))
        self.answers(hosts, {"other.example": 421, "one.example": "one"})

    def test_each_host_has_its_folder(self) -> None:
        hosts = VirtualHosts()
        for name in ("one", "two"):
            root = Path(self.mktemp())
            root.mkdir()
            (root / "who").write_text(name)
            hosts.add(f"{name}.example", Files(str(root)))
        self.answers(hosts, {"one.example": 404})
        raw = b"GET /who HTTP/1.1\r\nHost: two.example\r\n\r\n"
        self.assertEqual(read_response(connect(hosts).send(raw)).body, b"two")

"""
Small files that are sent without opening them: every response is, byte for byte, the
one that opening them gives, whatever the request asks for and the tree has become.
"""

from __future__ import annotations

import os
import shutil
from itertools import combinations, count, product
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from dartio_tut.resources import FieldRule, Files
from dartio_tut.resources.files import (
    byteranges,
    kept_contents,
    precompressed,
    safe_open,
)
from dartio_tut.testing import Connection, connect
from dartio_tut.wire import date

from .support.any_input import examples
from .support.file_case import BROWSER, FileCase
from .support.in_full import IN_FULL
from .support.other_functions import OtherFunctions

NOW = 1_800_000_000
"""The time of all responses: else their Date may change between two that are alike."""

LONG_AGO = 10**18
"""So many nanoseconds: with a minus, no file is too new to be kept."""

NAMES = ("a.txt", "empty", "index.html", "sub/index.html", "sub/b.css", "c.js", "d.js")

TARGETS = (
    *(f"/{name}" for name in NAMES),
    "/", "/sub/", "/sub", "/a.txt/", "//a.txt", "/%61.txt", "/a.txt?b", "/sub%2Fb.css",
    "/none", "/sub/none.css", "/.hidden", "/c.js.gz", "/a", "*",
)  # fmt: skip

DATES = (
    "DATE", "Mon, 01 Jan 2001 00:00:00 GMT", "Fri, 01 Jan 2038 00:00:00 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT", "Mon, 30 Feb 2026 00:00:00 GMT", "yesterday", "",
)  # fmt: skip
"""Values of fields with a date; DATE is the one that the file has."""

TAGS = (
    "TAG", "W/TAG", '"x"', '"x", TAG', '"x",W/TAG , "y"', "*", " * ", '"x", *', "TAG*",
    "TAG TAG", "x", '"', "", "tag", 'TAG, "', "OLD", "W/OLD",
)  # fmt: skip
"""Values of fields with entity tags; TAG is the one that the file has."""

RANGES = (
    "bytes=0-1", "bytes=2-", "bytes=-3", "bytes=0-0, 2-3", "bytes=0-1,1-4", "bytes=0-",
    "bytes=99999-", "bytes=-0", "bytes=3-1", "lines=1-2", "bytes=", "", "BYTES=1-2",
    "bytes=0-0,2-2,4-4,99999-", "bytes=0-1, x",
)  # fmt: skip

VALUES = {
    "If-Match": TAGS,
    "If-None-Match": TAGS,
    "If-Modified-Since": DATES,
    "If-Unmodified-Since": DATES,
    "Range": RANGES,
    "If-Range": (*TAGS, *DATES),
}
"""The values of each field that makes a request conditional."""

PAIRED_VALUES = 7 if IN_FULL else 4
"""So many values of a field are tried with those of another."""

OTHER_FIELDS = (
    ("Cache-Control", "max-age=0"),
    ("Accept-Encoding", "gzip, br"),
    ("Accept-Encoding", "identity, gzip;q=0"),
    ("Accept", BROWSER),
    ("Connection", "close"),
    ("Connection", "keep-alive"),
)

FIELDS = st.lists(
    st.one_of(
        *(st.tuples(st.just(n), st.sampled_from(v)) for n, v in VALUES.items()),
        st.sampled_from(OTHER_FIELDS),
    ),
    max_size=5,
)

METHODS = st.sampled_from(["GET", "GET", "GET", "GET", "HEAD", "OPTIONS", "POST"])

VERSIONS = st.sampled_from(["HTTP/1.1", "HTTP/1.1", "HTTP/1.0"])


class KeptCase(FileCase):
    """
    A test that serves one folder twice: with what is kept, and without.

    :ivar opened: how many files and folders were opened.
    """

    def setUp(self) -> None:
        super().setUp()
        self.opened = 0
        self.connections: dict[int, Connection] = {}

        def open_and_count(*args: Any, **more: Any) -> int:
            self.opened += 1
            return os.open(*args, **more)

        self.patch(safe_open, "os", OtherFunctions(os, open=open_and_count))
        self.patch(
            byteranges, "os", OtherFunctions(os, urandom=bytes)
        )  # boundaries are alike
        self.patch(kept_contents, "SETTLED_NS", -LONG_AGO)
        self.patch(date, "time", lambda: NOW)

    def make_files(self) -> None:
        for number, name in enumerate(NAMES):
            self.file(name, b"" if name == "empty" else b"%d456789" % number)
        self.file(".hidden")
        self.file("c.js.gz", b"compressed")

    def opening(self, **settings: Any) -> Files:
        """`Files` that keep nothing."""
        files = self.files(**settings)
        contents = files._tree.responses._representations._contents
        contents.keep = lambda *_: None  # type: ignore[method-assign]
        return files

    def sent(self, files: Files, request: bytes) -> bytes:
        """All bytes that are sent for *request*, on one connection while it lasts."""
        key = id(files)  # all resources of one folder are equal
        connection = self.connections.get(key)
        if connection is None or connection.closed:
            connection = self.connections[key] = connect(files)
        return connection.send(request)

    def request(self, method: str, target: str, *lines: str) -> bytes:
        """The bytes of a request."""
        start = f"{method} {target} HTTP/1.1"
        return "\r\n".join([start, "Host: a", *lines, "", ""]).encode("latin-1")


class SameResponseTests(KeptCase):
    """Any request, of a tree that stays as it is."""

    SETTINGS: tuple[dict[str, Any], ...] = (
        {},
        {"index": [".hidden", "index.html"], "spa": True, "try_html": True},
        {"precompressed": False, "cache": [("*.txt", "max-age=5")]},
        {
            "fields": [
                FieldRule("*.txt", b"ETag", b""),
                FieldRule("", b"X-A", b"b"),
                FieldRule("*.css", b"Vary", b"X-A"),
            ],
            "links": "refuse",
        },
    )

    def setUp(self) -> None:
        super().setUp()
        self.make_files()
        self.pairs = [(self.files(**s), self.opening(**s)) for s in self.SETTINGS]
        for kept, _ in self.pairs:
            kept.type = "text/x-own"  # of the root itself, which nobody asks for
        files = self.opening()
        self.tags: dict[str, str] = {}
        self.dates: dict[str, str] = {}
        for name in NAMES:
            sent = self.sent(files, self.request("GET", f"/{name}")).decode("latin-1")
            lines = sent.partition("\r\n\r\n")[0].split("\r\n")[1:]
            fields = dict(line.split(": ", 1) for line in lines)
            self.tags[name] = fields["ETag"]
            self.dates[name] = fields["Last-Modified"]

        for name in NAMES:
            for kept, _ in self.pairs:
                self.sent(kept, self.request("GET", f"/{name}"))

    def assert_same(self, pair: tuple[Files, Files], request: bytes) -> None:
        """Both of *pair* send the same for *request*."""
        kept, opening = pair
        expected = self.sent(opening, request)
        self.assertEqual((request, self.sent(kept, request)), (request, expected))

    def line(self, field: tuple[str, str], name: str) -> str:
        """The line of *field*, with what is known of the file *name*."""
        value = field[1].replace("TAG", self.tags.get(name, '"none"'))
        value = value.replace("OLD", self.tags["a.txt"])
        value = value.replace("DATE", self.dates.get(name, DATES[1]))
        return f"{field[0]}: {value}"

    def test_every_path_with_all_settings(self) -> None:
        for pair in self.pairs:
            for target in (*TARGETS, *TARGETS):
                for method in ("GET", "HEAD"):
                    self.assert_same(pair, self.request(method, target))

    def test_every_condition_alone_and_with_another(self) -> None:
        alone = [[(name, value)] for name in VALUES for value in VALUES[name]]
        both = [
            [*zip(names, values, strict=True)]
            for names in combinations(VALUES, 2)
            for values in product(*(VALUES[name][:PAIRED_VALUES] for name in names))
        ]
        for fields in [*alone, *both]:
            lines = [self.line(field, "sub/b.css") for field in fields]
            request = self.request("GET", "/sub/b.css", *lines)
            self.assert_same(self.pairs[0], request)

    @examples(20)
    @given(METHODS, st.sampled_from(TARGETS), VERSIONS, FIELDS, st.data())
    def test_any_request_of_any_files(
        self,
        method: str,
        target: str,
        version: str,
        fields: list[tuple[str, str]],
        data: Any,
    ) -> None:
        name = target.strip("/").partition("?")[0]
        if name in ("", "sub"):
            name = f"{name}/index.html".strip("/")
        lines = [self.line(field, name) for field in fields]
        if method == "POST":
            lines.append("Content-Length: 0")
        request = self.request(method, target, *lines)
        request = request.replace(b"HTTP/1.1", version.encode(), 1)
        self.assert_same(data.draw(st.sampled_from(self.pairs)), request)

    def test_conditions_ranges_and_head_open_nothing(self) -> None:
        files = self.pairs[0][0]
        for name in ("a.txt", "empty", "sub/b.css"):
            self.sent(files, self.request("GET", f"/{name}"))
            tag, when = self.tags[name], self.dates[name]
            self.opened = 0
            for method, lines, code in (
                ("GET", [f"If-None-Match: {tag}"], b"304"),
                ("HEAD", [f"If-None-Match: {tag}"], b"304"),
                ("GET", [f'If-None-Match: "x", W/{tag}'], b"304"),
                ("GET", ["If-None-Match: *"], b"304"),
                ("GET", [f"If-Modified-Since: {when}"], b"304"),
                ("GET", ['If-None-Match: "x"', f"If-Modified-Since: {when}"], b"200"),
                ("GET", ['If-Match: "x"'], b"412"),
                ("GET", [f"If-Unmodified-Since: {DATES[1]}"], b"412"),
                ("GET", ["Range: bytes=99999-"], b"416"),
                ("GET", ["Range: bytes=0-0"], b"416" if name == "empty" else b"206"),
                ("HEAD", ["Range: bytes=0-0"], b"200"),
                ("HEAD", [], b"200"),
            ):
                sent = self.sent(files, self.request(method, f"/{name}", *lines))
                self.assertEqual((lines, sent[9:12]), (lines, code))
        # Pages for errors may be opened: 404.html and the like.
        self.assertLessEqual(self.opened, 4)

    def test_compressed_form_is_sent_without_opening_it(self) -> None:
        accepted = "Accept-Encoding: gzip, br"
        files = self.pairs[0][0]
        sent = self.sent(files, self.request("GET", "/c.js", accepted))
        self.assertIn(b"Content-Encoding: gzip", sent)
        self.assertIn(b"compressed", sent)
        self.opened = 0
        self.assertEqual(self.sent(files, self.request("GET", "/c.js", accepted)), sent)
        tag = sent.partition(b"ETag: ")[2].partition(b"\r")[0].decode()
        lines = (accepted, f"If-None-Match: {tag}")
        sent = self.sent(files, self.request("GET", "/c.js", *lines))
        self.assertIn(b"304 Not Modified", sent)
        self.assertEqual(self.opened, 0)
        sent = self.sent(files, self.request("GET", "/c.js"))
        self.assertNotIn(b"Content-Encoding", sent)
        self.assertEqual(self.opened, 1)

    def test_304_keeps_the_content_for_the_next_request(self) -> None:
        files = self.files()
        line = f"If-None-Match: {self.tags['a.txt']}"
        self.sent(files, self.request("GET", "/a.txt", line))
        self.opened = 0
        for request in (
            self.request("GET", "/a.txt", line),
            self.request("GET", "/a.txt"),
            self.request("HEAD", "/a.txt"),
        ):
            self.sent(files, request)
        self.assertEqual(self.opened, 0)


class ChangingTreeTests(KeptCase):
    """
    Any changes between requests. Each version of a file has another inode or another
    length than those before, so that the steps of the clock hide none.
    """

    def setUp(self) -> None:
        super().setUp()
        # It is looked for compressed forms at each request.
        self.patch(precompressed, "LOOKUP_TTL_SECONDS", 1e-9)
        self.outside = self.root.parent / f"{self.root.name}.outside"
        self.outside.mkdir()
        (self.outside / "f.js").write_bytes(b"outside")
        self.numbers = count(1)

    def version(self) -> bytes:
        """A content that no file had before, and of another length."""
        return b"v" * next(self.numbers)

    def write(self, path: Path) -> None:
        if path.is_symlink() or not path.is_file():
            self.replace(path)
        else:
            path.write_bytes(self.version())

    def replace(self, path: Path) -> None:
        """Rename another file to it, whose time of change is long ago."""
        new = self.root / f"new{next(self.numbers)}"
        new.write_bytes(self.version())
        os.utime(new, (next(self.numbers), 10**9 + next(self.numbers)))
        self.remove(path)
        new.rename(path)

    def remove(self, path: Path) -> None:
        if path.is_symlink() or path.is_fifo() or path.is_file():
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)

    def make_folder(self, path: Path) -> None:
        self.remove(path)
        path.mkdir()
        (path / "index.html").write_bytes(self.version())

    def make_fifo(self, path: Path) -> None:
        self.remove(path)
        os.mkfifo(path)

    def link_inside(self, path: Path) -> None:
        self.remove(path)
        (self.root / "real.js").write_bytes(self.version())
        path.symlink_to("real.js" if path.parent == self.root else "../real.js")

    def link_outside(self, path: Path) -> None:
        self.remove(path)
        path.symlink_to((self.outside / "f.js").absolute())

    def hard_link(self, path: Path) -> None:
        self.remove(path)
        os.link(self.outside / "f.js", path)

    def compress(self, path: Path) -> None:
        """Make its compressed form."""
        self.remove(path.with_name(path.name + ".gz"))
        self.write(path.with_name(path.name + ".gz"))
        os.utime(path.with_name(path.name + ".gz"))

    def compress_early(self, path: Path) -> None:
        """Make a compressed form that is older than the file may be."""
        self.replace(path.with_name(path.name + ".gz"))

    def compress_better(self, path: Path) -> None:
        """Make another compressed form, which is preferred."""
        self.remove(path.with_name(path.name + ".br"))
        self.write(path.with_name(path.name + ".br"))

    def decompress(self, path: Path) -> None:
        self.remove(path.with_name(path.name + ".gz"))

    def swap_folder(self, path: Path) -> None:
        """Put a link in the place of the folder, which then has another name."""
        folder = self.root / "sub"
        if not folder.is_symlink():
            folder.rename(self.root / f"aside{next(self.numbers)}")
            folder.symlink_to(self.outside.absolute())
        else:
            folder.unlink()
            folder.mkdir()

    def link_to_moved_folder(self, path: Path) -> None:
        """Rename the folder, and put a link to it in its place: the files stay."""
        folder = self.root / "sub"
        if not folder.is_symlink():
            moved = folder.rename(self.root / f"aside{next(self.numbers)}")
            folder.symlink_to(moved.name)

    CHANGES = (
        "compress", "compress_better", "write", "compress_early", "compress", "replace",
        "decompress", "remove", "link_inside", "make_folder", "link_outside", "write",
        "hard_link", "make_fifo", "swap_folder", "replace",
    )  # fmt: skip

    @examples(5)
    @given(
        st.sampled_from([{}, {"links": "follow"}, {"links": "refuse"}]),
        st.lists(
            st.tuples(
                st.sampled_from(CHANGES),
                st.sampled_from(["f.js", "sub/f.js", "index.html"]),
            ),
            max_size=8,
        ),
    )
    @example({}, [(change, "f.js") for change in CHANGES])
    @example({}, [(change, "sub/f.js") for change in CHANGES])
    @example({"links": "refuse"}, [(change, "index.html") for change in CHANGES])
    @example(
        {"links": "refuse"},
        [("write", "sub/f.js"), ("link_to_moved_folder", "sub/f.js")],
    )
    def test_each_request_sees_the_tree_as_it_is(
        self, settings: dict[str, Any], changes: list[tuple[str, str]]
    ) -> None:
        self.remove(self.root)
        self.file("sub/f.js", self.version())
        kept, opening = self.files(**settings), self.opening(**settings)
        turns = count()
        tags = {"f.js": "*", "sub/f.js": "*", "index.html": "*"}
        for change, name in [("write", "f.js"), *changes]:
            path = self.root / name
            if path.parent.is_dir() and not path.parent.is_symlink():
                getattr(self, change)(path)
            is_above = change in ("swap_folder", "link_to_moved_folder")
            changed = "sub/f.js" if is_above else name
            for target, tag in tags.items():
                path_only = "/" if target == "index.html" else f"/{target}"
                fields: tuple[list[str], ...] = (
                    [],
                    [f"If-None-Match: {tag}"],
                    ["Accept-Encoding: gzip, br"],
                    ["Range: bytes=0-1"],
                    [],
                )
                # What has not changed is asked for once, each time in another way.
                turn = next(turns) % len(fields)
                for lines in fields if target == changed else fields[turn : turn + 1]:
                    request = self.request("GET", path_only, *lines)
                    expected = self.sent(opening, request)
                    self.assertEqual(self.sent(kept, request), expected)
                head = expected.decode("latin-1").partition("\r\n\r\n")[0]
                found = [line for line in head.split("\r\n") if "ETag: " in line]
                tags[target] = found[0].partition(": ")[2] if found else '"none"'

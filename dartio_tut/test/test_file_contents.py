"""
Small files that are sent without opening them: nobody can tell.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from math import inf
from pathlib import Path
from time import time_ns
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources import FieldRule, Files
from dartio_tut.resources.files import kept_contents, precompressed, safe_open
from dartio_tut.resources.files.kept_contents import (
    BELIEVED_SECONDS,
    ENTRY_BYTES,
    MAX_KEPT_FILE_BYTES,
    KeptContents,
)
from dartio_tut.resources.files.path_segments import PathSegments
from dartio_tut.testing import Response
from dartio_tut.wire import file_sending

from .support.file_case import FileCase
from .support.memory_client import ask
from .support.other_functions import OtherFunctions

LONG_AGO = 10**18
"""So many nanoseconds: every file is older, or, with a minus, none is."""


class KeptFilesTests(FileCase):
    """`Files` opens a small file that stays as it is once in a while."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(kept_contents, "SETTLED_NS", -LONG_AGO)
        self.opened: list[bytes] = []

        def open_and_note(path: Any, flags: int, **more: Any) -> int:
            self.opened.append(os.path.basename(path))
            return os.open(path, flags, **more)

        self.patch(safe_open, "os", OtherFunctions(os, open=open_and_note))
        self.served = self.files()

    def ask(self, target: str, method: str = "GET", **fields: str) -> Response:
        return ask(self.served, method, target, b"", **fields)

    def keep(self, target: str, served: Files | None = None) -> Response:
        """Ask for *target*, so that it is kept: what came."""
        self.served = served or self.served
        response = self.ask(target)
        self.opened.clear()
        return response

    def test_second_response_is_the_same_and_opens_nothing(self) -> None:
        for name in ("a.txt", "sub/below/b.html", "empty"):
            self.file(name, b"" if name == "empty" else b"content")
            first = self.keep(f"/{name}")
            for method in ("GET", "HEAD"):
                again = self.ask(f"/{name}", method)
                del first.fields["date"], again.fields["date"]
                self.assertEqual((again.code, again.fields), (200, first.fields))
                expected = first.body if method == "GET" else b""
                self.assertEqual(again.body, expected)
                first.fields["date"] = ""
            self.assertEqual(self.opened, [], name)

    def test_index_of_a_folder_is_sent_without_opening_the_folder(self) -> None:
        for folder in ("", "sub/"):
            path = self.file(f"{folder}index.html", b"<p>index")
            first = self.keep(f"/{folder}")
            self.assertEqual(self.ask(f"/{folder}").body, first.body)
            self.assertEqual(self.opened, [])
            path.rename(f"{path}.old")
            self.assertEqual(self.ask(f"/{folder}").code, 404)
            self.file(f"{folder}index.html", b"<p>another")
            self.assertEqual(self.ask(f"/{folder}").body, b"<p>another")
        self.served.indexNames = []
        self.assertEqual(self.ask("/sub/").code, 404)
        self.assertEqual(self.ask("/sub").code, 301)

    def test_file_with_a_slash_behind_it_is_no_folder_with_an_index(self) -> None:
        self.file("index.html", b"<p>index")
        self.keep("/")
        self.assertEqual(self.ask("/index.html/").code, 404)

    def test_file_that_was_changed_is_read_again(self) -> None:
        path = self.file("a.txt", b"before")
        self.keep("/a.txt")
        path.write_bytes(b"behind it")
        self.assertEqual(self.ask("/a.txt").body, b"behind it")
        self.keep("/a.txt")
        other = self.file("other", b"another")
        other.rename(path)
        self.assertEqual(self.ask("/a.txt").body, b"another")
        self.keep("/a.txt")
        path.unlink()
        self.assertEqual(self.ask("/a.txt").code, 404)

    def test_file_that_may_not_be_read_any_more_is_opened(self) -> None:
        path = self.file("a.txt", b"before")
        self.keep("/a.txt")
        path.chmod(0)
        self.ask("/a.txt")
        self.assertIn(b"a.txt", self.opened)

    def test_link_in_the_place_of_a_folder_is_judged_as_ever(self) -> None:
        self.file("sub/a.txt", b"content")
        for links, code in (("refuse", 404), ("inside", 200)):
            self.keep("/sub/a.txt", self.files(links=links))
            (self.root / "sub").rename(self.root / "real")
            (self.root / "sub").symlink_to("real")
            self.assertEqual(self.ask("/sub/a.txt").code, code)
            (self.root / "sub").unlink()
            (self.root / "real").rename(self.root / "sub")

    def test_conditions_and_ranges_are_kept(self) -> None:
        self.file("a.txt", b"0123456789")
        etag = self.keep("/a.txt").fields["etag"]
        self.assertEqual(self.ask("/a.txt", if_none_match=etag).code, 304)
        self.assertEqual(self.ask("/a.txt", range="bytes=2-4").body, b"234")

    def test_compressed_form_that_is_added_is_sent(self) -> None:
        self.patch(precompressed, "LOOKUP_TTL_SECONDS", 0)
        self.file("a.js", b"content")
        self.keep("/a.js")
        self.file("a.js.gz", b"compressed")
        response = self.ask("/a.js", accept_encoding="gzip")
        self.assertEqual(response.body, b"compressed")

    def test_other_paths_to_the_file_are_judged_as_ever(self) -> None:
        self.file("a.txt", b"content")
        self.keep("/a.txt")
        self.assertEqual(self.ask("/a.txt/").code, 404)
        self.assertEqual(self.ask("/a.txt", "POST").code, 405)

    def test_fields_that_are_removed_are_not_sent(self) -> None:
        self.file("a.txt", b"content")
        rule = FieldRule("*.txt", b"ETag", b"")
        self.keep("/a.txt", self.files(fields=[rule]))
        self.assertNotIn("etag", self.ask("/a.txt").fields)
        self.assertEqual(self.opened, [])

    def test_file_is_read_once_to_be_kept_and_sent(self) -> None:
        self.file("a.txt", b"content")
        read: list[int] = []

        def pread(descriptor: int, count: int, offset: int) -> bytes:
            read.append(count)
            return os.pread(descriptor, count, offset)

        for module in (kept_contents, file_sending):
            self.patch(module, "os", OtherFunctions(os, pread=pread))
        self.assertEqual(self.ask("/a.txt").body, b"content")
        self.assertEqual(len(read), 1)

    def test_file_that_was_changed_just_now_is_opened_each_time(self) -> None:
        self.patch(kept_contents, "SETTLED_NS", LONG_AGO)
        self.file("a.txt", b"content")
        self.keep("/a.txt")
        self.ask("/a.txt")
        self.assertEqual(self.opened, [b"a.txt"])


class KeptContentsTests(SynchronousTestCase):
    """How much is kept, and for how long."""

    def setUp(self) -> None:
        self.root = Path(self.mktemp())
        self.root.mkdir()
        self.now = 0.0
        self.kept = self.contents(max_bytes=1 << 20)

    def contents(
        self,
        max_bytes: int,
        alone_until: Callable[[PathSegments], float] = lambda names: inf,
    ) -> KeptContents[str]:
        return KeptContents(
            os.fsencode(self.root),
            alone_until,
            max_bytes,
            choose=lambda below: below - 1,
            seconds=lambda: self.now,
            now_ns=lambda: time_ns() + LONG_AGO,
        )

    def keep(self, name: str, size: int) -> PathSegments:
        path = self.root / name
        path.write_bytes(bytes(size))
        descriptor = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        names: PathSegments = (name.encode(),)
        self.kept.keep(names, descriptor, os.fstat(descriptor), name)
        return names

    def test_content_is_believed_for_a_while(self) -> None:
        names = self.keep("a", 5)
        self.now = BELIEVED_SECONDS - 1
        found = self.kept.get(names)
        assert found is not None
        self.assertEqual((found.content, found.metadata), (bytes(5), "a"))
        self.now = BELIEVED_SECONDS
        self.assertIsNone(self.kept.get(names))
        self.keep("a", 5)
        self.assertIsNotNone(self.kept.get(names))

    def test_large_files_and_the_root_itself_are_not_kept(self) -> None:
        self.assertIsNotNone(self.kept.get(self.keep("a", MAX_KEPT_FILE_BYTES)))
        self.assertIsNone(self.kept.get(self.keep("b", MAX_KEPT_FILE_BYTES + 1)))
        descriptor = os.open(self.root / "a", os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        self.kept.keep((), descriptor, os.fstat(descriptor), "root")
        self.assertEqual(self.kept.kept_bytes, ENTRY_BYTES + MAX_KEPT_FILE_BYTES)

    def test_what_a_link_leads_to_is_not_kept(self) -> None:
        """Nobody could find it: a link is opened, and judged, for each request."""
        (self.root / "real").mkdir()
        (self.root / "real" / "a").write_bytes(b"content")
        (self.root / "folder").symlink_to("real")
        (self.root / "file").symlink_to("real/a")
        for names in ((b"file",), (b"folder", b"a")):
            descriptor = os.open(b"/".join([os.fsencode(self.root), *names]), 0)
            self.addCleanup(os.close, descriptor)
            kept = self.kept.keep(names, descriptor, os.fstat(descriptor), "link")
            self.assertIsNone(kept)

    def test_names_that_not_everybody_may_ask_for_are_not_kept(self) -> None:
        (self.root / "sub").mkdir()
        for name in (".a", "sub/a"):
            self.assertIsNone(self.kept.get(self.keep(name, 5)))

    def test_content_is_kept_while_nothing_else_takes_its_place(self) -> None:
        alone_until = [2.0]
        self.kept = self.contents(1 << 20, lambda names: alone_until[0])
        names = self.keep("a", 5)
        self.now = 1.5
        self.assertIsNotNone(self.kept.get(names))
        self.now, alone_until[0] = 2.0, 3.0
        self.assertIsNotNone(self.kept.get(names))
        self.now, alone_until[0] = 3.0, 0.0
        self.assertIsNone(self.kept.get(names))
        self.assertIsNone(self.kept.get(self.keep("b", 5)))

    def test_all_of_them_are_bounded_by_their_bytes(self) -> None:
        self.kept = self.contents(max_bytes=10 * (ENTRY_BYTES + 100))
        for number in range(100):
            self.keep(f"{number}", 100)
            self.keep(f"{number}", 100 - number)
            self.assertLessEqual(self.kept.kept_bytes, 10 * (ENTRY_BYTES + 100))
        found = [self.kept.get((b"%d" % number,)) for number in range(100)]
        self.assertEqual(sum(one is not None for one in found), 10)
        kept = sum(ENTRY_BYTES + len(one.content) for one in found if one is not None)
        self.assertEqual(self.kept.kept_bytes, kept)

"""
Entity tags and dates of files, and files whose size or coding is not what it seems.
"""

from __future__ import annotations

import errno
import gzip
import os
import shutil
import time
from collections.abc import Sequence
from mmap import mmap
from pathlib import Path
from typing import Any
from unittest import skipUnless

from twisted.internet.defer import maybeDeferred
from twisted.logger import ILogObserver, formatEvent, globalLogPublisher
from twisted.python.filepath import FilePath
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from dartio_tut.resources import FieldRule, Files
from dartio_tut.resources.files import entity_tags, representations
from dartio_tut.resources.files.entity_tags import (
    MAX_DIGESTED_BYTES,
    entity_tag,
    is_date_strong,
)
from dartio_tut.resources.files.kept_contents import (
    BELIEVED_SECONDS,
    MAX_KEPT_FILE_BYTES,
)
from dartio_tut.resources.files.private_files import PrivateFiles
from dartio_tut.resources.files.safe_open import (
    LINK_POLICIES,
    OpenedFile,
    open_inside,
)
from dartio_tut.resources.files.unsized import MAX_UNSIZED_BYTES, read_unsized
from dartio_tut.testing import Response, connect

from .support.file_case import FileCase
from .support.memory_client import ask

SECOND_NS = 10**9


class LogCase(FileCase):
    """A test that reads the log."""

    def setUp(self) -> None:
        super().setUp()
        self.logged: list[str] = []

        @implementer(ILogObserver)
        def observe(event: dict[str, Any]) -> None:
            if event["log_namespace"].startswith("dartio_tut"):
                self.logged.append(formatEvent(event))

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)


class EntityTagTests(FileCase):
    """Two contents never have one tag."""

    def switched(self, moment_ns: int, size: int = 10) -> tuple[Response, Response]:
        """
        The responses for a file before and after the root is switched to another, of
        the same size and time; the second is asked for with the first's tag.
        """
        current = self.root.parent / (self.root.name + "-current")
        for name, content in (("one", b"1"), ("two", b"2")):
            os.utime(self.file(f"{name}/file", content * size), ns=(moment_ns,) * 2)
        os.symlink(self.root.name + "/one", current)
        files = Files(str(current))
        first = ask(files, "GET", "/file")
        current.unlink()
        os.symlink(self.root.name + "/two", current)
        tag = first.fields["etag"]
        return first, ask(files, "GET", "/file", if_none_match=tag)

    def test_files_of_one_size_whose_time_a_build_has_set(self) -> None:
        for moment in (0, SECOND_NS, -5 * SECOND_NS, 315532800 * SECOND_NS,
                       499162500 * SECOND_NS, 1700000000 * SECOND_NS):  # fmt: skip
            for size in (10, MAX_DIGESTED_BYTES + 1):
                first, second = self.switched(moment, size)
                self.assertEqual((moment, second.code), (moment, 200))
                self.assertNotEqual(first.fields["etag"], second.fields["etag"])
                self.assertEqual(second.body[:1], b"2")
                self.tearDownTree()

    def test_small_files_of_one_nanosecond(self) -> None:
        first, second = self.switched(1700000000 * SECOND_NS + 123456789)
        self.assertEqual(second.code, 200)
        self.assertNotEqual(first.fields["etag"], second.fields["etag"])

    def tearDownTree(self) -> None:
        FilePath(str(self.root)).remove()
        (self.root.parent / (self.root.name + "-current")).unlink()
        self.root.mkdir()

    def mapped(self, size: int, after: float) -> tuple[Response, Response]:
        """
        The responses for a file of that *size* before and after it is changed through a
        mapping, which leaves its times alone; the second comes so many seconds *after*
        the first, and is asked for with its tag.
        """
        now = [1000.0]
        self.patch(representations, "monotonic", lambda: now[0])
        path, files = self.file("file", b"0" * size), self.files()
        files._tree.responses._representations._contents._seconds = lambda: now[0]
        with path.open("r+b") as file, mmap(file.fileno(), 0) as mapping:
            mapping[:1] = b"1"  # from now on the page is one that is written to
            first = ask(files, "GET", "/file")
            mapping[:1] = b"2"
            now[0] += after
            tag = first.fields["etag"]
            return first, ask(files, "GET", "/file", if_none_match=tag)

    def test_change_that_leaves_the_times_alone(self) -> None:
        self.patch(representations, "SETTLED_NS", -(10**18))
        for size in (10, MAX_KEPT_FILE_BYTES + 1):
            first, second = self.mapped(size, BELIEVED_SECONDS)
            self.assertEqual((size, second.code), (size, 200))
            self.assertNotEqual(first.fields["etag"], second.fields["etag"])
            self.assertEqual(second.body[:1], b"2")

    def test_two_changes_in_one_moment(self) -> None:
        for size in (10, MAX_KEPT_FILE_BYTES + 1):
            first, second = self.mapped(size, 0.0)  # it was changed just now
            self.assertEqual((size, second.code), (size, 200))
            self.assertNotEqual(first.fields["etag"], second.fields["etag"])

    def test_date_in_the_future_stays_what_it_was(self) -> None:
        now = [1000.0]
        self.patch(representations, "monotonic", lambda: now[0])
        self.patch(entity_tags, "time", lambda: now[0])
        os.utime(self.file("file", b"0" * (MAX_KEPT_FILE_BYTES + 1)), (5000, 5000))
        files = self.files()
        first = ask(files, "GET", "/file").fields["last-modified"]
        now[0] += 2 * BELIEVED_SECONDS
        self.assertEqual(ask(files, "GET", "/file").fields["last-modified"], first)

    def test_times_up_to_a_second_are_no_times(self) -> None:
        for moment, has_date in [
            (0, False), (1, False), (-SECOND_NS, False), (SECOND_NS, False),
            (SECOND_NS + 1, True), (2 * SECOND_NS, True),
        ]:  # fmt: skip
            os.utime(self.file("file"), ns=(moment,) * 2)
            response = self.get("/file")
            self.assertEqual((moment, "last-modified" in response.fields),
                             (moment, has_date))  # fmt: skip
            self.assertIn("etag", response.fields)

    def test_same_content_and_time_in_another_folder_has_the_same_tag(self) -> None:
        tags = set()
        for name in ("a", "b"):
            path = self.file(name, b"content")
            os.utime(path, ns=(1700000000 * SECOND_NS,) * 2)
            tags.add(self.get(f"/{name}").fields["etag"])
        self.assertEqual(len(tags), 1)

    def test_tag_is_kept_while_the_file_is(self) -> None:
        for moment in (SECOND_NS, 1700000000 * SECOND_NS, 1700000000 * SECOND_NS + 5):
            os.utime(self.file("file"), ns=(moment,) * 2)
            files = self.files()
            tags = {ask(files, "GET", "/file").fields["etag"] for _ in range(3)}
            tags.add(self.get("/file").fields["etag"])
            self.assertEqual(len(tags), 1)
            [tag] = tags
            self.assertEqual(self.get("/file", if_none_match=tag).code, 304)

    def test_large_files_to_which_a_tool_has_given_one_time(self) -> None:
        for moment in (1700000000 * SECOND_NS, 1700000000 * SECOND_NS + 123456789):
            tags = set()
            for content in (b"a", b"b"):
                path = self.file("new", content * (MAX_DIGESTED_BYTES + 1))
                os.utime(path, ns=(moment,) * 2)
                path.replace(self.root / "file")
                tags.add(self.get("/file").fields["etag"])
            self.assertEqual(len(tags), 2)

    def test_codings_have_tags_of_their_own(self) -> None:
        with self.file("file").open("rb") as file:
            status = os.fstat(file.fileno())
            tags = {
                entity_tag(file.fileno(), status, c) for c in (None, b"br", b"gzip")
            }
        self.assertEqual(len(tags), 3)


class IfRangeTests(FileCase):
    """A part is never spliced with a part of another version."""

    def write(self, content: bytes, moment_ns: int) -> None:
        """Write the file, as a tool does that sets its time."""
        os.utime(self.file("file", content), ns=(moment_ns,) * 2)

    def part(self, files: Files, if_range: str) -> tuple[int, bytes]:
        response = ask(files, "GET", "/file", range="bytes=5-", if_range=if_range)
        return response.code, response.body

    def date(self, files: Files) -> str:
        """The date of the file."""
        return ask(files, "GET", "/file").fields["last-modified"]

    def test_date_counts_when_nobody_has_set_the_time(self) -> None:
        self.file("file", b"0123456789")
        date = self.date(self.files())
        for files in (self.files(), self.files()):  # after a restart, too
            self.assertEqual(self.part(files, date), (206, b"56789"))
        old = "Mon, 01 Jan 2001 00:00:00 GMT"
        self.assertEqual(self.part(files, old), (200, b"0123456789"))

    def test_date_does_not_count_when_a_tool_has_set_it(self) -> None:
        for fraction in (0, 1, 5 * 10**8):
            for moment in (1700000000, 315532800, int(time.time()) - 100):
                self.write(b"0123456789", moment * SECOND_NS + fraction)
                files = self.files()
                date = self.date(files)
                self.assertEqual(self.part(files, date), (200, b"0123456789"))
                self.write(b"abcdefghij", moment * SECOND_NS + fraction)
                # The same date, and the server does not know what it sent before.
                self.assertEqual(self.date(self.files()), date)
                self.assertEqual(self.part(self.files(), date), (200, b"abcdefghij"))

    def test_date_of_a_copy_does_not_count(self) -> None:
        self.write(b"0123456789", 1700000000 * SECOND_NS + 1)
        for name in ("copy", "moved"):
            path = self.root / name
            shutil.copy2(self.root / "file", path)
            path.rename(self.root / "file")
            date = self.date(self.files())
            self.assertEqual(self.part(self.files(), date), (200, b"0123456789"))

    def test_date_does_not_count_after_two_versions_in_one_second(self) -> None:
        dates: list[str] = []
        while len(set(dates)) != 1:  # until a second has both
            files = self.files()
            dates.clear()
            for content in (b"0123456789", b"abcdefghij"):
                self.file("file", content)
                dates.append(self.date(files))
        self.assertEqual(self.part(files, dates[0]), (200, b"abcdefghij"))
        tag = ask(files, "GET", "/file").fields["etag"]
        self.assertEqual(self.part(files, tag), (206, b"fghij"))

    def test_date_counts_after_a_change_that_left_the_content(self) -> None:
        path = self.file("file", b"0123456789")
        files = self.files()
        date = self.date(files)
        path.chmod(0o600)
        while (
            path.stat().st_ctime_ns // SECOND_NS != path.stat().st_mtime_ns // SECOND_NS
        ):
            path.write_bytes(b"0123456789")
            date = self.date(files)
            path.chmod(0o600)
        self.assertEqual(self.part(files, date), (206, b"56789"))

    def test_only_the_second_of_a_write_is_a_strong_date(self) -> None:
        for mtime, ctime, strong in (
            (5 * SECOND_NS + 1, 5 * SECOND_NS + 1, True),
            (5 * SECOND_NS + 1, 6 * SECOND_NS - 1, True),
            (5 * SECOND_NS + 1, 6 * SECOND_NS, False),
            (5 * SECOND_NS, 5 * SECOND_NS, False),
            (5 * SECOND_NS + 1, 4 * SECOND_NS + 1, False),
        ):
            status = os.stat_result(
                (0,) * 10, {"st_mtime_ns": mtime, "st_ctime_ns": ctime}
            )
            self.assertEqual(is_date_strong(status), strong, (mtime, ctime))

    def test_condition_with_a_date_that_is_not_in_the_calendar_is_ignored(self) -> None:
        self.write(b"0123456789", 1700000000 * SECOND_NS)
        for date in ("Mon, 30 Feb 2027 00:00:00 GMT", "Sat, 01 Jan 2027 24:00:00 GMT"):
            for name in ("if_modified_since", "if_unmodified_since"):
                self.assertEqual(self.get("/file", **{name: date}).code, 200)

    def test_range_beyond_the_end_has_the_phrase_of_the_rfc(self) -> None:
        self.file("file")
        files = self.files()
        for page in (False, True):
            if page:
                self.file("416.html")
            said = beyond_the_end(files)
            self.assertTrue(said.startswith(b"HTTP/1.1 416 Range Not Satisfiable\r\n"))


def beyond_the_end(files: Files) -> bytes:
    """The response to a range beyond the end of a file, byte by byte."""
    asked = b"GET /file HTTP/1.1\r\nHost: a\r\nRange: bytes=9-\r\n\r\n"
    return connect(files).send(asked)


@skipUnless(Path("/proc/cpuinfo").exists(), "NOT TESTED: no /proc here")
class UnsizedTests(LogCase):
    """Files whose size is a lie."""

    def test_small_ones_are_sent_with_their_true_length(self) -> None:
        said_4096 = "/sys/kernel/mm/transparent_hugepage/enabled"
        for path in ("/proc/version", "/proc/sys/kernel/ostype", said_4096):
            if not Path(path).exists():
                continue  # not every kernel has all of them
            response = ask(Files(path), "GET", "/")
            self.assertEqual((path, response.code), (path, 200))
            self.assertEqual(response.body, Path(path).read_bytes())
            self.assertEqual(response.fields["content-length"],
                             str(len(response.body)))  # fmt: skip
            for name in ("etag", "last-modified", "accept-ranges"):
                self.assertNotIn(name, response.fields)
            head = ask(Files(path), "HEAD", "/")
            self.assertEqual(head.body, b"")
            self.assertEqual(head.fields["content-length"],
                             response.fields["content-length"])  # fmt: skip

    def test_conditions_and_ranges_do_not_count(self) -> None:
        content = Path("/proc/version").read_bytes()
        for fields in ({"if_none_match": "*"}, {"range": "bytes=0-1"},
                       {"if_match": '"x"'}):  # fmt: skip
            response = ask(Files("/proc/version"), "GET", "/", b"", **fields)
            self.assertEqual((response.code, response.body), (200, content))

    def test_what_cannot_be_read_is_503_with_a_line_in_the_log(self) -> None:
        response = ask(Files("/proc/self/mem"), "GET", "/")
        self.assertEqual(response.code, 503)
        self.assertEqual(len(self.logged), 1)

    def test_shorter_and_longer_than_it_says(self) -> None:
        path = self.file("file", b"0123456789")
        for said, content in [(10, None), (4096, b"0123456789"), (0, b"0123456789")]:
            with path.open("rb") as file:
                self.assertEqual(read_unsized(file.fileno(), said), content)

    def test_too_long_to_be_read_beforehand(self) -> None:
        with self.file("file", b"x" * (MAX_UNSIZED_BYTES + 1)).open("rb") as file:
            self.assertRaises(OSError, read_unsized, file.fileno(), 0)

    def test_empty_and_sparse_files_are_as_ever(self) -> None:
        self.file("empty", b"")
        os.truncate(self.file("sparse", b""), 5000)
        for target, length in (("/empty", 0), ("/sparse", 5000)):
            response = self.get(target)
            self.assertEqual((response.code, response.body), (200, bytes(length)))
            self.assertIn("etag", response.fields)
            code = self.get(target, if_none_match=response.fields["etag"]).code
            self.assertEqual(code, 304)

    def test_no_descriptor_stays_open(self) -> None:
        before = len(os.listdir("/proc/self/fd"))
        for path in ("/proc/version", "/proc/self/mem", "/proc/cpuinfo"):
            for method in ("GET", "HEAD"):
                ask(Files(path), method, "/")
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)


class StoredCodingTests(FileCase):
    """Types that are compressed by themselves."""

    def test_svgz_has_its_coding(self) -> None:
        content = gzip.compress(b"<svg/>")
        self.file("pic.svgz", content)
        for fields in ({}, {"accept_encoding": "gzip"}):
            response = self.get("/pic.svgz", **fields)
            self.assertEqual(response.fields["content-type"], "image/svg+xml")
            self.assertEqual(response.fields["content-encoding"], "gzip")
            self.assertEqual(response.body, content)

    def test_compressed_form_of_svgz_has_both_codings(self) -> None:
        content = gzip.compress(b"<svg/>")
        self.file("pic.svgz.gz", gzip.compress(content))
        for _ in ("alone", "beside the file"):
            response = self.get("/pic.svgz", accept_encoding="gzip")
            self.assertEqual(response.fields["content-encoding"], "gzip, gzip")
            self.assertEqual(response.fields["content-type"], "image/svg+xml")
            self.assertEqual(gzip.decompress(response.body), content)
            self.file("pic.svgz", content)

    def test_svgz_that_is_not_compressed_has_none(self) -> None:
        self.file("pic.svgz", b"<svg/>")
        self.assertNotIn("content-encoding", self.get("/pic.svgz").fields)

    def test_archives_have_none(self) -> None:
        self.file("a.tar.gz", gzip.compress(b"tar"))
        response = self.get("/a.tar.gz")
        self.assertEqual(response.fields["content-type"], "application/gzip")
        self.assertNotIn("content-encoding", response.fields)


class PrecompressedTests(LogCase):
    """Files that were compressed beforehand."""

    def coding(self, target: str) -> str | None:
        response = self.get(target, accept_encoding="gzip")
        return response.fields.get("content-encoding")

    def test_sent_whatever_the_type(self) -> None:
        for name in ("hello", "a.unknown", "a.js", "a.png", "a.tar", "LICENSE"):
            self.file(name)
            self.file(f"{name}.gz")
            self.assertEqual((name, self.coding(f"/{name}")), (name, "gzip"))

    def test_sent_though_older_by_less_than_tools_keep(self) -> None:
        moment = 1700000000 * SECOND_NS
        for older, sent in [
            (0, True), (1, True), (SECOND_NS, True), (2 * SECOND_NS, True),
            (2 * SECOND_NS + SECOND_NS // 2, False), (3600 * SECOND_NS, False),
        ]:  # fmt: skip
            os.utime(self.file("a.js"), ns=(moment + 400_000_000,) * 2)
            os.utime(self.file("a.js.gz"), ns=(moment + 400_000_000 - older,) * 2)
            self.assertEqual((older, self.coding("/a.js") == "gzip"), (older, sent))

    def test_too_old_one_has_one_line_in_the_log(self) -> None:
        os.utime(self.file("sub/a.js.gz"), (1, 1))
        self.file("sub/a.js")
        files = self.files()
        for _ in range(3):
            ask(files, "GET", "/sub/a.js", accept_encoding="gzip")
        self.assertEqual(len(self.logged), 1)
        self.assertIn("sub/a.js.gz is not sent: it is older", self.logged[0])

    def test_empty_one_has_one_line_in_the_log(self) -> None:
        self.file("a.js", b"plain")
        self.file("a.js.gz", b"")
        files = self.files()
        for _ in range(3):
            response = ask(files, "GET", "/a.js", accept_encoding="gzip")
            self.assertEqual(response.body, b"plain")
            self.assertNotIn("content-encoding", response.fields)
        self.assertEqual(len(self.logged), 1)
        self.assertIn("a.js.gz is not sent: it is empty", self.logged[0])

    def test_zstandard_with_a_window_that_clients_refuse_has_one_line(self) -> None:
        for head, sent in [
            # zstd -19, --ultra -20; of a file whose size it knows, -3, --ultra -22;
            # 300 bytes; something else.
            ("28b52ffd04684c000008", True), ("28b52ffd04784c000008", False),
            ("28b52ffd8458002d310154", True), ("28b52ffda4002d31014c0000", False),
            ("28b52ffd642c004d0000", True), ("28b52ffd", True), ("00", True),
            ("28b52ffd046900", False), ("28b52ffde00100000001000000", False),
            # Behind a frame that pzstd begins with, or two of them; which is all.
            ("502a4d18000000005f2a4d1801000000" + "00" + "28b52ffd04684c000008", True),
            ("502a4d1804000000deadbeef", True), ("502a4d18ffffffff", True),
            ("502a4d1804000000deadbeef28b52ffd04784c000008", False),
        ]:  # fmt: skip
            self.logged.clear()
            self.file("a.js", b"plain")
            self.file("a.js.zst", bytes.fromhex(head))
            self.file("a.js.gz", b"gzip")
            files = self.files()
            for _ in range(2):
                coding = ask(files, "GET", "/a.js", accept_encoding="zstd, gzip")
                wanted = "zstd" if sent else "gzip"
                self.assertEqual(coding.fields["content-encoding"], wanted, head)
            self.assertEqual(len(self.logged), 0 if sent else 1)
        self.assertIn("a.js.zst is not sent: clients refuse its", self.logged[0])

    def test_zstandard_with_a_dictionary_has_one_line(self) -> None:
        self.file("a.js", b"plain")
        self.file("a.js.zst", bytes.fromhex("28b52ffd0568074c000008"))
        said = ask(self.files(), "GET", "/a.js", accept_encoding="zstd")
        self.assertEqual(said.body, b"plain")
        self.assertIn("a.js.zst is not sent: clients have no", self.logged[0])

    def test_brotli_with_a_large_window_has_one_line(self) -> None:
        for begin, sent in ((0x11, False), (0x91, False), (0x21, True), (0x1B, True)):
            self.logged.clear()
            self.file("a.js", b"plain")
            self.file("a.js.br", bytes((begin, 1)))
            files = self.files()
            for _ in range(2):
                said = ask(files, "GET", "/a.js", accept_encoding="br")
                self.assertEqual(said.body == b"plain", not sent, begin)
            self.assertEqual(len(self.logged), 0 if sent else 1)
        self.file("a.js.br", bytes((0x11, 1)))
        ask(self.files(), "GET", "/a.js", accept_encoding="br")
        self.assertIn("a.js.br is not sent: clients refuse it", self.logged[-1])

    def test_link_that_is_not_followed_has_one_line_in_the_log(self) -> None:
        outside = self.root.with_name(self.root.name + "-outside")
        outside.write_bytes(b"compressed")
        self.file("a.js", b"plain")
        os.symlink(outside.absolute(), self.root / "a.js.gz")
        files = self.files()
        for _ in range(3):
            body = ask(files, "GET", "/a.js", accept_encoding="gzip").body
            self.assertEqual(body, b"plain")
        self.assertEqual(len(self.logged), 1)
        self.assertIn("a.js.gz is not sent: it is a link", self.logged[0])

    def test_one_that_cannot_be_opened_has_one_line_in_the_log(self) -> None:
        self.file("a.js", b"plain")
        self.file("a.js.gz")

        def refuse(root: bytes, names: Sequence[bytes]) -> OpenedFile:
            if names[-1].endswith(b".gz"):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return open_inside(root, names)

        LINK_POLICIES["test"] = refuse
        self.addCleanup(LINK_POLICIES.pop, "test")
        files = self.files(links="test")
        for _ in range(3):
            body = ask(files, "GET", "/a.js", accept_encoding="gzip").body
            self.assertEqual(body, b"plain")
        self.assertEqual(len(self.logged), 1)
        self.assertIn("a.js.gz is not sent: Permission denied", self.logged[0])


class OneFileTests(FileCase):
    """One file as the root."""

    def test_folder_in_its_place_is_not_served(self) -> None:
        path = self.file("one.txt", b"1")
        files = Files(str(path), listing=True, run=maybeDeferred)

        def codes() -> list[int]:
            targets = ("/", "/one.txt", "/inside", "/one.txt/inside")
            return [ask(files, "GET", target).code for target in targets]

        self.assertEqual(codes(), [200, 200, 404, 404])
        path.unlink()
        self.file("one.txt/inside")
        self.assertEqual(codes(), [404] * 4)
        (path / "inside").unlink()
        path.rmdir()
        self.file("one.txt", b"2")
        self.assertEqual(codes(), [200, 200, 404, 404])


class PrivateFilesTests(LogCase):
    """The daemon's own files."""

    def setUp(self) -> None:
        super().setUp()
        self.log = self.file("twistd.log", b"secret")
        self.settings = {"private": [str(self.log), str(self.root / "twistd.pid")],
                         "listing": True}  # fmt: skip

    def test_never_served_under_any_name(self) -> None:
        os.symlink("twistd.log", self.root / "link")
        os.link(self.log, self.root / "hard")
        self.file("twistd.log.1", b"rotated")
        os.symlink("twistd.log.1", self.root / "rotated")
        for target in ("/twistd.log", "/link", "/hard", "/twistd.log.1", "/rotated"):
            self.assert_answers(target, 404, b"Not found.\n")
        for name in (
            "twistd.log-20261126", "twistd.log~", "#twistd.log#", "twistd.1.log",
            "twistd.1.log.gz", "twistd-20261127.log", "twistd-20261127-1.log.xz",
        ):  # fmt: skip
            self.file(name, b"copy")
            self.assert_answers("/" + name.replace("#", "%23"), 404, b"Not found.\n")
        for name in ("twistd.logs", "twistd.log-book", "twistd-a.log", "twistd-1.txt"):
            self.file(name, b"another")
            self.assert_answers("/" + name, 200, b"another")

    def test_one_that_comes_later(self) -> None:
        files = self.files()
        self.assertEqual(ask(files, "GET", "/twistd.pid").code, 404)
        self.file("twistd.pid", b"1")
        self.assertEqual(ask(files, "GET", "/twistd.pid").code, 404)

    def test_one_that_grows(self) -> None:
        files = self.files()
        for _ in range(3):
            self.assertEqual(ask(files, "GET", "/twistd.log").code, 404)
            with self.log.open("ab") as file:
                file.write(b"more")

    def test_one_that_is_rotated(self) -> None:
        files = self.files()
        self.assertEqual(ask(files, "GET", "/twistd.log").code, 404)
        os.rename(self.log, self.root / "twistd.log.1")
        self.file("twistd.log", b"new")
        for target in ("/twistd.log", "/twistd.log.1"):
            self.assertEqual((target, ask(files, "GET", target).code), (target, 404))

    def test_what_an_editor_keeps_of_one(self) -> None:
        names = ("twistd.log~", "#twistd.log#", ".twistd.log.swp", "twistd.log.bak")
        for name in (*names, ".other.swp"):
            self.file(name, b"secret")
        files = self.files(dotfiles=True)
        for name in names:
            target = "/" + name.replace("#", "%23")
            self.assertEqual((name, ask(files, "GET", target).code), (name, 404))
        self.assertEqual(ask(files, "GET", "/.other.swp").code, 200)

    def test_copies_of_one_in_any_case_and_of_what_a_link_leads_to(self) -> None:
        self.file("conf/real.pem", b"secret")
        os.symlink("conf/real.pem", self.root / "key.pem")
        self.settings = {"private": [str(self.log), str(self.root / "key.pem")]}
        for name in (
            "conf/real.pem", "conf/real.pem~", "conf/real.pem.bak", "key.pem.old",
            "Twistd.log~", "TWISTD.LOG.1",
        ):  # fmt: skip
            if not (self.root / name).exists():
                self.file(name, b"copy")
            self.assert_answers(f"/{name}", 404, b"Not found.\n")
        self.file("conf/other.pem~", b"another")
        self.assert_answers("/conf/other.pem~", 200, b"another")

    def test_not_as_an_index_or_a_page(self) -> None:
        more = {"index": ["twistd.log"], "ignoredExts": [".log"]}
        for target in ("/", "/twistd"):
            said = ask(self.files(**more), "GET", target).body
            self.assertNotIn(b"secret", said)

    def test_not_listed(self) -> None:
        self.file("other")
        listed = self.get("/", accept="text/plain")
        self.assertEqual(listed.body, b"other\n")

    def test_told_without_what_a_terminal_would_obey(self) -> None:
        name = "a\x1b[2J\r\n\u202eb \N{LATIN SMALL LETTER E WITH ACUTE}.log"
        self.settings = {"private": [str(self.root / name)]}
        self.files()
        self.assertIn("a\\x1b[2J\\r\\n\\u202eb \xe9.log", self.logged[0])

    def test_told_at_the_start(self) -> None:
        elsewhere = str(self.root.parent / "elsewhere.log")
        self.settings = {"private": [str(self.log), elsewhere]}
        self.files()
        self.assertEqual(len(self.logged), 1)
        self.assertIn(str(self.log.absolute()), self.logged[0])

    def test_no_descriptor_stays_open(self) -> None:
        before = len(os.listdir("/proc/self/fd"))
        for target in ("/twistd.log", "/"):
            self.get(target)
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)


class NoPrivateFilesTests(SynchronousTestCase):
    """Nothing is private."""

    def test_nothing_is_looked_for(self) -> None:
        self.assertEqual(PrivateFiles().identities(), frozenset())
        self.assertFalse(PrivateFiles().include(os.stat("/")))


class FieldsOfSomeFilesTests(FileCase):
    """Fields by pattern."""

    def setUp(self) -> None:
        super().setUp()
        for name in ("a.html", "sub/a.html", "a.txt"):
            self.file(name)
        self.settings = {
            "fields": [
                (b"X-All", b"all"),
                (b"X-Frame-Options", b"DENY"),
                FieldRule("*.html", b"X-Page", b"page"),
                FieldRule("sub/*", b"X-All", b"sub"),
                FieldRule("sub/*", b"X-Frame-Options", b""),
                FieldRule("*.txt", b"ETag", b""),
            ]
        }

    def test_each_file_has_its_own(self) -> None:
        wanted: list[tuple[str, dict[str, str | None]]] = [
            ("/a.html", {"x-all": "all", "x-page": "page", "x-frame-options": "DENY"}),
            ("/sub/a.html", {"x-all": "sub", "x-page": "page"}),
            ("/sub/a.html", {"x-frame-options": None}),
            ("/a.txt", {"x-all": "all", "x-page": None, "etag": None}),
            ("/none.html", {"x-all": "all", "x-page": None, "x-frame-options": "DENY"}),
        ]
        for target, fields in wanted:
            found = self.get(target).fields
            for name, value in fields.items():
                self.assertEqual((target, name, found.get(name)), (target, name, value))

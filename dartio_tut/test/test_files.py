"""
`dartio_tut.resources.Files`.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import ConnectionDone
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.static import Data

from dartio_tut.resources import Files
from dartio_tut.resources.address_turns import WAITING_PER_ADDRESS
from dartio_tut.resources.files import read_errors
from dartio_tut.resources.files.listing.responses import CONCURRENT_SCANS
from dartio_tut.testing import Response, connect, read_response
from dartio_tut.wire import RepeatedLine

from .support.memory_client import ask


class FilesTests(SynchronousTestCase):
    """A folder of files."""

    def setUp(self) -> None:
        self.root = Path(self.mktemp())
        self.root.mkdir()
        (self.root / "file.txt").write_bytes(b"0123456789")
        (self.root / "sub").mkdir()
        (self.root / "sub" / "index.html").write_bytes(b"<p>sub")
        (self.root / "bare").mkdir()

    def get(self, target: str, **fields: str) -> Response:
        return ask(Files(str(self.root)), "GET", target, b"", **fields)

    def listing(self, target: str) -> Response:
        return ask(self.listed(), "GET", target, accept="text/html")

    def listed(self) -> Files:
        return Files(str(self.root), listing=True, run=maybeDeferred)

    def listed_later(self) -> tuple[Files, list[Deferred[None]]]:
        """Files whose folders are read when one of the Deferreds is fired."""
        held: list[Deferred[None]] = []

        def later(function: Any, *args: Any) -> Deferred[Any]:
            held.append(Deferred())
            return held[-1].addCallback(lambda _: function(*args))

        return Files(str(self.root), listing=True, run=later), held

    def test_file_is_sent_with_its_fields(self) -> None:
        response = self.get("/file.txt")
        self.assertEqual((response.code, response.body), (200, b"0123456789"))
        self.assertEqual(response.fields["content-type"], "text/plain; charset=utf-8")
        self.assertEqual(response.fields["x-content-type-options"], "nosniff")
        self.assertIn("last-modified", response.fields)

    def test_head_has_the_fields_of_get_and_no_content(self) -> None:
        response = ask(Files(str(self.root)), "HEAD", "/file.txt")
        self.assertEqual((response.code, response.body), (200, b""))
        self.assertEqual(response.fields["content-length"], "10")

    def test_304_when_not_changed_since_its_date(self) -> None:
        date = self.get("/file.txt").fields["last-modified"]
        response = self.get("/file.txt", if_modified_since=date)
        self.assertEqual((response.code, response.body), (304, b""))

    def test_range_field_selects_parts(self) -> None:
        for asked, code, body in [
            ("bytes=2-4", 206, b"234"),
            ("bytes=8-", 206, b"89"),
            ("bytes=-3", 206, b"789"),
            ("bytes=-300", 206, b"0123456789"),
            ("bytes=5-99", 206, b"56789"),
            ("bytes=10-", 416, b"The file has no such bytes.\n"),
            ("bytes=4-2", 200, b"0123456789"),
            ("bytes=", 200, b"0123456789"),
            ("bytes=+0-3", 200, b"0123456789"),
            ("bytes=0_0-3", 200, b"0123456789"),
            ("bytes=0-1,2-3,3-4", 206, b"01234"),
            ("bytes=0-1,x", 200, b"0123456789"),
            ("bytes=90-,80-", 416, b"The file has no such bytes.\n"),
            ("bytes=90-,4-4", 206, b"4"),
            ("bytes=" + "0-0," * 101, 200, b"0123456789"),
            ("bytes=" + "0-0," * 100, 206, b"0"),
            ("lines=0-1", 200, b"0123456789"),
        ]:
            response = self.get("/file.txt", range=asked)
            self.assertEqual((asked, response.code), (asked, code))
            self.assertEqual((asked, response.body), (asked, body))

    def test_folder_without_slash_redirects_to_the_one_with_it(self) -> None:
        response = self.get("/sub?a=b")
        self.assertEqual(response.code, 301)
        self.assertEqual(response.fields["location"], "./sub/?a=b")
        (self.root / "http:").mkdir()
        self.assertEqual(self.get("/http:").fields["location"], "./http:/")
        self.assertEqual(self.get("//evil.example/..").code, 404)

    def test_folder_answers_with_its_index(self) -> None:
        response = self.get("/sub/")
        self.assertEqual((response.code, response.body), (200, b"<p>sub"))
        self.assertEqual(response.fields["content-type"], "text/html; charset=utf-8")

    def test_listing_is_made_only_when_it_is_switched_on(self) -> None:
        self.assertEqual(self.get("/bare/").code, 404)
        (self.root / "bare" / "<i>.txt").write_bytes(b"x")
        (self.root / "bare" / ".secret").write_bytes(b"x")
        os.mkfifo(self.root / "bare" / "fifo")
        os.symlink("/etc/passwd", self.root / "bare" / "link")
        listed = self.listing("/bare/")
        self.assertEqual(listed.code, 200)
        self.assertIn(b"&#60;i&#62;.txt", listed.body)
        for hidden in (b"secret", b"fifo", b"./link", b"<i>.txt"):
            self.assertNotIn(hidden, listed.body)

    def test_listing_of_names_that_are_not_utf8(self) -> None:
        Path(os.fsdecode(os.fsencode(self.root / "bare") + b"/\xff")).write_bytes(b"x")
        self.assertEqual(self.listing("/bare/").code, 200)

    def test_hidden_special_and_outside_paths_are_not_found(self) -> None:
        (self.root / ".secret").write_bytes(b"x")
        os.mkfifo(self.root / "fifo")
        os.symlink("/etc/passwd", self.root / "outside")
        os.symlink("loop", self.root / "loop")
        sibling = Path(str(self.root) + "-other")
        sibling.mkdir()
        (sibling / "x").write_bytes(b"x")
        for target in (
            "/nothing", "/.secret", "/fifo", "/outside", "/loop", "/file.txt/",
            "/file.txt/x", "/..", "/../" + sibling.name + "/x", "/%2e%2e/", "/a%00b",
            "/%00", "/sub%2findex.html", "/..%2f", "/%ff", "/" + "x" * 300, "/.",
        ):  # fmt: skip
            self.assertEqual((target, self.get(target).code), (target, 404))

    def test_odd_names_and_inner_links_are_served(self) -> None:
        for name in (".well-known", "a b", "é", "%2e%2e", "in"):
            (self.root / name).mkdir()
            (self.root / name / "f").write_bytes(b"f")
        os.symlink("in/f", self.root / "inside")
        for target in (
            "/.well-known/f", "/a%20b/f", "/%C3%A9/f", "/%252e%252e/f", "/inside",
        ):  # fmt: skip
            self.assertEqual((target, self.get(target).body), (target, b"f"))

    def test_content_types(self) -> None:
        for name, kind in [
            ("a.html", "text/html; charset=utf-8"),
            ("a.tar.gz", "application/gzip"),
            ("unknown", "application/octet-stream"),
            ("A.PNG", "image/png"),
        ]:
            (self.root / name).write_bytes(b"x")
            response = self.get("/" + name)
            self.assertEqual(response.fields["content-type"], kind)
            self.assertNotIn("content-encoding", response.fields)

    def test_folder_has_the_methods_of_a_file(self) -> None:
        files = self.listed()
        for target in ("/", "/sub/"):
            self.assertEqual(ask(files, "DELETE", target).code, 405)
            self.assertEqual(ask(files, "HEAD", target).body, b"")
            self.assertEqual(ask(files, "HEAD", target).code, 200)

    def test_folder_called_index_html_is_not_an_index(self) -> None:
        (self.root / "bare" / "index.html").mkdir()
        self.assertEqual(self.get("/bare/").code, 404)

    def test_root_that_is_a_link_is_followed_anew_for_each_request(self) -> None:
        current = self.root.parent / (self.root.name + "-current")
        os.symlink(self.root.name, current)
        files = Files(str(current))
        self.assertEqual(ask(files, "GET", "/file.txt").code, 200)
        other = self.root.parent / (self.root.name + "-next")
        other.mkdir()
        (other / "file.txt").write_bytes(b"next")
        os.symlink(other.name, current.with_suffix(".new"))
        os.replace(current.with_suffix(".new"), current)
        self.assertEqual(ask(files, "GET", "/file.txt").body, b"next")

    def test_conditions_are_evaluated_in_the_order_of_the_rfc(self) -> None:
        fields = self.get("/file.txt").fields
        etag, date = fields["etag"], fields["last-modified"]
        old = "Mon, 01 Jan 2001 00:00:00 GMT"
        for asked, code in [
            ({"if_none_match": etag}, 304),
            ({"if_none_match": f'"x", W/{etag}'}, 304),
            ({"if_none_match": "*"}, 304),
            ({"if_none_match": '"x"', "if_modified_since": date}, 200),
            ({"if_modified_since": date}, 304),
            ({"if_modified_since": old}, 200),
            ({"if_modified_since": "yesterday"}, 200),
            ({"if_match": etag}, 200),
            ({"if_match": "*"}, 200),
            ({"if_match": '"x"'}, 412),
            ({"if_match": f"W/{etag}"}, 412),
            ({"if_match": '"x"', "if_none_match": etag}, 412),
            ({"if_unmodified_since": date}, 200),
            ({"if_unmodified_since": old}, 412),
            ({"if_unmodified_since": "yesterday"}, 200),
            ({"range": "bytes=0-1", "if_range": etag}, 206),
            ({"range": "bytes=0-1", "if_range": date}, 206),
            ({"range": "bytes=0-1", "if_range": old}, 200),
            ({"range": "bytes=0-1", "if_range": '"x"'}, 200),
            ({"range": "bytes=0-1", "if_range": f"W/{etag}"}, 200),
            ({"range": "bytes=0-1", "if_none_match": etag}, 304),
            ({"range": "bytes=0-" + "9" * 400}, 206),
            ({"range": "bytes=" + "9" * 400 + "-"}, 416),
            ({"range": "bytes=-" + "9" * 400}, 206),
            ({"range": "bytes=-0"}, 416),
        ]:
            self.assertEqual(
                (asked, self.get("/file.txt", **asked).code), (asked, code)
            )

    def test_children_put_there_by_hand_are_found_first(self) -> None:
        files = Files(str(self.root))
        files.putChild(b"api", Data(b"api", "text/plain"))
        self.assertEqual(ask(files, "GET", "/api").body, b"api")
        self.assertEqual(ask(files, "GET", "/file.txt").body, b"0123456789")
        self.assertEqual(ask(files, "GET", "/sub/").body, b"<p>sub")
        self.assertEqual(ask(files, "GET", "/nothing/at/all").code, 404)

    def test_other_methods_are_refused_with_allow(self) -> None:
        response = ask(Files(str(self.root)), "DELETE", "/file.txt")
        self.assertEqual(response.code, 405)
        self.assertEqual(response.fields["allow"], "GET, HEAD, OPTIONS")
        self.assertTrue((self.root / "file.txt").exists())

    def test_waiting_for_a_listing_holds_no_descriptor_and_the_queue_is_bounded(
        self,
    ) -> None:
        files, held = self.listed_later()
        opened = len(os.listdir("/proc/self/fd"))
        waiting = [
            connect(files) for _ in range(CONCURRENT_SCANS + WAITING_PER_ADDRESS)
        ]
        asked = b"GET /bare/?filter=%d HTTP/1.1\r\nHost: a\r\n\r\n"
        for number, connection in enumerate(waiting):
            self.assertEqual(connection.send(asked % number), b"")
        self.assertEqual(len(os.listdir("/proc/self/fd")), opened)
        self.assertIn(b" 503 ", connect(files).send(asked % 999))
        for connection in waiting[2:]:
            connection.protocol.connectionLost(Failure(ConnectionDone()))
        while held:
            held.pop(0).callback(None)
        self.assertIn(b" 200 ", waiting[0].transport.value())

    def test_those_who_wait_for_one_listing_share_it(self) -> None:
        files, held = self.listed_later()
        asked = b"GET /bare/ HTTP/1.1\r\nHost: a\r\n\r\n"
        first = connect(files)
        first.send(asked)
        (self.root / "bare" / "new").write_bytes(b"")
        others = [connect(files) for _ in range(10 * WAITING_PER_ADDRESS)]
        for connection in others:
            self.assertEqual(connection.send(asked), b"")
        others[0].protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(len(held), 2)  # one was begun before they came
        while held:
            held.pop().callback(None)
        for connection in (first, *others[1:]):
            self.assertIn(b" 200 ", connection.transport.value())
        self.assertIn(b"new", others[1].transport.value())

    def test_addresses_take_turns_at_listings(self) -> None:
        files, held = self.listed_later()
        asked = b"GET /bare/?filter=%s HTTP/1.1\r\nHost: a\r\n\r\n"
        hog = [connect(files) for _ in range(CONCURRENT_SCANS + WAITING_PER_ADDRESS)]
        for number, connection in enumerate(hog):
            connection.send(asked % b"%d" % number)
        names = [b"other", b"%d" % number]  # the last is one that the first waits for
        others = [connect(files) for _ in names]
        for name, connection in zip(names, others, strict=True):
            connection.transport.peerAddr = IPv4Address("TCP", "10.0.0.9", 1)
            self.assertEqual(connection.send(asked % name), b"")
        for _ in range(CONCURRENT_SCANS):
            held.pop(0).callback(None)
        for turns, connection in enumerate(others, 1):
            for _ in range(2):  # one of each address
                held.pop(0).callback(None)
            self.assertIn(b" 200 ", connection.transport.value(), turns)
        self.assertIn(b" 200 ", hog[-1].transport.value())
        self.assertEqual(hog[-2].transport.value(), b"")
        while held:
            held.pop().callback(None)
        for connection in hog:
            self.assertIn(b" 200 ", connection.transport.value())

    def test_errors_of_a_listing_are_told_as_those_of_files(self) -> None:
        (self.root / "404.html").write_bytes(b"<p>Gone")
        for accept, kind, policy in [
            ("text/html", "text/html", None),
            ("application/json", "application/problem+json", None),
        ]:
            files, held = self.listed_later()
            connection = connect(files)
            connection.send(
                b"GET /bare/ HTTP/1.1\r\nHost: a\r\nAccept: %b\r\n\r\n"
                % accept.encode()
            )
            (self.root / "bare").rmdir()
            held.pop().callback(None)
            (self.root / "bare").mkdir()
            response = read_response(connection.transport.value())
            self.assertEqual(response.code, 404)
            self.assertEqual(response.fields["content-type"].partition(";")[0], kind)
            self.assertEqual(response.fields.get("content-security-policy"), policy)
            self.assertEqual(response.fields["x-content-type-options"], "nosniff")

    def test_503_and_one_line_when_no_folder_can_be_opened(self) -> None:
        self.patch(read_errors, "_of_the_machine", RepeatedLine())
        files, held = self.listed_later()

        def refuse(names: object) -> Any:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        self.patch(files._tree.listings, "_open", refuse)
        with capturedLogs() as events:
            for _ in range(3):
                connection = connect(files)
                connection.send(b"GET /bare/ HTTP/1.1\r\nHost: a\r\n\r\n")
                held.pop().callback(None)
                self.assertIn(b" 503 ", connection.transport.value())
        (event,) = events
        self.assertIn("/bare: Too many open files", str(formatEvent(event)))

    def test_folder_is_not_read_for_clients_that_have_gone(self) -> None:
        files, held = self.listed_later()
        asked = b"GET /bare/?filter=%d HTTP/1.1\r\nHost: a\r\n\r\n"
        clients = [connect(files) for _ in range(CONCURRENT_SCANS + 2)]
        for number, connection in enumerate(clients):
            connection.send(asked % number)
        clients[-2].protocol.connectionLost(Failure(ConnectionDone()))
        while held:
            held.pop().callback(None)
            self.assertLessEqual(len(held), CONCURRENT_SCANS)
        self.assertIn(b" 200 ", clients[-1].transport.value())
        self.assertEqual(clients[-2].transport.value(), b"")

    def test_one_address_takes_one_turn_for_a_page_that_it_shares(self) -> None:
        files, held = self.listed_later()
        asked = b"GET /bare/?filter=%d HTTP/1.1\r\nHost: a\r\n\r\n"
        for number in (*range(CONCURRENT_SCANS), *[99] * 3 * WAITING_PER_ADDRESS):
            self.assertEqual(connect(files).send(asked % number), b"")
        self.assertEqual(connect(files).send(asked % 100), b"")  # there is room
        self.assertEqual(len(held), CONCURRENT_SCANS)
        while held:
            held.pop().callback(None)

    def test_500_when_the_refusal_of_a_listing_fails(self) -> None:
        files, held = self.listed_later()
        self.patch(files._tree.listings, "_refuse", lambda *_: 1 / 0)
        connection = connect(files)
        connection.send(b"GET /bare/ HTTP/1.1\r\nHost: a\r\n\r\n")
        (self.root / "bare").rmdir()
        held.pop().callback(None)
        self.assertIn(b" 500 ", connection.transport.value())
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_503_when_no_thread_can_be_started(self) -> None:
        def refuse(*arguments: object) -> Deferred[Any]:
            raise RuntimeError("can't start new thread")

        files = Files(str(self.root), listing=True, run=refuse)
        for _ in range(2):
            response = ask(files, "GET", "/bare/")
            self.assertEqual(
                (response.code, response.fields["retry-after"]), (503, "1")
            )
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_404_when_the_folder_is_gone_at_its_turn(self) -> None:
        files, held = self.listed_later()
        connection = connect(files)
        connection.send(b"GET /bare/ HTTP/1.1\r\nHost: a\r\n\r\n")
        (self.root / "bare").rmdir()
        held.pop().callback(None)
        self.assertIn(b" 404 ", connection.transport.value())

    def test_503_and_one_log_line_when_the_root_is_gone(self) -> None:
        files = self.listed()
        self.assertEqual(ask(files, "GET", "/file.txt").code, 200)
        aside = self.root.with_name(self.root.name + "-aside")
        self.root.rename(aside)
        for target in ("/file.txt", "/", "/sub/", "/none"):
            self.assertEqual((target, ask(files, "GET", target).code), (target, 503))
        self.root.write_bytes(b"a file now")
        for target in ("/file.txt", "/"):
            self.assertEqual((target, ask(files, "GET", target).code), (target, 503))
        self.root.unlink()
        aside.rename(self.root)
        self.assertEqual(ask(files, "GET", "/file.txt").code, 200)
        self.assertEqual(ask(files, "GET", "/none").code, 404)

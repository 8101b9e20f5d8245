"""
What ``static`` answers over real HTTP: compressed files, very large files, start
lines and ``--check``.
"""

from __future__ import annotations

import gzip
import os
from email.utils import formatdate

from dartio_tut.testing import Response, ResponseReader

from .support.exchange import connect, exchange
from .support.harness import TWISTD, Daemon, ask
from .support.trees import OptionCase, TreeCase, request
from .test_secure import Authority

GIB = 1024**3


class PrecompressedTests(TreeCase):
    """Files that were compressed beforehand."""

    def setUp(self) -> None:
        super().setUp()
        self.file("app.js", b"plain " * 50)
        for end, coding in ((".br", b"br"), (".zst", b"zstd"), (".gz", b"gzip")):
            self.file(f"app.js{end}", coding)
        self.file("only.css", b"plain")
        self.file("only.css.gz", gzip.compress(b"plain"))
        self.file("alone.js", b"alone")
        os.utime(self.root, (10**9, 10**9))  # unchanged for long: what is known is kept
        self.daemon_ = self.static()

    def app(self, accepted: str | None, **fields: str) -> Response:
        if accepted is not None:
            fields["Accept_Encoding"] = accepted
        return self.get(self.daemon_, "/app.js", **fields)

    def test_best_coding_that_the_client_accepts_is_sent(self) -> None:
        for accepted, coding in [
            (None, None), ("", None), ("identity", None), ("deflate", None),
            ("gzip", "gzip"), ("GZIP", "gzip"), ("gzip, deflate, br, zstd", "br"),
            ("zstd, gzip", "zstd"), ("br;q=0.5, gzip;q=0.9", "gzip"),
            ("br;q=0, gzip;q=0.1", "gzip"), ("*", "br"), ("*;q=0", None),
            ("gzip, *;q=0", "gzip"), ("br;q=0, *", "zstd"), ("*, br;q=0, zstd;q=0",
            "gzip"),
            ("identity;q=0, gzip;q=0.1", "gzip"), ("identity;q=0", None),
            ("identity;q=0.5, gzip;q=0.4", None), ("identity;q=0.4, gzip;q=0.5",
            "gzip"),
            ("gzip;q=0", None), ("gzip;q=0.000", None), ("gzip;q=0.001", "gzip"),
            ("gzip;q=0.0000", None), ("x-gzip", "gzip"),
            ("gzip;q=2", "gzip"), ("gzip;q=x", "gzip"), ("gzip ; Q=0", None),
            (",, ,gzip,,", "gzip"), ("gzip;q=0;q=1", None), ("x" * 5000, None),
        ]:  # fmt: skip
            answer = self.app(accepted)
            self.assertEqual((accepted, answer.code), (accepted, 200))
            self.assertEqual((accepted, answer.fields.get("Content-Encoding")),
                             (accepted, coding))  # fmt: skip
            body = coding.encode() if coding else b"plain " * 50
            self.assertEqual(answer.body, body)
            self.assertEqual(answer.fields["Vary"], "Accept-Encoding")
            kind = answer.fields["Content-Type"]
            self.assertEqual(kind, "text/javascript; charset=utf-8")

    def test_vary_only_where_there_is_a_compressed_file(self) -> None:
        for target, vary in (("/only.css", "Accept-Encoding"), ("/alone.js", None)):
            for accepted in ("gzip", "br", "identity"):
                answer = self.get(self.daemon_, target, Accept_Encoding=accepted)
                self.assertEqual((target, answer.fields.get("Vary")), (target, vary))

    def test_each_coding_has_its_own_tag_and_ranges(self) -> None:
        tags = {c: self.app(c).fields["ETag"] or "" for c in ("", "br", "zstd", "gzip")}
        self.assertEqual(len(set(tags.values())), 4)
        for coding, tag in tags.items():
            again = self.app(coding, If_None_Match=tag)
            self.assertEqual((again.code, again.body), (304, b""))
            self.assertEqual(again.fields["Vary"], "Accept-Encoding")
            self.assertEqual(again.fields["ETag"], tag)
            for other in set(tags) - {coding}:
                self.assertEqual(self.app(other, If_None_Match=tag).code, 200)
                self.assertEqual(self.app(other, If_Match=tag).code, 412)
                whole = self.app(other, Range="bytes=0-1", If_Range=tag)
                self.assertEqual(whole.code, 200)
            part = self.app(coding, Range="bytes=1-2", If_Range=tag)
            body = coding.encode() or b"plain"
            self.assertEqual((part.code, part.body), (206, body[1:3]))
            self.assertEqual(part.fields.get("Content-Encoding"), coding or None)
            size = len(coding) or 300
            span = f"bytes 1-{min(2, size - 1)}/{size}"
            self.assertEqual(part.fields["Content-Range"], span)
            head = ask(self.daemon_, "HEAD", "/app.js", None,
                       {"Accept-Encoding": coding})  # fmt: skip
            self.assertEqual(head.fields["Content-Length"], str(size))

    def test_compressed_file_that_is_asked_for_by_name_has_no_coding(self) -> None:
        answer = self.get(self.daemon_, "/only.css.gz", Accept_Encoding="gzip")
        self.assertEqual(answer.fields["Content-Type"], "application/gzip")
        self.assertNotIn("Content-Encoding", answer.fields)

    def test_compressed_file_that_is_too_old_is_not_sent(self) -> None:
        path = self.root / "only.css.gz"
        os.utime(path, (10**9, 10**9))
        answer = self.get(self.daemon_, "/only.css", Accept_Encoding="gzip")
        self.assertEqual(answer.body, b"plain")
        self.assertNotIn("Content-Encoding", answer.fields)
        self.assertEqual(answer.fields["Vary"], "Accept-Encoding")

    def test_next_best_coding_when_the_best_is_too_old(self) -> None:
        os.utime(self.root / "app.js.br", (10**9, 10**9))
        self.assertEqual(self.app("br, gzip").body, b"gzip")

    def test_none_is_sent_with_no_precompressed(self) -> None:
        static = self.static("--no-precompressed")
        answer = self.get(static, "/app.js", Accept_Encoding="br, gzip")
        self.assertEqual(answer.body, b"plain " * 50)
        self.assertNotIn("Vary", answer.fields)

    def test_compressed_file_is_sent_without_the_other(self) -> None:
        (self.root / "app.js").unlink()
        answer = self.app("br")
        self.assertEqual((answer.code, answer.body), (200, b"br"))
        self.assertEqual(answer.fields["Content-Encoding"], "br")
        self.assertEqual(self.app(None).code, 406)


class LargeTests(TreeCase):
    """A file of more than 4 GiB; on disk it is nearly empty."""

    SIZE = 5 * GIB
    MARK = b"the very end"

    def setUp(self) -> None:
        super().setUp()
        with self.file("large").open("r+b") as file:
            file.truncate(self.SIZE)
            file.seek(-len(self.MARK), os.SEEK_END)
            file.write(self.MARK)
        self.daemon_ = self.static()

    def test_ranges_at_the_end_of_a_large_file(self) -> None:
        size, mark = self.SIZE, self.MARK
        first = size - len(mark)
        with self.at_rest(self.daemon_):
            for asked in (f"bytes={first}-", f"bytes=-{len(mark)}",
                          f"bytes={first}-{size * 2}",
                          f"bytes={first}-{size - 1}"):  # fmt: skip
                answer = self.get(self.daemon_, "/large", Range=asked)
                self.assertEqual((asked, answer.code), (asked, 206))
                self.assertEqual(answer.body, mark)
                span = f"bytes {first}-{size - 1}/{size}"
                self.assertEqual(answer.fields["Content-Range"], span)
            beyond = self.get(self.daemon_, "/large", Range=f"bytes={size}-")
            self.assertEqual(beyond.code, 416)
            self.assertEqual(beyond.fields["Content-Range"], f"bytes */{size}")

    def test_range_beyond_4_gib_is_sent_by_the_kernel(self) -> None:
        length = 300_000
        answer = self.get(self.daemon_, "/large", Range=f"bytes=-{length}")
        self.assertEqual(len(answer.body), length)
        self.assertTrue(answer.body.endswith(self.MARK))

    def test_several_ranges(self) -> None:
        asked = f"bytes=0-3,{4 * GIB + 7}-{4 * GIB + 9},-4"
        answer = self.get(self.daemon_, "/large", Range=asked)
        self.assertEqual(answer.code, 206)
        self.assertEqual(str(len(answer.body)), answer.fields["Content-Length"])
        self.assertIn(b"Content-Range: bytes %d-%d/%d\r\n\r\n\0\0\0\r\n"
                      % (4 * GIB + 7, 4 * GIB + 9, self.SIZE), answer.body)  # fmt: skip
        self.assertIn(b"\r\n\r\n end\r\n--", answer.body)

    def test_head_and_if_range(self) -> None:
        head = ask(self.daemon_, "HEAD", "/large")
        self.assertEqual(head.fields["Content-Length"], str(self.SIZE))
        ranged = {"Range": "bytes=-4"}
        head_ranged = ask(self.daemon_, "HEAD", "/large", None, ranged)
        self.assertEqual(head_ranged.code, 200)
        self.assertEqual(head_ranged.fields["Content-Length"], str(self.SIZE))
        tag, date = head.fields["ETag"] or "", head.fields["Last-Modified"] or ""
        for still in (tag, date):
            answer = self.get(self.daemon_, "/large", If_Range=still, **ranged)
            self.assertEqual((answer.code, answer.body), (206, b" end"))

    def test_whole_file_is_sent_when_if_range_does_not_match(self) -> None:
        with self.at_rest(self.daemon_):
            for other in ('"x"', formatdate(0, usegmt=True)):
                with connect(self.daemon_.port) as client:
                    client.sendall(
                        request("/large", "Range: bytes=-4", f"If-Range: {other}")
                    )
                    answers = ResponseReader()
                    while not answers.responses:
                        answers.feed(client.recv(1000))
                    self.assertEqual(answers.codes, [200])
                    length = answers.responses[0].fields["content-length"]
                    self.assertEqual(length, str(self.SIZE))

    def test_size_of_a_large_file_is_listed(self) -> None:
        (size,) = {e["size"] for e in self.listed(self.static("--listing"))}
        self.assertEqual(size, self.SIZE)


class EmptyTests(TreeCase):
    """A file without a byte."""

    def test_ranges(self) -> None:
        self.file("empty", b"")
        static = self.static()
        for asked in ("bytes=0-", "bytes=-5"):
            answer = self.get(static, "/empty", Range=asked)
            self.assertEqual((asked, answer.code), (asked, 416))
            self.assertEqual(answer.fields["Content-Range"], "bytes */0")
        answer = self.get(static, "/empty")
        self.assertEqual((answer.code, answer.fields["Content-Length"]), (200, "0"))


class StartTests(OptionCase):
    """What is said at the start, and ``--check``."""

    def said(self, daemon: Daemon, *texts: str) -> None:
        for text in texts:
            self.assertIn(text, daemon.output())

    def test_log_tells_that_only_this_machine_can_reach_it(self) -> None:
        static = self.daemon("static", "--root", "www", "--port", "0")
        line = static.wait_for("Serving ")
        self.assertIn(str(self.root), line)
        static.ready()
        self.assertTrue(static.url.startswith("http://127.0.0.1:"))
        self.said(static, "Only this machine can reach it.")

    def test_log_tells_urls_for_the_network(self) -> None:
        for interface in ("any-v4", "any-v6"):
            static = self.serve("static", "--interface", interface)
            text = "The network can reach it, for instance at "
            (line,) = (line for line in static.lines if "reach it" in line)
            if "Only this machine" in line:
                print("NOT TESTED: the network; this machine has no address in one")
                continue
            for url in line.partition(text)[2].split(", "):
                self.assertRegex(url, rf"^http://.+:{static.port}/$")
                self.assertNotIn("127.0.0.1", url)

    def check(self, *line: str) -> str:
        """What ``--check`` says of a *line* that is right; it ends at once."""
        daemon = self.started(*TWISTD, "static", "--check", *line)
        self.assertEqual(daemon.ended(), 0, daemon.output())
        self.assertEqual(daemon.errors(), "")
        self.assertNotIn("Listening on", daemon.output())
        return daemon.output()

    def test_check_tells_what_is_wrong_and_ends(self) -> None:
        own = Authority("localhost")
        (self.here / "cert.pem").write_bytes(own.pem())
        (self.here / "key.pem").write_bytes(own.key_pem())
        (self.here / "other.pem").write_bytes(Authority("other").key_pem())
        (self.here / "junk.pem").write_bytes(b"junk")
        good = "https:0:cert=cert.pem:key=key.pem"
        self.check("--root", "www", "--listen", good, "--host", "a.example=www")
        with connect(self.static().port) as taken:
            self.check("--port", str(taken.getpeername()[1]))
        for line in [
            ("--root", "nowhere"),
            ("--listen", "https:0:cert=nowhere.pem:key=key.pem"),
            ("--bogus",),
        ]:
            said = self.refuses("static", "--check", *line)
            self.assertNotIn("Serving", said)
        for line in [
            ("--root", f"{self.here}/cert.pem"),
            ("--links", "some"),
            ("--prefix", "files"),
            ("--listen", "https:0:cert=junk.pem:key=key.pem"),
            ("--listen", "https:0:cert=cert.pem:key=other.pem"),
            ("--listen", "https:0:cert=cert.pem"),
        ]:
            at = [part.replace("=", f"={self.here}/") for part in line]
            self.complaint("--check", *at)

    def test_wrong_links_policy_is_named(self) -> None:
        self.assertIn("--links", self.refuses("static", "--links", "some"))

    def test_pipelined_requests_and_http_1_0(self) -> None:
        self.file("small", b"small")
        self.file("large", b"l" * 100_000)
        static = self.static()
        asked = [
            request("/small"), request("/large"), request("/large", "Range: bytes=-3"),
            request("/small", "Range: bytes=9-"), request("/nothing"),
            request("/large", "Range: bytes=0-1,50000-50001"), request("/small"),
            request("/small", "If-None-Match: *"), request("/small", "If-Match: *"),
            b"HEAD /large HTTP/1.1\r\nHost: a\r\nRange: bytes=0-0\r\n\r\n",
            b"DELETE /large HTTP/1.1\r\nHost: a\r\n\r\n",
            request("/large", last=True),
        ]  # fmt: skip
        methods = ["GET"] * 9 + ["HEAD", "DELETE", "GET"]
        with self.at_rest(static):
            answers = ResponseReader(methods)
            answers.feed(exchange(static.port, b"".join(asked)))
            answers.end()
            codes = [200, 200, 206, 416, 404, 206, 200, 304, 200, 200, 405, 200]
            self.assertEqual(answers.codes, codes)
            self.assertEqual(len(answers.responses[-1].body), 100_000)
            for line in (
                b"GET /large HTTP/1.0\r\n\r\n",
                b"HEAD /large HTTP/1.0\r\n\r\n",
            ):
                came = exchange(static.port, line)
                self.assertIn(b"Content-Length: 100000\r\n", came)
                body = came.partition(b"\r\n\r\n")[2]
                self.assertEqual(len(body), 100_000 if line[:1] == b"G" else 0)

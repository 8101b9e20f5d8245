"""
Any bytes taken apart, and the same bytes read by the wire.
"""

from __future__ import annotations

from math import inf
from time import process_time

from hypothesis import given
from hypothesis import strategies as some

from dartio_tut.anatomy import SentBy, part_list, take_apart

from .support.any_input import usual
from .support.two_readings import difference, wire_reading
from .test_anatomy import CHUNKED, GET, AnatomyCase
from .test_anatomy_words import BROWSER
from .test_wire_fuzz import chunked, streams

USUAL_SECONDS = 0.0003
"""For 500 bytes of a browser: three times what a busy machine takes."""

responses = some.tuples(
    some.sampled_from([b"", b"HTTP/1.1 100 \r\n\r\n", b"HTTP/1.1 103 x\r\nA:\r\n\r\n"]),
    some.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.0 404 ", b"HTTP/1.1 20", b"HTTP"]),
    some.sampled_from([b"\r\n", b"\n", b""]),
    some.sampled_from(
        [
            b"",
            b"Content-Length: 3\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b" x\n",
            b":",
        ]
    ),
    some.sampled_from([b"\r\n", b"\n", b"\r", b""]),
    chunked(),
).map(b"".join)

pieces = some.lists(
    some.sampled_from(
        [
            *[b"\r", b"\n", b"\r\n", b"\r\n\r\n", b" ", b"\t", b"\x00", b":", b"*"],
            *[b"GET", b"/", b"HTTP/1.1", b"Host", b"a", b"0", b"5"],
            *[b"Content-Length: 5", b"Transfer-Encoding: chunked"],
            b"GET / HTTP/1.1\r\nHost: a\r\n",
        ]
    ),
    max_size=14,
).map(b"".join)


class AnyBytesTests(AnatomyCase):
    """Each byte is in one part, and nothing raises."""

    def check(self, raw: bytes, sent_by: SentBy) -> None:
        """Take *raw* apart twice, in each way."""
        for has_ended in (False, True):
            for method in (b"GET", b"HEAD", b"CONNECT"):
                first, second = (
                    self.take(raw, sent_by, request_method=method, has_ended=has_ended)
                    for _ in range(2)
                )
                self.assertEqual(first, second)

    @usual
    @given(some.binary(max_size=200))
    def test_noise(self, raw: bytes) -> None:
        self.check(raw, "client")
        self.check(raw, "server")

    @usual
    @given(streams())
    def test_requests_mostly_good(self, raw: bytes) -> None:
        self.check(raw, "client")

    @usual
    @given(responses)
    def test_responses_mostly_good(self, raw: bytes) -> None:
        self.check(raw, "server")

    @usual
    @given(streams(), some.integers(0, 300))
    def test_more_bytes_change_no_part_before_the_last_line(
        self, raw: bytes, at: int
    ) -> None:
        part = self.take(raw[:at])
        whole = self.take(raw)
        last_line = raw.rfind(b"\n", 0, at) + 1
        kinds = {(one.start, one.end): one.kind for one in whole.parts}
        for one in part.parts[:-1]:
            if one.end <= last_line:
                self.assertEqual(kinds.get((one.start, one.end)), one.kind, one)


class TwoReadersTests(AnatomyCase):
    """The wire and the anatomy read the same."""

    @usual
    @given(some.one_of(streams(), pieces))
    def test_they_see_the_same_ends_and_faults(self, raw: bytes) -> None:
        self.assertEqual(difference(raw), "")

    @usual
    @given(chunked())
    def test_they_read_chunks_alike(self, body: bytes) -> None:
        self.assertEqual(difference(CHUNKED + body), "")

    def test_a_difference_is_told(self) -> None:
        self.assertIn("the wire", difference(CHUNKED + b"5;a=%b\r\n" % (b"b" * 2000)))
        self.assertEqual(wire_reading(GET + GET).ends, [len(GET), 2 * len(GET)])


class LinearTests(AnatomyCase):
    """Time grows with the bytes, and parts are not without number."""

    def seconds(self, raw: bytes, sent_by: SentBy) -> float:
        """The processor's time to take *raw* apart."""
        began = process_time()
        take_apart(raw, sent_by)
        return process_time() - began

    def best(self, tries: int, limit: float, raw: bytes, sent_by: SentBy) -> float:
        """The least time of so many *tries*, or the first that is below the *limit*."""
        least = inf
        for _ in range(tries):
            least = min(least, self.seconds(raw, sent_by))
            if least < limit:
                break
        return least

    def test_eight_times_the_bytes_take_about_eight_times_as_long(self) -> None:
        head = b"GET / HTTP/1.1\r\n"
        for start, piece, sent_by in (
            (CHUNKED, b"1\r\na\r\n", "client"),
            (CHUNKED + b"5", b";a=b", "client"),
            (CHUNKED + b"5", b';a="\\""', "client"),
            (head, b"a:\r\n", "client"),
            (head, b"a:\n", "client"),
            (head, b" \n", "client"),
            (head, b"\r", "client"),
            (head + b"a:", b" ", "client"),
            (head + b"a:", b" a", "client"),
            (head, b"a ", "client"),
            (b"", b"\r\n", "client"),
            (b"", b" ", "client"),
            (b"", b"a", "client"),
            (b"GET ", b" a", "client"),
            (b"", b"HTTP/1.1 100 \r\n\r\n", "server"),
            (b"HTTP/1.1 ", b" ", "server"),
        ):
            who: SentBy = "client" if sent_by == "client" else "server"
            count = 1_000 // len(piece)
            small = self.best(3, 0, start + piece * count, who)
            # Quadratic time would be 64 times as much.
            limit = 24 * small + 0.002
            large = self.best(3, limit, start + piece * count * 8, who)
            self.assertLess(large, limit, piece)

    def test_a_usual_request_takes_tenths_of_a_millisecond_at_most(self) -> None:
        take_apart(BROWSER, "client")  # reads the word list
        limit = USUAL_SECONDS * len(BROWSER) / 500
        self.assertLess(self.best(300, limit, BROWSER, "client"), limit)

    def test_what_is_too_much_to_show_is_one_part(self) -> None:
        most = 1000
        self.patch(part_list, "MAX_PARTS", most)
        many = most // 3
        chunks = CHUNKED + b"1\r\na\r\n" * many + b"0\r\nT: 1\r\n\r\n" + GET
        fields = GET[:-2] + b"a:b\r\n" * many + b"Content-Length: 2\r\n\r\nhi"
        interim = b"HTTP/1.1 100 \r\n\r\n" * many
        final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
        for raw, who, kind, last in (
            (chunks, "client", "more-chunks", "next-message"),
            (fields, "client", "more-fields", "body"),
            (interim + final, "server", "more-responses", "body"),
        ):
            message = self.take(raw, "client" if who == "client" else "server")
            kinds = [part.kind for part in message.parts]
            self.assertLess(len(kinds), most + 50)
            self.assertEqual(kinds.count(kind), 1)
            self.assertEqual(kinds[-1], last)
            self.assertTrue(message.is_complete)
            self.assertEqual(message.fault, "")

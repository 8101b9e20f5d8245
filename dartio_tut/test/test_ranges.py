"""
`dartio_tut.resources.ranges`.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources.ranges import MAX_RANGES, parse_ranges

from .support.any_input import usual

BYTE = st.integers(0, 30)


class RangesTests(SynchronousTestCase):
    """Which parts of ten bytes are asked for."""

    def test_ranges_become_offsets_and_lengths(self) -> None:
        for asked, parts in [
            (b"bytes=2-4", [(2, 3)]),
            (b"Bytes = 2-4", [(2, 3)]),
            (b"bytes=8-", [(8, 2)]),
            (b"bytes=-3", [(7, 3)]),
            (b"bytes=-300", [(0, 10)]),
            (b"bytes=5-99", [(5, 5)]),
            (b"bytes=007-0008", [(7, 2)]),
            (b"bytes=0-" + b"9" * 400, [(0, 10)]),
            (b"bytes=0-1,4-5", [(0, 2), (4, 2)]),
            (b"bytes=4-5,0-1", [(4, 2), (0, 2)]),
            (b"bytes=, 0-1 ,\t,4-5,", [(0, 2), (4, 2)]),
            (b"bytes=-1,0-0", [(9, 1), (0, 1)]),
            (b"bytes=0-4,2-6", [(0, 7)]),
            (b"bytes=5-,0-4", [(0, 10)]),
            (b"bytes=0-1,2-3,7-8,7-7", [(0, 4), (7, 2)]),
            (b"bytes=0-1,99-", [(0, 2)]),
        ]:
            self.assertEqual(
                (asked, list(parse_ranges(asked, 10) or ())), (asked, parts)
            )

    def test_ranges_beyond_the_end_are_unsatisfiable(self) -> None:
        for asked in (
            b"bytes=10-", b"bytes=10-12", b"bytes=-0", b"bytes=10-,99-",
            b"bytes=" + b"9" * 400 + b"-",
        ):  # fmt: skip
            self.assertEqual((asked, parse_ranges(asked, 10)), (asked, []))
        self.assertEqual(parse_ranges(b"bytes=0-", 0), [])
        self.assertEqual(parse_ranges(b"bytes=-1", 0), [])

    def test_malformed_ranges_are_ignored(self) -> None:
        for asked in (
            b"", b"bytes", b"bytes=", b"bytes=,", b"lines=0-1", b"bytes=4-2",
            b"bytes=0-1,4-2", b"bytes=a-b", b"bytes=+0-3", b"bytes=0_0-3",
            b"bytes=0-1;4-5", b"bytes=--1", b"bytes=-", b"bytes=1", b"bytes=0-1-2",
            "bytes=\u0663-".encode(),
        ):  # fmt: skip
            self.assertIsNone(parse_ranges(asked, 10), asked)

    def test_too_many_ranges_are_ignored(self) -> None:
        some = b"bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(0, 200, 2))
        self.assertEqual(len(parse_ranges(some, 1000) or ()), MAX_RANGES)
        self.assertIsNone(parse_ranges(some + b",900-", 1000))
        self.assertIsNone(parse_ranges(b"bytes=" + b"," * 30000, 1000))

    @usual
    @given(
        st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30))), st.integers(1, 20)
    )
    def test_each_byte_that_is_asked_for_is_sent_once(
        self, asked: list[tuple[int, int]], size: int
    ) -> None:
        specs = [(a, b) for a, b in asked if a <= b]
        field = b"bytes=" + b",".join(b"%d-%d" % spec for spec in specs)
        wanted = {n for a, b in specs for n in range(a, b + 1) if n < size}
        parts = parse_ranges(field, size) or ()
        sent = [n for offset, length in parts for n in range(offset, offset + length)]
        self.assertEqual(sorted(sent), sorted(wanted))

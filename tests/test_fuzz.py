"""
The rows of the conformance table, changed a little: whatever comes of it, only answers
and closes go out, and the same whole as in pieces.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from dartio_tut.test.support.any_input import examples
from dartio_tut.test.test_wire_fuzz import FuzzCase, cut, cuts

from .test_conformance import MEMORY, rows

LONGEST = 2000
"""Bytes of the rows that are changed: the others are about sizes."""

usual = examples(1500)

requests = some.sampled_from(
    [row.request for row in rows(MEMORY) if 0 < len(row.request) <= LONGEST]
)

odd = some.one_of(
    some.sampled_from([b"\r\n", b"\n", b"\r", b"\x00", b" ", b"\t", b":", b";", b","]),
    some.sampled_from(
        [b"0\r\n\r\n", b"Host: b\r\n", b"Content-Length: 1\r\n", b"close"]
    ),
    some.binary(min_size=1, max_size=3),
)


@some.composite
def changed(draw: Any) -> bytes:
    """A row with up to three changes, perhaps with another behind it."""
    data: bytes = draw(requests)
    for _ in range(draw(some.integers(0, 3))):
        at = draw(some.integers(0, len(data)))
        gone = draw(some.integers(0, 3))
        what = draw(some.one_of(some.just(b""), odd))
        data = data[:at] + what + data[at + gone :]
    if draw(some.booleans()):
        data += draw(requests)
    return data


class ChangedRowsTests(FuzzCase):
    """A channel that is sent what is nearly a row."""

    @usual
    @given(changed(), cuts)
    def test_changed_rows_of_the_table_lead_to_responses_and_closes_only(
        self, data: bytes, at: list[int]
    ) -> None:
        self.same(data, cut(data, at))

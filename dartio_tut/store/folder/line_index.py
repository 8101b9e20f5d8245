"""
Where the lines of a file begin: eight bytes for each line, and every line is found at
once.

Rule: an index only grows, by whole lines. A file that was changed gets a new index, so
that a thread can read with the old one while another thread makes the new one.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable
from io import BytesIO
from itertools import accumulate, islice

from ..lines import BYTE_ORDER_MARK, DELETED_LINE, is_deleted

BLOCK_BYTES = 256 * 1024
"""Read at a time: that takes a millisecond, and then other threads can go on."""


_DELETED = DELETED_LINE + b" "


class LineIndex:
    """
    The lines of a file; a last one without its line feed counts.

    :ivar blank_bytes: the blanks in lines of deleted notes: nothing is stored there.
    """

    def __init__(self) -> None:
        self.blank_bytes = 0
        # Where each line begins, and where the last one ends.
        self._starts = array("Q", (0,))
        self._open = False

    def __len__(self) -> int:
        return len(self._starts) - 1

    @property
    def end(self) -> int:
        """How many bytes of the file it knows."""
        return self._starts[-1]

    @property
    def last_is_open(self) -> bool:
        """Whether the last line has no line feed at its end."""
        return self._open

    def line(self, number: int) -> tuple[int, int]:
        """Where line *number* begins and ends."""
        return self._starts[number], self._starts[number + 1]

    def lines(self, first: int, last: int) -> tuple[int, int]:
        """Where line *first* begins, and line *last* would."""
        return self._starts[first], self._starts[last]

    def add(self, sizes: Iterable[int]) -> None:
        """Add lines of those *sizes*, line feeds included."""
        ends = accumulate(sizes, initial=self._starts[-1])
        self._starts.extend(islice(ends, 1, None))

    def end_line(self) -> None:
        """The last line got its line feed."""
        self._starts[-1] += 1
        self._open = False

    def scan(self, descriptor: int, size: int) -> None:
        """Add the lines that the file has between what is known and *size*."""
        offset, ended = self.end, True
        if offset == 0 and os.pread(descriptor, 3, 0) == BYTE_ORDER_MARK:
            self._starts[0] = offset = len(BYTE_ORDER_MARK)
        begun = b""
        while offset < size:
            block = os.pread(descriptor, min(BLOCK_BYTES, size - offset), offset)
            if not block:
                break
            begun = self._count_blanks(begun, block)
            ends = array("Q", accumulate(map(len, BytesIO(block)), initial=offset))
            offset += len(block)
            ended = block.endswith(b"\n")
            if not ended:
                ends.pop()
            self._starts.extend(ends[1:])
        self._open = not ended
        self._count_blanks(begun, b"\n")
        if self._open:
            self._starts.append(offset)

    def _count_blanks(self, begun: bytes, block: bytes) -> bytes:
        """
        Count the blanks of deleted notes in the lines that end in *block*.

        :param begun: what the block before returned: the beginning of the first line,
            if it may be that of a deleted note.
        """
        if begun or _DELETED in block:
            for line in BytesIO(begun + block):
                if line.endswith(b"\n") and is_deleted(line):
                    self.blank_bytes += line.count(b" ")
            block = begun + block
        last = block[block.rfind(b"\n") + 1 :]
        return last if is_deleted(last) or _DELETED.startswith(last) else b""

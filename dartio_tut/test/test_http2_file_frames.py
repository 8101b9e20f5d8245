"""
`dartio_tut.wire.http2.file_frames`: files are read between the heads of frames.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import TestCase

from dartio_tut.wire.http2.engine import FRAME_BYTES
from dartio_tut.wire.http2.file_frames import (
    MAX_BYTES_BEFORE,
    MAX_FILE_PART_BYTES,
    frames_of_file,
)
from dartio_tut.wire.http2.frames import DATA, END_STREAM, frame

COUNTS = (
    1,
    FRAME_BYTES - 1,
    FRAME_BYTES,
    FRAME_BYTES + 1,
    3 * FRAME_BYTES,
    100 * 1024,
    MAX_FILE_PART_BYTES,
)


class FileFramesTests(TestCase):
    """`frames_of_file`."""

    def setUp(self) -> None:
        path = Path(self.mktemp())
        self.content = os.urandom(2 * MAX_FILE_PART_BYTES)
        path.write_bytes(self.content)
        self.descriptor = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, self.descriptor)

    def expected(self, offset: int, count: int, is_last: bool) -> bytes:
        """The same frames, made one by one."""
        frames = []
        for start in range(offset, offset + count, FRAME_BYTES):
            end = min(start + FRAME_BYTES, offset + count)
            flags = END_STREAM if is_last and end == offset + count else 0
            frames.append(frame(DATA, 77, self.content[start:end], flags))
        return b"".join(frames)

    def test_parts_of_all_sizes_are_those_that_are_made_one_by_one(self) -> None:
        """Each is made after another, of which nothing is left."""
        for count in (*COUNTS, *reversed(COUNTS)):
            for offset, is_last, before in (
                (0, True, b""),
                (5, False, b"before"),
                (MAX_FILE_PART_BYTES, True, bytes(MAX_BYTES_BEFORE)),
            ):
                part = self.descriptor, offset, count, is_last
                made = frames_of_file(77, part, before)
                assert made is not None
                expected = before + self.expected(offset, count, is_last)
                self.assertEqual(bytes(made), expected, (count, offset))

    def test_file_that_has_fewer_bytes_gives_none(self) -> None:
        size = len(self.content)
        for offset, count in ((size - 5, 6), (size, 1), (size - 100, 100_000)):
            part = self.descriptor, offset, count, True
            self.assertIsNone(frames_of_file(77, part, b""))

    def test_file_that_cannot_be_read_gives_none(self) -> None:
        folder = os.open(".", os.O_RDONLY)
        self.addCleanup(os.close, folder)
        self.assertIsNone(frames_of_file(77, (folder, 0, 1, True), b""))

"""
Content codings: what is decoded, what is refused, and that bombs fill no memory.
"""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.clients.web.codings import (
    PIECE_BYTES,
    ContentDecoder,
    ContentError,
    _zstd_module,
)

BOMB_BYTES = 2 << 20

TEXT = b"Hello, world! " * 100 + bytes(range(256)) * 40


def raw_deflate(data: bytes) -> bytes:
    """*data* as a deflate stream without zlib's head and checksum."""
    return zlib.compress(data)[2:-4]


def zstd(data: bytes) -> bytes:
    """*data* as a zstd frame, with a checksum."""
    module = _zstd_module()
    options = {module.CompressionParameter.checksum_flag: 1}
    compressed: bytes = module.compress(data, options=options)
    return compressed


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd,
}


def decoded(content: bytes, *codings: str, step: int = 0) -> bytes:
    """*content* without its *codings*, when *step* bytes come at a time."""
    decoder = ContentDecoder(codings)
    step = step or len(content) or 1
    pieces: list[bytes] = []
    for start in range(0, len(content), step):
        pieces += decoder.decode(content[start : start + step])
    decoder.check_end()
    return b"".join(pieces)


class DecodingTests(SynchronousTestCase):
    """Content comes out as it went in."""

    def test_each_coding_whole_and_byte_by_byte(self) -> None:
        for coding, encode in ENCODERS.items():
            for step in (0, 1, 7):
                self.assertEqual(decoded(encode(TEXT), coding, step=step), TEXT)

    def test_deflate_without_zlib_head(self) -> None:
        for data in (TEXT, b"", b"a"):
            for step in (0, 1):
                content = raw_deflate(data)
                self.assertEqual(decoded(content, "deflate", step=step), data)

    def test_other_spellings(self) -> None:
        content = gzip.compress(TEXT)
        for name in ("GZIP", "x-gzip", "X-GZip", " gzip\t"):
            self.assertEqual(decoded(content, name), TEXT)
        for names in (["identity"], [""], ["", "Identity"], []):
            self.assertEqual(decoded(TEXT, *names), TEXT)
            self.assertFalse(ContentDecoder(names))

    def test_several_members(self) -> None:
        for coding in ("gzip", "zstd"):
            content = ENCODERS[coding](b"one ") + ENCODERS[coding](b"two")
            for step in (0, 1):
                self.assertEqual(decoded(content, coding, step=step), b"one two")

    def test_zeros_may_follow_gzip(self) -> None:
        content = gzip.compress(TEXT) + b"\0" * 100
        for step in (0, 1):
            self.assertEqual(decoded(content, "gzip", step=step), TEXT)

    def test_several_codings(self) -> None:
        content = zstd(brotli.compress(gzip.compress(TEXT)))
        for step in (0, 1):
            self.assertEqual(decoded(content, "gzip", "br", "zstd", step=step), TEXT)

    def test_no_content_has_any_coding(self) -> None:
        for coding in ENCODERS:
            self.assertEqual(decoded(b"", coding), b"")


class BrokenContentTests(SynchronousTestCase):
    """Content that is not what it says is refused, and the reason told."""

    def fails(self, content: bytes, *codings: str) -> str:
        for step in (0, 1):
            with self.assertRaises(ContentError) as caught:
                decoded(content, *codings, step=step)
        return str(caught.exception)

    def test_cut_content_is_incomplete_wherever_it_is_cut(self) -> None:
        for coding, encode in ENCODERS.items():
            content = encode(TEXT)
            for length in (1, 2, len(content) // 2, len(content) - 1):
                said = self.fails(content[:length], coding)
                self.assertEqual(
                    said, f"incomplete: the {coding} content ends too early"
                )

    def test_cut_second_member_is_incomplete(self) -> None:
        for coding in ("gzip", "zstd"):
            content = ENCODERS[coding](TEXT) * 2
            self.assertIn("ends too early", self.fails(content[:-1], coding))

    def test_cut_inner_coding_is_incomplete(self) -> None:
        content = gzip.compress(brotli.compress(TEXT)[:-1])
        said = self.fails(content, "br", "gzip")
        self.assertEqual(said, "incomplete: the br content ends too early")

    def test_wrong_checksum_is_broken(self) -> None:
        for coding, from_end in (("gzip", 8), ("deflate", 1), ("zstd", 1)):
            content = bytearray(ENCODERS[coding](TEXT))
            content[-from_end] ^= 1
            said = self.fails(bytes(content), coding)
            self.assertTrue(said.startswith(f"the {coding} content is broken: "), said)

    def test_what_is_not_in_the_coding_is_broken(self) -> None:
        for coding in ENCODERS:
            said = self.fails(b"\xff\xfe<html>not compressed at all</html>", coding)
            self.assertIn(f"the {coding} content is broken: ", said)

    def test_something_behind_the_end_is_broken(self) -> None:
        for coding, encode in ENCODERS.items():
            self.fails(encode(TEXT) + b"more", coding)

    def test_unknown_coding_is_named(self) -> None:
        self.assertEqual(
            self.fails(b"", "gzip", "compress"),
            "the content coding 'compress' is not known",
        )

    def test_too_many_codings_are_refused(self) -> None:
        self.assertIn("more than 5 codings", self.fails(b"", *["gzip"] * 6))

    def test_zstd_window_is_bounded(self) -> None:
        module = _zstd_module()
        options = {
            module.CompressionParameter.window_log: 27,
            module.CompressionParameter.content_size_flag: 0,
        }
        compressor = module.ZstdCompressor(options=options)
        content = compressor.compress(b"x") + compressor.flush()
        self.assertIn("too much memory", self.fails(content, "zstd"))


class BombTests(SynchronousTestCase):
    """Little content that stands for much is given out in small pieces."""

    def test_pieces_are_small_and_made_when_asked_for(self) -> None:
        zeros = b"\0" * BOMB_BYTES
        bombs = {name: encode(zeros) for name, encode in ENCODERS.items()}
        del zeros
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for coding, bomb in bombs.items():
            decoder = ContentDecoder([coding])
            length = 0
            for piece in decoder.decode(bomb):
                self.assertLessEqual(len(piece), 2 * PIECE_BYTES)
                length += len(piece)
            decoder.check_end()
            self.assertEqual(length, BOMB_BYTES)
        _, peak = tracemalloc.get_traced_memory()
        self.assertLess(peak, BOMB_BYTES // 8)

"""
`dartio_tut.wire.http2.header_compression`: what the engine by ``h2`` does by itself.
"""

from __future__ import annotations

import random

from hpack import Decoder, Encoder
from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.wire.http2.engine import ConnectionFault, ErrorCode
from dartio_tut.wire.http2.header_compression import KeepingDecoder, StaticEncoder

from .support.any_input import usual

Section = list[tuple[bytes, bytes]]

names = some.sampled_from([b":path", b":method", b"cookie", b"x-a", b"x-b", b"accept"])
values = some.sampled_from(
    [b"", b"GET", b"/", b"a", b"b" * 40, b"c" * 2000, b"d" * 4090]
)
sections = some.lists(some.tuples(names, values), max_size=6)


class DecoderTests(SynchronousTestCase):
    """What is kept of sections never differs from what they say."""

    @usual
    @given(some.lists(sections, max_size=12), some.integers(0, 2**32))
    def test_kept_sections_mean_what_they_say(
        self, said: list[Section], seed: int
    ) -> None:
        chance = random.Random(seed)
        encoder, decoder = Encoder(), KeepingDecoder(1 << 20)
        for section in said * 2:
            if chance.random() < 0.2:
                encoder.header_table_size = chance.choice([0, 60, 200, 4096])
            decoder.decode(bytes(encoder.encode(section)))
            self.assertEqual([tuple(field) for field in decoder.fields], section)

    def test_same_bytes_mean_something_else_when_the_table_has_changed(self) -> None:
        decoder = KeepingDecoder(1 << 20)
        first, second = b"\x40\x01x\x01a", b"\x40\x01y\x01b"
        for added, field in ((first, (b"x", b"a")), (second, (b"y", b"b"))):
            decoder.decode(added)
            for _ in range(2):
                decoder.decode(b"\xbe")
                self.assertEqual(decoder.fields, (field,))

    def test_entries_that_evict_each_other_are_told_apart(self) -> None:
        decoder = KeepingDecoder(1 << 20)
        small = b"\x3f\x2b"  # a table of 74 bytes holds two of these entries at most
        decoder.decode(small + b"\x40\x01a\x28" + b"1" * 40)
        decoder.decode(b"\xbe")
        evicting = b"".join(b"\x40\x01%c\x28%b" % (c, b"2" * 40) for c in b"bcde")
        decoder.decode(evicting)
        decoder.decode(b"\xbe")
        self.assertEqual(decoder.fields, ((b"e", b"2" * 40),))

    def test_faults_end_the_connection_with_their_codes(self) -> None:
        for data, code in [
            (b"\xff", ErrorCode.COMPRESSION_ERROR),
            (b"\x80", ErrorCode.COMPRESSION_ERROR),
            (b"\x00\x01x\x7f\x80\x08" + b"v" * 1151, ErrorCode.ENHANCE_YOUR_CALM),
        ]:
            error = self.assertRaises(
                ConnectionFault, KeepingDecoder(1000).decode, data
            )
            self.assertEqual(error.code, code)


class EncoderTests(SynchronousTestCase):
    """Sections have the same bytes on every connection."""

    @usual
    @given(some.lists(sections, max_size=5), some.sampled_from([0, 100, 4096]))
    def test_decoders_understand_them_whatever_their_table(
        self, said: list[Section], size: int
    ) -> None:
        encoder, decoder = StaticEncoder(), Decoder(1 << 20)
        encoder.header_table_size = size
        decoder.max_allowed_table_size = size
        for section in said:
            data = encoder.encode(tuple(section))
            found = [tuple(field) for field in decoder.decode(data, raw=True)]
            self.assertEqual(found, section)

    def test_nothing_enters_a_table(self) -> None:
        encoder, decoder = StaticEncoder(), Decoder()
        for _ in range(2):
            decoder.decode(encoder.encode(((b":status", b"200"), (b"x", b"y"))))
            self.assertEqual(len(decoder.header_table.dynamic_entries), 0)

"""
`dartio_tut.wire.http2.header_decoder`, `huffman` and `header_compression`: beside the
library ``hpack``.
"""

from __future__ import annotations

import random

from hpack import Decoder, Encoder, HPACKError
from hpack.huffman import HuffmanEncoder
from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH
from hpack.huffman_table import decode_huffman
from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.wire.http2 import huffman
from dartio_tut.wire.http2.engine import ConnectionFault, ErrorCode
from dartio_tut.wire.http2.header_compression import (
    MAX_KEPT_SECTIONS_BYTES,
    NO_TABLE,
    EncodedSections,
    HeaderSection,
    compressed,
    encoded_fields,
)
from dartio_tut.wire.http2.header_decoder import MAX_KEPT_SECTIONS, HeaderDecoder

from .support.any_input import usual

Section = list[tuple[bytes, bytes]]

names = some.sampled_from([b":path", b":method", b"cookie", b"x-a", b"x-b", b"accept"])
values = some.sampled_from(
    [b"", b"GET", b"/", b"a", b"b" * 40, b"c" * 2000, b"d" * 4090]
)
sections = some.lists(some.tuples(names, values), max_size=6)


library_code = HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH)


def a_decoder(
    max_bytes: int = 1 << 20,
) -> HeaderDecoder[tuple[tuple[bytes, bytes], ...]]:
    """A decoder that gives the fields themselves."""
    return HeaderDecoder(max_bytes, 1 << 20, lambda fields: fields)


class DecoderTests(SynchronousTestCase):
    """What is kept of sections never differs from what they say."""

    @usual
    @given(some.lists(sections, max_size=12), some.integers(0, 2**32))
    def test_kept_sections_mean_what_they_say(
        self, said: list[Section], seed: int
    ) -> None:
        chance = random.Random(seed)
        encoder, decoder = Encoder(), a_decoder()
        for section in said * 2:
            if chance.random() < 0.2:
                encoder.header_table_size = chance.choice([0, 60, 200, 4096])
            # To compress long values takes the library a millisecond each.
            is_huffman = chance.random() < 0.2
            found = decoder.decode(bytes(encoder.encode(section, is_huffman)))
            self.assertEqual(found, tuple(section))

    def test_same_bytes_mean_something_else_when_the_table_has_changed(self) -> None:
        decoder = a_decoder()
        first, second = b"\x40\x01x\x01a", b"\x40\x01y\x01b"
        for added, field in ((first, (b"x", b"a")), (second, (b"y", b"b"))):
            decoder.decode(added)
            for _ in range(2):
                self.assertEqual(decoder.decode(b"\xbe"), (field,))

    def test_entries_that_evict_each_other_are_told_apart(self) -> None:
        decoder = a_decoder()
        small = b"\x3f\x2b"  # a table of 74 bytes holds two of these entries at most
        decoder.decode(small + b"\x40\x01a\x28" + b"1" * 40)
        decoder.decode(b"\xbe")
        evicting = b"".join(b"\x40\x01%c\x28%b" % (c, b"2" * 40) for c in b"bcde")
        decoder.decode(evicting)
        self.assertEqual(decoder.decode(b"\xbe"), ((b"e", b"2" * 40),))

    def test_faults_end_the_connection_with_their_codes(self) -> None:
        huge = b"\x00\x01x\x7f\x80\x08" + b"v" * 1151
        faults = [
            b"\xff",  # a number that is cut off
            b"\xff\x80\x80\x80\x80\x80\x01",  # a huge one
            b"\x80",  # the index 0
            b"\xbe",  # an entry that is not there
            b"\x7e\x01a",  # a name that is not there
            b"\x00\x02x",  # a string that is cut off
            b"\x00\x01x\x81\x00",  # Huffman code with a padding of zeros
            b"\x00\x01x\x82\xff\xff",  # ... of more than seven bits
            b"\x00\x01x\x84\xff\xff\xff\xfc",  # ... with the symbol of its end
            b"\x3f\xe2\x1f",  # a table of 4097 bytes
            b"\x82\x20",  # a change of the table behind a field
        ]
        for data in faults:
            error = self.assertRaises(ConnectionFault, a_decoder(1000).decode, data)
            self.assertEqual(error.code, ErrorCode.COMPRESSION_ERROR, data)
        error = self.assertRaises(ConnectionFault, a_decoder(1000).decode, huge)
        self.assertEqual(error.code, ErrorCode.ENHANCE_YOUR_CALM)

    def test_what_was_read_of_a_section_is_kept_and_nothing_of_others(self) -> None:
        said: list[object] = []

        def read(fields: object) -> None:
            said.append(fields)

        forgetful: HeaderDecoder[None] = HeaderDecoder(1000, 100, read)
        for _ in range(2):
            forgetful.decode(b"\x82")
        self.assertEqual(len(said), 2)  # the reader gave None
        decoder = a_decoder()
        first = decoder.decode(b"\x82")
        self.assertIs(decoder.decode(b"\x82"), first)
        for number in range(3 * MAX_KEPT_SECTIONS):
            decoder.decode(b"\x04\x02%02x" % number)
        decoder.decode(b"\x04\x7f\xa1\x0f" + b"p" * 2080)
        self.assertEqual(len(decoder.kept), MAX_KEPT_SECTIONS)
        self.assertTrue(all(len(block) < 2000 for block in decoder.kept))

    @usual
    @given(some.binary(max_size=30), some.booleans())
    def test_huffman_code_is_read_as_the_library_reads_it(
        self, data: bytes, is_code: bool
    ) -> None:
        code = data if is_code else library_code.encode(data)
        try:
            expected = decode_huffman(code)
        except HPACKError:
            self.assertRaises(huffman.MalformedCode, huffman.decoded, code)
        else:
            self.assertEqual(huffman.decoded(code), expected)

    @usual
    @given(some.binary(max_size=40))
    def test_any_bytes_mean_what_they_mean_to_the_library(self, data: bytes) -> None:
        decoder, library = a_decoder(), Decoder(1 << 20)
        for block in (b"\x40\x01a\x01b\x40\x01c\x01d", data, b"\xbe\xbf"):
            try:
                expected = tuple(map(tuple, library.decode(block, raw=True)))
            except (HPACKError, IndexError, ValueError):
                self.assertRaises(ConnectionFault, decoder.decode, block)
                return
            self.assertEqual(decoder.decode(block), expected)


class EncoderTests(SynchronousTestCase):
    """Sections have the same bytes on every connection."""

    @usual
    @given(some.lists(sections, max_size=5), some.sampled_from([0, 100, 4096]))
    def test_decoders_understand_them_whatever_their_table(
        self, said: list[Section], size: int
    ) -> None:
        decoder = Decoder(1 << 20)
        decoder.max_allowed_table_size = size
        decoder.decode(NO_TABLE)
        for section in said:
            data = encoded_fields(tuple(section))
            self.assertEqual(compressed(HeaderSection(tuple(section))), data)
            found = [tuple(field) for field in decoder.decode(data, raw=True)]
            self.assertEqual(found, section)

    def test_what_is_kept_is_bounded_by_its_bytes(self) -> None:
        kept = EncodedSections()
        for number in range(2_000):
            fields = ((b":status", b"200"), (b"x", b"%d" % number * 500))
            self.assertEqual(kept.encoded(fields), encoded_fields(fields))
            self.assertLessEqual(kept.kept_bytes, MAX_KEPT_SECTIONS_BYTES)
        self.assertGreater(kept.kept_bytes, 0)

    def test_section_that_is_too_large_is_not_kept(self) -> None:
        kept = EncodedSections()
        kept.encoded(((b":status", b"200"), (b"location", b"x" * 8000)))
        kept.encoded(((b"x", b"y"),) * 100)
        self.assertEqual(kept.kept_bytes, 0)
        small = ((b":status", b"200"), (b"x", b"y"))
        self.assertIs(kept.encoded(small), kept.encoded(small))
        self.assertGreater(kept.kept_bytes, 0)

    def test_nothing_enters_a_table(self) -> None:
        decoder = Decoder()
        for _ in range(2):
            decoder.decode(encoded_fields(((b":status", b"200"), (b"x", b"y"))))
            self.assertEqual(len(decoder.header_table.dynamic_entries), 0)

"""
Chunked bodies, decoded however they are cut.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.wire.http1.chunked import (
    MAX_LINE_BYTES,
    MAX_TRAILER_BYTES,
    ChunkedDecoder,
)
from dartio_tut.wire.http1.protocol_error import ProtocolError


def decoded(*pieces: bytes) -> tuple[bytes, bytes, bool]:
    """The content in *pieces*, what is behind or unused, and whether it ended."""
    decoder, content, rest, ended = ChunkedDecoder(), b"", b"", False
    for piece in pieces:
        if ended:
            rest += piece
            continue
        parts, rest, ended = decoder.feed(rest + piece)
        content += b"".join(parts)
    return content, rest, ended


def singly(data: bytes) -> list[bytes]:
    """*data* byte by byte."""
    return [data[i : i + 1] for i in range(len(data))]


class ChunkedTests(SynchronousTestCase):
    """`ChunkedDecoder`."""

    def test_bodies_are_decoded_however_they_are_cut(self) -> None:
        for body, content in [
            (b"0\r\n\r\n", b""),
            (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
            (b"1\r\na\r\nB\r\nbcdefghijkl\r\n000\r\n\r\n", b"abcdefghijkl"),
            (b"2\r\n\r\n\r\n0\r\n\r\n", b"\r\n"),
            (b'1;a;b=c;d="e;\\""\r\nx\r\n0;last\r\n\r\n', b"x"),
            (b"1\r\nx\r\n0\r\nSum: 1\r\nEmpty:\r\n\r\n", b"x"),
        ]:
            self.assertEqual(decoded(body), (content, b"", True))
            self.assertEqual(decoded(*singly(body)), (content, b"", True))
            self.assertEqual(decoded(body + b"GET"), (content, b"GET", True))
            for cut in range(1, len(body)):
                self.assertEqual(decoded(body[:cut], body[cut:])[0], content)
                self.assertFalse(decoded(body[:cut])[2])

    def test_malformed_bodies_are_refused_however_they_are_cut(self) -> None:
        for body in [
            b"\r\n",
            b"x\r\n",
            b"-1\r\n",
            b"+1\r\n",
            b"0x1\r\n",
            b" 1\r\n",
            b"1 \r\n",
            b"1_0\r\n",
            b"1\n",
            b"1\r\nab\r\n",
            b"1\r\na\n0\r\n",
            b"1\r\na\rb",
            b"1;\r\n",
            b"1;=a\r\n",
            b'1;a="\r\n',
            b"1;a\x00\r\n",
            b"f" * 16 + b"\r\n",
            b"0\r\nno field\r\n",
            b"0\r\n folded: 1\r\n",
            b"0\r\nA : 1\r\n",
            b"0\r\nA: \x00\r\n",
            b"0\r\nA: 1\nB: 2\r\n",
        ]:
            self.assertRaises(ProtocolError, decoded, body)
            self.assertRaises(ProtocolError, decoded, *singly(body))

    def test_sizes_are_announced_before_the_data(self) -> None:
        decoder = ChunkedDecoder()
        decoder.feed(b"3\r\nabc\r\n")
        self.assertEqual(decoder.announced, 3)
        decoder.feed(b"ffffffff\r\n")
        self.assertEqual(decoder.announced, 3 + 0xFFFFFFFF)

    def test_lines_and_trailers_beyond_their_bounds_are_refused(self) -> None:
        long = b"1;a=" + b"x" * MAX_LINE_BYTES
        self.assertRaises(ProtocolError, decoded, long)
        self.assertRaises(ProtocolError, decoded, long + b"\r\n")
        self.assertRaises(ProtocolError, decoded, *singly(long))
        line = b"A: " + b"x" * 1000 + b"\r\n"
        many = b"0\r\n" + line * (MAX_TRAILER_BYTES // len(line) + 1)
        self.assertRaises(ProtocolError, decoded, many)
        self.assertRaises(
            ProtocolError, decoded, b"0\r\nA: " + b"x" * MAX_TRAILER_BYTES
        )

    def test_a_part_of_a_line_is_given_back(self) -> None:
        self.assertEqual(decoded(b"1\r\na\r\n5;x"), (b"a", b"5;x", False))

"""
`dartio_tut.resources.wire_view.kept_body`: what it costs to keep a body that comes in
many small pieces, and that its secrets stay masked.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources.wire_view import kept_body
from dartio_tut.resources.wire_view.kept_body import KEPT_BODY_BYTES, KeptBody

FEWER_BYTES = 1024
"""What is kept of bodies that come byte by byte here, which takes its time."""

MAX_LOOKED_AT_TIMES = 100
"""A body that is looked at anew with each byte that comes has 500 times its length
looked at."""

MASKS = ("mask_body", "mask_form", "mask_part")

PARAMETERS = b"token=12345678&a=b&"
FIELDS = b"Cookie: 12345678\nother: text\n"
TRAILERS = b"0\r\n" + b"Cookie: 12345678\r\na: b\r\n" * 200


class PiecesTests(SynchronousTestCase):
    """A body that comes in pieces."""

    def looked_at(self) -> list[int]:
        """The lengths of the texts that secrets are looked for in, from now on."""
        lengths: list[int] = []

        def counting(mask: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
            def masked(text: bytes) -> bytes:
                lengths.append(len(text))
                return mask(text)

            return masked

        for name in MASKS:
            self.patch(kept_body, name, counting(getattr(kept_body, name)))
        return lengths

    def kept(
        self, data: bytes, size: int, is_chunked: bool = False, is_form: bool = False
    ) -> KeptBody:
        """A body that has come in pieces of *size* bytes."""
        body = KeptBody(is_chunked, is_form)
        length = min(len(data), kept_body.KEPT_BODY_BYTES)
        for at in range(0, length, size):
            body.add(data[at : min(at + size, length)])
        return body

    def keep_fewer(self) -> None:
        """Keep `FEWER_BYTES` of each body, and look at as much fewer."""
        looked_at = kept_body.MAX_LOOKED_AT_BYTES * FEWER_BYTES // KEPT_BODY_BYTES
        self.patch(kept_body, "MAX_LOOKED_AT_BYTES", looked_at)
        self.patch(kept_body, "KEPT_BODY_BYTES", FEWER_BYTES)

    def test_a_body_byte_by_byte_is_not_looked_at_anew_for_each(self) -> None:
        self.keep_fewer()
        for data, is_chunked, is_form in (
            (PARAMETERS * 300, False, True),
            (FIELDS * 200, False, False),
            (TRAILERS, True, False),
            (b"1;token=12345678\r\nx\r\n" * 300, True, False),
            (b"1\r\n&\r\n" * 1000, True, True),
        ):
            lengths = self.looked_at()
            body = self.kept(data, 1, is_chunked, is_form)
            limit = MAX_LOOKED_AT_TIMES * FEWER_BYTES
            self.assertLess(sum(lengths), limit, data[:30])
            self.assertEqual(len(body.kept), FEWER_BYTES)
            self.assertEqual(body.kept_bytes, FEWER_BYTES)
            for secret in (b"12345678", b"345678"):
                self.assertNotIn(secret, body.kept, data[:30])

    def test_text_without_secrets_is_kept_however_it_comes(self) -> None:
        self.keep_fewer()
        data = b"data: 1, and so on\n\n" * 300
        self.assertEqual(self.kept(data, 1).kept, data[:FEWER_BYTES])

    def test_usual_pieces_are_kept_as_if_they_had_come_at_once(self) -> None:
        for data, is_form in ((PARAMETERS * 100, True), (FIELDS * 100, False)):
            whole = self.kept(data, KEPT_BODY_BYTES, is_form=is_form).kept
            size = 2 * len(data) // 100  # a name that is cut is masked
            self.assertEqual(self.kept(data, size, is_form=is_form).kept, whole)
            self.assertIn(b"b" if is_form else b"text", whole[-60:])

    def test_a_secret_behind_a_secret_is_masked_wherever_the_body_is_cut(self) -> None:
        data = b"Cookie: 12345678\r\nAuthorization: Basic 12345678\r\n\r\n"
        for start, is_chunked in ((b"", False), (b"0\r\n", True)):
            for size in range(1, len(data)):
                body = self.kept(start + data, size, is_chunked)
                self.assertNotIn(b"5678", body.kept, size)

    def test_framing_and_data_stay_in_their_order_and_can_be_cut(self) -> None:
        data = b"3\r\na=b\r\n8\r\n&token=1\r\n1\r\n2\r\n0\r\n\r\n"
        masked = data.replace(b"=1\r", b"=*\r").replace(b"\r\n2\r", b"\r\n*\r")
        for size in (1, 2, 7, 100):
            body = self.kept(data, size, is_chunked=True, is_form=True)
            self.assertEqual(body.kept, masked)
            self.assertEqual(body.data, b"a=b&token=**")
            body.cut(13)
            self.assertEqual((body.kept, body.data), (masked[:13], b"a=b&t"))
            self.assertEqual((body.kept_bytes, body.room), (13, 0))

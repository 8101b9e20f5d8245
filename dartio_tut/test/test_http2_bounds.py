"""
`dartio_tut.wire.http2`: what one client can make the server keep, or do, is bounded;
and a client that keeps to its windows is never stopped by ours.
"""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any, cast

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import Limits
from dartio_tut.wire import Ending, Request
from dartio_tut.wire.http2 import field_rules, header_compression, scheduler
from dartio_tut.wire.http2.engine import STREAM_WINDOW, ErrorCode
from dartio_tut.wire.http2.engine_hpack import MAX_SETTINGS
from dartio_tut.wire.http2.engines import own_engine
from dartio_tut.wire.http2.field_rules import Malformed, check_request
from dartio_tut.wire.http2.frames import Kind, frame
from dartio_tut.wire.http2.header_compression import encoded_field
from dartio_tut.wire.http2.header_decoder import (
    ENTRY_BYTES,
    MAX_KEPT_BYTES,
    MAX_KEPT_SECTIONS,
    HeaderDecoder,
)
from dartio_tut.wire.http2.request_head import SectionReader
from dartio_tut.wire.http2.response_fields import (
    MAX_SECTION_BYTES,
    keep_up,
    response_section,
)
from dartio_tut.wire.http2.scheduler import BYTES_PER_TURN

from .support.http2_client import (
    ACK,
    END_HEADERS,
    PADDED,
    HTTP2Client,
    data_frame,
    engines,
    request_fields,
)
from .test_http2_streams import HTTP2Case

PIECE = bytes(16 * 1024)


class ConnectionWindowTests(HTTP2Case):
    """Bytes that nobody takes are credited to the connection all the same."""

    limits = Limits(body=1000, streams=2, linger_time=1)
    window = 2 * STREAM_WINDOW

    def send_body(self, client: HTTP2Client, number: int, end: int = 0) -> None:
        head = client.head(number, method=b"POST", flags=END_HEADERS)
        client.send(head, data_frame(number, PIECE, end))

    def assert_credited(self, client: HTTP2Client, sent: int) -> None:
        self.assertIsNone(client.goaway, client.goaway_reason)
        opened = client.windows[0] - (self.window - STREAM_WINDOW)
        self.assertGreater(opened, sent - self.window // 2 - len(PIECE))
        self.assertLessEqual(opened, sent)

    def test_bodies_that_are_too_long_do_not_use_up_the_window(self) -> None:
        for engine in engines():
            for end in (0, 1):
                client = self.client(engine)
                for number in range(1, 80, 2):
                    self.send_body(client, number, end)
                    self.assertIsNone(client.goaway, client.goaway_reason)
                    self.assertEqual(client.answer(number).status, 413)
                self.assert_credited(client, 40 * len(PIECE))

    def test_data_behind_the_end_does_not_use_up_the_window(self) -> None:
        client = self.client(own_engine())
        client.send(client.head(1))
        for _ in range(40):
            client.send(data_frame(1, PIECE))
        self.assert_credited(client, 40 * len(PIECE))


class FreeFrameTests(HTTP2Case):
    """No frame that brings nothing is free."""

    def flood(self, client: HTTP2Client, piece: bytes) -> None:
        for _ in range(20):
            client.send(piece * 50)
        assert client.goaway is not None
        self.assertEqual(client.goaway[0], ErrorCode.ENHANCE_YOUR_CALM)

    def test_settings_are_acknowledged_once(self) -> None:
        client = self.client(own_engine())
        client.send(client.head(1))
        self.flood(client, frame(Kind.SETTINGS, 0, b"", ACK))

    def test_data_that_is_all_padding_is_empty(self) -> None:
        padding = frame(Kind.DATA, 1, b"\xff" + bytes(255), PADDED)
        client = self.client(own_engine(), self.hold)
        client.send(client.head(1, method=b"POST", flags=END_HEADERS))
        self.flood(client, padding)
        client = self.client(own_engine(), self.hold)
        client.send(client.head(1, method=b"POST", flags=END_HEADERS))
        client.send(frame(Kind.DATA, 1, b"\xff" + bytes(455), PADDED) * 600)
        self.assertIsNone(client.goaway)


class AtOnceTests(HTTP2Case):
    """However large its window: no client gets megabytes in one turn."""

    def test_large_responses_take_turns(self) -> None:
        large = bytes(300_000)
        window = 2**31 - 1
        for engine in engines():
            settings = {"INITIAL_WINDOW_SIZE": window}
            client = self.client(engine, lambda _: large, settings=settings)
            opened = frame(Kind.WINDOW_UPDATE, 0, struct.pack(">I", window - 65535))
            heads = [client.head(number) for number in range(1, 20, 2)]
            client.protocol.dataReceived(opened + b"".join(heads))
            self.assertLess(len(client.transport.value()), BYTES_PER_TURN * 2)
            client.clock.pump([0] * 20)
            client.read()
            for number in range(1, 20, 2):
                self.assertEqual(len(client.answer(number).body), len(large))

    def test_fault_in_a_later_turn_ends_the_connection_at_once(self) -> None:
        large = bytes(2 * BYTES_PER_TURN)
        window = frame(Kind.WINDOW_UPDATE, 0, struct.pack(">I", 2**30))
        for engine in engines():
            settings = {"INITIAL_WINDOW_SIZE": 2**30}
            client = self.client(engine, lambda _: large, settings=settings)
            client.protocol.dataReceived(window + client.head(1))
            fault = self.patch(scheduler, "PIECE_BYTES", None)
            client.clock.advance(0)
            fault.restore()
            self.assertTrue(client.closed)
            self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)
            self.assertEqual(self.exchanges()[0].ending, Ending.CUT_OFF)


class LargeSectionTests(HTTP2Case):
    """Header sections of responses may be larger than a frame."""

    def test_section_larger_than_a_frame_is_sent_in_several(self) -> None:
        def render(request: Any) -> bytes:
            request.setHeader(b"x-large", b"y" * 40_000)
            return b"" if request.path == b"/empty" else b"hello"

        for engine in engines():
            client = self.client(engine, render)
            for number, path in ((1, b"/"), (3, b"/"), (5, b"/empty"), (7, b"/")):
                answer = client.send(client.head(number, path=path)).answer(number)
                self.assertEqual(answer.status, 200)
                self.assertEqual(len(answer.fields["x-large"]), 40_000)
                self.assertTrue(answer.is_ended)


class FieldValueTests(HTTP2Case):
    """A client resets a stream whose field values hold what RFC 9113 forbids."""

    def test_nul_in_a_value_becomes_a_space(self) -> None:
        def one_by_one(request: Any) -> bytes:
            request.setHeader(b"x-one", b"a\0b")
            return b"hello"

        def together(request: Any) -> bytes:
            request.set_fields(((b"x-one", b"a\0b"),))
            return b"hello"

        for engine in engines():
            for render in (one_by_one, together):
                client = self.client(engine, render)
                answer = client.send(client.head(1)).answer(1)
                self.assertEqual(answer.fields["x-one"], "a b", render)
                self.assertEqual(answer.body, b"hello")


class ManyFieldsTests(HTTP2Case):
    """Each field of a request costs as much as hundreds of its bytes."""

    limits = Limits(header_count=10)

    def test_four_times_too_many_fields_end_the_connection(self) -> None:
        for engine in engines():
            client = self.client(engine)
            for stream_id, count in ((1, 11), (3, 50)):
                more = [(b"x", b"y")] * count
                self.assertEqual(
                    client.send(client.head(stream_id, *more)).answer(stream_id).status,
                    431,
                )
            client.send(client.head(5, *[(b"x", b"y")] * 60))
            assert client.goaway is not None, engine.name
            self.assertEqual(client.goaway[0], ErrorCode.ENHANCE_YOUR_CALM)


class BodyRateTests(HTTP2Case):
    """What came of a frame before it was whole counts once."""

    limits = Limits(body_time=5, body_rate=1000)

    def test_slow_body_in_parts_of_frames_is_refused(self) -> None:
        for rate, status in ((700, 408), (1100, 0)):
            client = self.client(own_engine())
            client.send(client.head(1, method=b"POST", flags=END_HEADERS))
            data = data_frame(1, bytes(3000), 0) * 4
            while data and not client.answer(1).status:
                client.send(data[:rate]).wait(1)
                data = data[rate:]
            self.assertEqual(client.answer(1).status, status, rate)


class SettingsTests(HTTP2Case):
    """A SETTINGS frame holds few settings."""

    def settings(self, count: int) -> bytes:
        return frame(Kind.SETTINGS, 0, struct.pack(">HI", 4, 65535) * count)

    def test_many_settings_in_a_frame_end_the_connection(self) -> None:
        client = self.client(own_engine())
        client.send(self.settings(MAX_SETTINGS))
        self.assertEqual(client.acknowledged, 2)
        self.assertIsNone(client.goaway)
        client.send(self.settings(MAX_SETTINGS + 1))
        assert client.goaway is not None
        self.assertEqual(client.goaway[0], ErrorCode.ENHANCE_YOUR_CALM)


def literal(name: bytes, value: bytes) -> bytes:
    """A field that enters no table; name and value are shorter than 127 bytes."""
    return b"\0%c%b%c%b" % (len(name), name, len(value), value)


class KeptTests(SynchronousTestCase):
    """What is kept is bounded by its bytes."""

    def test_sections_of_a_connection_are_kept_up_to_so_many_bytes(self) -> None:
        decoder: HeaderDecoder[object] = HeaderDecoder(
            1 << 20, 1 << 20, lambda said: said
        )
        cookie = b"c" * 3900
        decoder.decode(b"\x60\x7f\xbd\x1d" + cookie)
        for number in range(200):
            block = b"\xbe" * 3 + literal(b"n", b"%d" % number)
            decoder.decode(block)
            self.assertLessEqual(kept_bytes(decoder), MAX_KEPT_BYTES)
        small = [literal(b"n", b"%d" % number) for number in range(500)]
        for block in small:
            decoder.decode(block)
            self.assertIn(block, decoder.kept)
            self.assertLessEqual(len(decoder.kept), MAX_KEPT_SECTIONS)

    def test_huge_section_does_not_drive_out_others(self) -> None:
        decoder: HeaderDecoder[object] = HeaderDecoder(
            1 << 20, 1 << 20, lambda said: said
        )
        decoder.decode(b"\x60\x7f\xbd\x1d" + b"c" * 3900)
        decoder.decode(b"\x82")
        decoder.decode(b"\xbe" * 40)
        self.assertEqual(list(decoder.kept), [b"\x82"])

    def test_long_names_are_not_kept(self) -> None:
        kept = field_rules._check_kept_field.cache_info
        before = kept().currsize + kept().misses
        check_request([*request_fields(), (b"n" * 10_000, b"v")])
        self.assertEqual(kept().currsize + kept().misses, before)

    def test_large_field_that_is_repeated_by_its_index_is_judged_once(self) -> None:
        judged: list[bytes] = []
        right = field_rules._is_value

        def judge(value: bytes) -> object:
            judged.append(value)
            return right(value)

        self.patch(field_rules, "_is_value", judge)
        decoder: HeaderDecoder[object] = HeaderDecoder(
            1 << 20, 1 << 20, lambda said: said
        )
        value = b"v" * 3900
        decoder.decode(b"\x60\x7f\xbd\x1d" + value)
        check_request([*request_fields(), *decoder.fields(b"\xbe" * 43)])
        self.assertEqual(judged.count(value), 1)
        wrong = b"n", b"\0" * 3900
        for _ in range(2):  # in each section anew
            self.assertRaises(Malformed, check_request, [*request_fields(), wrong])

    def test_crumbs_of_cookies_that_are_refused_are_not_joined(self) -> None:
        cookies = [(b"cookie", b"c" * 3900)] * 43
        head = SectionReader(Limits()).read((*request_fields(), *cookies))
        assert head.error is not None
        self.assertEqual(head.error[0], 431)
        self.assertEqual(len(head.values[b"cookie"]), 43)

    def test_sections_with_a_long_path_are_not_kept(self) -> None:
        reader = SectionReader(Limits())
        for path in (b"/" + b"p" * 4000, b"/" + b"p" * 100_000):
            section = tuple(request_fields(path=path))
            heads = [reader.read(section) for _ in range(3)]
            self.assertIsNot(heads[1], heads[2])

    def test_sections_that_are_refused_are_not_kept(self) -> None:
        reader = SectionReader(Limits(header_count=3))
        section = (*request_fields(), *((b"n", b"") for _ in range(9)))
        heads = [reader.read(section) for _ in range(3)]
        self.assertIsNotNone(heads[2].error)
        self.assertIsNot(heads[1], heads[2])

    def test_large_sections_of_responses_are_not_kept(self) -> None:
        for size, is_kept in ((10, True), (MAX_SECTION_BYTES, False)):
            request = Request(SimpleNamespace(response_writer=SimpleNamespace()))
            request.method = b"GET"
            request.set_fields(((b"x-large", b"l" * size),))
            request.set_length(5)
            keep_up()
            sections = [response_section(cast(Any, request)) for _ in range(2)]
            self.assertEqual(sections[0] is sections[1], is_kept)

    def test_long_values_of_responses_are_not_kept(self) -> None:
        kept = header_compression._kept_field.cache_info
        before = kept().misses
        value = b"/" + b"l" * 8000
        self.assertTrue(encoded_field(b"location", value).endswith(value))
        self.assertEqual(kept().misses, before)


def kept_bytes(decoder: HeaderDecoder[Any]) -> int:
    """As the decoder counts them: the blocks, and their fields as RFC 7541 does."""
    return sum(
        len(block) + sum(len(n) + len(v) + ENTRY_BYTES for n, v in fields)
        for block, fields in decoder.kept.items()
    )

"""
No secret that passes a watched site is kept by its recorder, or shown: not while it
comes, and not afterwards.
"""

from __future__ import annotations

import gc
import json
from base64 import b64decode
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from dartio_tut.resources import WireView, exchange_json
from dartio_tut.resources.wire_view.kept_message import KeptResponse
from dartio_tut.resources.wire_view.list_pages import exchange_page, list_page

from .support.any_input import usual
from .support.leaks import SECRET, kept_texts, leaked
from .support.memory_client import ask
from .support.watched import WatchedCase
from .test_masking import HEADS, PARTS

NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
CHUNKED_FORM = CHUNKED.removesuffix(b"\r\n") + FORM

BODIES = {
    "a trailer": CHUNKED + b"3\r\nabc\r\n0\r\nAuthorization: " + SECRET + b"\r\n\r\n",
    "a trailer in lower case": CHUNKED + b"0\r\ncookie:" + SECRET + b"\r\n\r\n",
    "a folded trailer": CHUNKED + b"0\r\nCookie:\r\n " + SECRET + b"\r\n\r\n",
    "a trailer with bare LF": CHUNKED + b"0\r\nCookie: " + SECRET + b"\n\n",
    "a chunk extension": CHUNKED + b"3;token=" + SECRET + b"\r\nabc\r\n0\r\n\r\n",
    "no chunk size": CHUNKED + b"zz\r\nCookie: " + SECRET + b"\r\n\r\n",
    "a form": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 23\r\n"
    + FORM
    + b"number=5&pwd="[3:]
    + SECRET[:13],
    "a form in chunks": CHUNKED_FORM
    + b"6\r\na=1&pa\r\n9\r\nssword="
    + SECRET[:2]
    + b"\r\ne\r\n"
    + SECRET[2:]
    + b"\r\n0\r\n\r\n",
    "a form that is cut": CHUNKED_FORM + b"ff\r\ntoken=" + SECRET[:9],
    "a form that breaks": CHUNKED_FORM
    + b"a\r\npwd=Zq7kWx\r\nzz\r\n"
    + SECRET[6:]
    + b"\r\n",
    "a request behind one that is too large": b"POST / HTTP/1.1\r\nHost: a\r\n"
    b"Content-Length: 99999\r\n\r\nGET / HTTP/1.1\r\nCookie: " + SECRET + b"\r\n\r\n",
    "a message in a body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n"
    b"TRACE / HTTP/1.1\r\nCookie: " + SECRET[:14],
}


def single_bytes(text: bytes) -> list[bytes]:
    """The bytes of *text*, one by one; what is long has its middle in one piece."""
    ends = [text] if len(text) < 240 else [text[:120], text[-120:]]
    singles = [[bytes([byte]) for byte in end] for end in ends]
    return [*singles[0], text[120:-120], *singles[1]] if singles[1:] else singles[0]


class SecretsTests(WatchedCase):
    """What is kept, and shown, of requests and responses with a secret."""

    def assert_no_leak(self, name: str, *channels: Any) -> None:
        """Nothing that is kept has a part of the secret."""
        watches = [channel.watch for channel in channels]
        texts = list(kept_texts(self.recorder, *watches))
        if leaked(b"\0".join(texts)):
            for text in texts:
                self.assertEqual(leaked(text), [], (name, text[:200]))

    def assert_nothing_shown(self, name: str) -> None:
        """Nothing that is shown has a part of the secret."""
        self.assertEqual(leaked(list_page(self.recorder)), [], name)
        # Those of which the same is kept are shown alike, but for times.
        kept = {(one.request.kept, one.response.kept): one for one in self.exchanges}
        for exchange in kept.values():
            self.assertEqual(leaked(exchange_page(exchange)), [], name)
            found = exchange_json(exchange)
            self.assertEqual(leaked(json.dumps(found).encode()), [], name)
            for message in (found["request"], found["response"]):
                if message is not None:
                    self.assertEqual(leaked(b64decode(message["base64"])), [], name)

    def assert_not_in_list(self, name: str) -> None:
        """All that is kept, in JSON, has no part of the secret."""
        answer = ask(WireView(self.recorder, self.clock), "GET", "/exchanges.json")
        self.assertEqual(leaked(answer.body), [], name)
        shown = len(json.loads(answer.body)["exchanges"])
        self.assertEqual(shown, len(self.exchanges))

    def assert_not_kept(self, name: str, request: bytes) -> None:
        """Nothing is kept of it, whichever way it comes."""
        self.assertTrue(leaked(request), name)
        shown = len(self.exchanges)
        middle = len(request) // 2
        left = []
        for pieces in (
            [request],
            single_bytes(request),
            [NEXT + request],
            [request[:middle], request[middle:]],
            [request if "cut" in name else request + NEXT],
        ):
            connection = self.connect()
            for piece in pieces:
                connection.protocol.dataReceived(piece)
            connection.wait(0)
            self.assert_no_leak(name, connection.protocol)
            connection.leave()
            left.append(connection.protocol)
        self.assert_no_leak(name, *left)
        self.assert_nothing_shown(name)
        self.assertGreaterEqual(len(self.exchanges), min(200, shown + 5), name)

    def test_secrets_in_requests_are_not_kept(self) -> None:
        for name, head in HEADS.items():
            if not head.startswith(b"HTTP/"):
                self.assert_not_kept(name, head)
                self.setUp()

    def test_secrets_in_what_is_refused_or_cut_are_not_kept(self) -> None:
        for name, text in PARTS.items():
            self.assert_not_kept(name, text)
            self.setUp()

    def test_secrets_in_bodies_and_trailers_are_not_kept(self) -> None:
        for name, text in BODIES.items():
            self.assert_not_kept(name, text)
            self.assert_not_in_list(name)
            self.setUp()

    def test_a_request_that_is_cut_anywhere_keeps_no_secret(self) -> None:
        for name in ("Authorization", "a query", "userinfo", "a folded line"):
            for end in range(len(HEADS[name])):
                connection = self.connect()
                connection.send(HEADS[name][:end])
                connection.leave()
            self.assert_no_leak(name)

    def test_secrets_in_responses_are_not_kept(self) -> None:
        def render(request: Any) -> bytes:
            request.addCookie(b"session", SECRET)
            request.setHeader(b"Location", b"/?token=" + SECRET)
            request.setHeader(b"X-Auth-Token", SECRET)
            return b""

        self.render = render
        self.assert_not_kept("a response", b"GET /?key=" + SECRET + NEXT[8:])
        self.assert_not_in_list("a response")

    def test_secrets_in_a_head_that_is_sent_in_pieces_are_not_kept(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=" + SECRET + b"\r\nX: y\r\n\r\nbody"

        def render(request: Any) -> int:
            for byte in head:
                request.channel.write(bytes([byte]))
                self.assert_no_leak("a response in pieces", self.channel)
            request.channel.loseConnection()
            return self.hold(request)

        self.render = render
        connection = self.connect()
        self.channel = connection.protocol
        connection.send(NEXT)
        connection.leave()
        kept = self.only().response.kept
        self.assertEqual(len(kept), len(head))
        self.assertTrue(kept.endswith(b"**\r\n\r\nbody"))

    def test_secrets_in_a_head_that_is_sent_in_two_pieces_are_not_kept(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=" + SECRET + b"\r\nX: y\r\n\r\nbody"
        for cut in range(1, len(head)):
            response = KeptResponse()
            response.add(head[:cut])
            response.add(head[cut:])
            self.assertEqual(leaked(response.kept), [], (cut, response.kept))
            self.assertEqual(len(response.kept), len(head))

    def test_a_collected_record_leaves_nothing_behind(self) -> None:
        gc.freeze()  # or the collection looks at what all the other tests have left
        connection = self.connect()
        connection.send(HEADS["Authorization"])
        connection.leave()
        del connection
        gc.collect()
        self.assert_no_leak("afterwards")

    @usual
    @given(some.sampled_from(sorted((HEADS | PARTS | BODIES).items())), some.data())
    def test_wherever_the_network_cuts_no_secret_is_kept(
        self, row: tuple[str, bytes], data: some.DataObject
    ) -> None:
        self.setUp()
        name, request = row
        cuts = data.draw(some.lists(some.integers(0, len(request)), max_size=5))
        marks = [0, *sorted(cuts), len(request)]
        connection = self.connect()
        for start, end in pairwise(marks):
            connection.send(request[start:end])
        connection.leave()
        self.assert_no_leak(name, connection.protocol)

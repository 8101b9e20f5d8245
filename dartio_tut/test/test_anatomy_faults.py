"""
What is wrong with a message is said, with its clause.
"""

from __future__ import annotations

from dartio_tut.anatomy import SentBy, faults

from .test_anatomy import CHUNKED, AnatomyCase

START = b"GET / HTTP/1.1\r\n"
HOST = START + b"Host: a\r\n"

REQUESTS = {
    b"GET  / HTTP/1.1\r\n": faults.MALFORMED_REQUEST_LINE,
    b"GET / HTTP/1.1 \r\n": faults.MALFORMED_REQUEST_LINE,
    b"GET /a b HTTP/1.1\r\n": faults.MALFORMED_REQUEST_LINE,
    b"GET HTTP/1.1\r\n": faults.MALFORMED_REQUEST_LINE,
    b"G(T / HTTP/1.1\r\n": faults.MALFORMED_REQUEST_LINE,
    b"GET /\r\n": faults.HTTP_09,
    b"GET /#a HTTP/1.1\r\n": faults.TARGET_CHARACTERS,
    b"GET /\xe9 HTTP/1.1\r\n": faults.TARGET_CHARACTERS,
    b"GET / HTTP/1.10\r\n": faults.MALFORMED_VERSION,
    b"GET / http/1.1\r\n": faults.MALFORMED_VERSION,
    b"GET / HTTP/2.0\r\n": faults.UNKNOWN_VERSION,
    b"\r\n\r\nGET": faults.EMPTY_LINES,
    START + b"A: b\rc\r\n": faults.BARE_CR,
    START + b"A: b\n": faults.BARE_LF,
    b"\nGET / HTTP/1.1\r\n": faults.BARE_LF,
    b"\x16\x03\x01\x02\x00": faults.TLS_WITHOUT_TLS,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n": faults.HTTP2_PREFACE,
    b"\xff": faults.NOT_A_REQUEST,
    b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n": faults.CONNECT_REFUSED,
    b"GET * HTTP/1.1\r\nHost: a\r\n\r\n": faults.ASTERISK_REFUSED,
    b"GET a HTTP/1.1\r\nHost: a\r\n\r\n": faults.UNKNOWN_TARGET_FORM,
    b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n": faults.UNKNOWN_TARGET_FORM,
    b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n": faults.TARGET_AND_HOST_DIFFER,
    START + b"Host\r\n": faults.NO_COLON,
    START + b": a\r\n": faults.FIELD_NAME,
    START + b"H\xf6st: a\r\n": faults.FIELD_NAME,
    START + b"Host : a\r\n": faults.SPACE_BEFORE_COLON,
    HOST + b" folded\r\n": faults.FOLDED,
    START + b"\tfolded\r\n": faults.FOLDED,
    START + b"A: \x00\r\n": faults.FIELD_VALUE,
    START + b"\r\n": faults.HOST_MISSING,
    HOST + b"Host: a\r\n\r\n": faults.HOST_REPEATED,
    START + b"Host: a b\r\n\r\n": faults.HOST_MALFORMED,
    START + b"Host: [::zz]\r\n\r\n": faults.HOST_MALFORMED,
    START + b"Host: [1:2]\r\n\r\n": faults.HOST_MALFORMED,
    HOST + b"Expect: tea\r\n\r\n": faults.UNKNOWN_EXPECTATION,
    CHUNKED[:-2] + b"Content-Length: 3\r\n\r\n": faults.LENGTH_AND_CODING,
    CHUNKED.replace(b"1.1", b"1.0"): faults.CODING_IN_HTTP10,
    CHUNKED.replace(b"chunked", b"gzip"): faults.UNKNOWN_CODING,
    HOST + b"Content-Length: 3\r\n" * 2 + b"\r\n": faults.LENGTH_REPEATED,
    HOST + b"Content-Length: +3\r\n\r\n": faults.LENGTH_MALFORMED,
    HOST + b"Content-Length: %d\r\n\r\n" % 2**63: faults.LENGTH_HUGE,
    CHUNKED + b"1%b\r\n" % (b"0" * 17): faults.CHUNK_SIZE,
    CHUNKED + b"\r\n": faults.CHUNK_SIZE,
    CHUNKED + b"5 \r\nhello\r\n": faults.CHUNK_SIZE,
    CHUNKED + b"5;a=\r\nhello\r\n": faults.CHUNK_SIZE,
    CHUNKED + b"5\nhello\r\n": faults.CHUNK_LINE_END,
    CHUNKED + b"4\r\nhello\r\n": faults.BEHIND_CHUNK,
    CHUNKED + b"0\r\nT\r\n\r\n": faults.TRAILER_FIELD,
    CHUNKED + b"0\r\nT: 1\n\r\n": faults.CHUNK_LINE_END,
    CHUNKED + b"0\r\n\rX": faults.TRAILER_FIELD,
}

RESPONSES = {
    b"hello": faults.NOT_A_RESPONSE,
    b"\r\nHTTP/1.1 200 OK\r\n": faults.NOT_A_RESPONSE,
    b"HTTP/1.1 200\r\n": faults.MALFORMED_STATUS_LINE,
    b"HTTP/1.1 2000 OK\r\n": faults.MALFORMED_STATUS_LINE,
    b"HTTP/1.1 OK\r\n": faults.MALFORMED_STATUS_LINE,
    b"HTTP/3.0 200 OK\r\n": faults.UNKNOWN_VERSION,
    b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n": faults.LENGTH_MALFORMED,
}

GOOD = (
    b"GET / HTTP/1.0\r\n\r\n",
    b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",
    b"GET http://a HTTP/1.1\r\nHost: A\r\n\r\n",
    HOST.replace(b"a\r", b"[::1]:80\r") + b"\r\n",
    HOST + b"X:\t a\xff \t\r\nContent-Length: %d\r\n\r\n" % (2**63 - 1),
    CHUNKED + b"00;a;b=c\r\n\r\n",
    b"GET",
    b"GET / HTTP",
    HOST + b"Acc",
    HOST + b"\r",
    CHUNKED + b"5;a=",
    CHUNKED + b"5\r\nhello\r",
)


class FaultTests(AnatomyCase):
    """Each fault has bytes that show it, and what is right has none."""

    def check(self, raw: bytes, sent_by: SentBy, fault: faults.Fault) -> None:
        """The first fault of *raw* is *fault*."""
        message = self.take(raw, sent_by)
        self.assertEqual(message.fault, fault.text, raw)

    def test_requests(self) -> None:
        for raw, fault in REQUESTS.items():
            self.check(raw, "client", fault)

    def test_responses(self) -> None:
        for raw, fault in RESPONSES.items():
            self.check(raw, "server", fault)

    def test_what_is_right_or_not_complete_has_no_fault(self) -> None:
        for raw in GOOD:
            self.assertEqual(self.take(raw).fault, "", raw)

    def test_every_fault_is_shown_here(self) -> None:
        shown = {*REQUESTS.values(), *RESPONSES.values(), faults.ENDED_EARLY}
        self.assertEqual(set(faults.ALL_FAULTS) - shown, set())

    def test_a_fault_is_one_sentence_with_its_clause(self) -> None:
        for fault in faults.ALL_FAULTS:
            self.assertRegex(
                fault.text, r"^[A-Z].*[^.] \(RFC \d{4} section [\d.]+\)\.$"
            )
        texts = [fault.text for fault in faults.ALL_FAULTS]
        self.assertEqual(len(texts), len(set(texts)))

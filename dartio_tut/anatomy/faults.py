"""
What can be wrong with a message.

A fault that makes our servers refuse a request has the reason that they log; there may
be several faults of one reason.
"""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """
    :ivar reason: in a few words, as the log of our servers has it.
    :ivar sentence: what is wrong, and why that matters.
    :ivar clause: the rule that is broken, or that lets a server refuse it.
    """

    reason: str
    sentence: str
    clause: str

    @property
    def text(self) -> str:
        """The sentence with its clause."""
        return f"{self.sentence.removesuffix('.')} ({self.clause})."


# The first line.
MALFORMED_REQUEST_LINE = Fault(
    "malformed request line",
    "The first line is not a method, a target and a version with one space between "
    "them.",
    "RFC 9112 section 3",
)
HTTP_09 = Fault(
    "malformed request line",
    "The first line has no version: only HTTP/0.9 had none.",
    "RFC 9112 section 3",
)
TARGET_CHARACTERS = Fault(
    "malformed request line",
    "The target has characters that must be percent-encoded, or a fragment, which "
    "is not sent.",
    "RFC 9112 section 3.2",
)
MALFORMED_VERSION = Fault(
    "malformed request line",
    "The version is not written as HTTP/ and two digits with a point between them.",
    "RFC 9112 section 2.3",
)
UNKNOWN_VERSION = Fault(
    "version not supported",
    "The version is neither HTTP/1.1 nor HTTP/1.0.",
    "RFC 9110 section 15.6.6",
)
EMPTY_LINES = Fault(
    "more than one empty line before a request",
    "There is more than one empty line before the request; a server forgives one.",
    "RFC 9112 section 2.2",
)
BARE_CR = Fault(
    "bare CR or LF",
    "There is a CR without an LF: some readers take it for the end of a line.",
    "RFC 9112 section 2.2",
)
BARE_LF = Fault(
    "bare CR or LF",
    "There is an LF without a CR: some readers take it for the end of a line.",
    "RFC 9112 section 2.2",
)
TLS_WITHOUT_TLS = Fault(
    "a TLS handshake on a port without TLS",
    "These bytes are TLS, not HTTP: the client expects HTTPS where there is HTTP.",
    "RFC 9112 section 3",
)
HTTP2_PREFACE = Fault(
    "version not supported",
    "These bytes are HTTP/2, which does not send lines of text but binary frames.",
    "RFC 9113 section 3.4",
)
NOT_A_REQUEST = Fault(
    "malformed request line",
    "These bytes do not begin like a request, with a method.",
    "RFC 9112 section 3",
)
NOT_A_RESPONSE = Fault(
    "malformed status line",
    "These bytes do not begin like a response, with HTTP/ and a version.",
    "RFC 9112 section 4",
)
MALFORMED_STATUS_LINE = Fault(
    "malformed status line",
    "The first line is not a version, a status code of three digits and a reason "
    "phrase with one space between them.",
    "RFC 9112 section 4",
)

# The target.
CONNECT_REFUSED = Fault(
    "CONNECT is for proxies",
    "CONNECT asks for a tunnel to another server, which only a proxy makes.",
    "RFC 9110 section 9.3.6",
)
ASTERISK_REFUSED = Fault(
    "the target * goes with OPTIONS only",
    "The target * stands for the whole server, which only OPTIONS can ask about.",
    "RFC 9112 section 3.2.4",
)
UNKNOWN_TARGET_FORM = Fault(
    "request target in no known form",
    "The target is neither a path that begins with / nor a URL that begins with "
    "http:// or https://.",
    "RFC 9112 section 3.2",
)
TARGET_AND_HOST_DIFFER = Fault(
    "target and Host name different hosts",
    "The target names one host and the field Host another.",
    "RFC 9112 section 3.2.2",
)

# The header fields.
NO_COLON = Fault(
    "malformed header field",
    "A line among the header fields has no colon.",
    "RFC 9112 section 5",
)
FIELD_NAME = Fault(
    "malformed header field",
    "The name of a header field is empty, or has a character that no name may have.",
    "RFC 9110 section 5.1",
)
SPACE_BEFORE_COLON = Fault(
    "malformed header field",
    "There is white space between the name of a field and its colon: some readers "
    "see the field, others do not.",
    "RFC 9112 section 5.1",
)
FOLDED = Fault(
    "malformed header field",
    "A line begins with white space, as if it went on with the field before it: "
    "nobody may send that, because readers disagree about it.",
    "RFC 9112 section 5.2",
)
FIELD_VALUE = Fault(
    "malformed header field",
    "The value of a header field has a control character.",
    "RFC 9110 section 5.5",
)
HOST_MISSING = Fault(
    "Host missing",
    "The field Host is missing: the server cannot know which site is meant.",
    "RFC 9112 section 3.2",
)
HOST_REPEATED = Fault(
    "Host repeated",
    "There is more than one field Host: one reader takes the first, another the last.",
    "RFC 9112 section 3.2",
)
HOST_MALFORMED = Fault(
    "Host malformed",
    "The value of Host is not the name or address of a host, with a port or without.",
    "RFC 9112 section 3.2",
)
UNKNOWN_EXPECTATION = Fault(
    "unknown expectation",
    "The field Expect asks for something other than 100-continue.",
    "RFC 9110 section 10.1.1",
)

# How long the body is.
LENGTH_AND_CODING = Fault(
    "both Content-Length and Transfer-Encoding",
    "There are both Content-Length and Transfer-Encoding: readers that believe "
    "different ones disagree on where the message ends.",
    "RFC 9112 section 6.3",
)
CODING_IN_HTTP10 = Fault(
    "Transfer-Encoding in HTTP/1.0",
    "There is a Transfer-Encoding in a message of HTTP/1.0, which has none.",
    "RFC 9112 section 6.1",
)
UNKNOWN_CODING = Fault(
    "unknown transfer coding",
    "The field Transfer-Encoding has another value than chunked.",
    "RFC 9112 section 6.1",
)
LENGTH_REPEATED = Fault(
    "Content-Length repeated",
    "There is more than one Content-Length: one reader takes the first, another the "
    "last.",
    "RFC 9112 section 6.3",
)
LENGTH_MALFORMED = Fault(
    "Content-Length malformed",
    "The value of Content-Length is not a number written with digits only.",
    "RFC 9110 section 8.6",
)
LENGTH_HUGE = Fault(
    "body too large",
    "Content-Length says more bytes than a 64-bit number can count: a reader that "
    "counts with fewer bits sees a small number.",
    "RFC 9110 section 8.6",
)

# The body.
CHUNK_SIZE = Fault(
    "malformed chunk size",
    "The size of a chunk is not a number of at most 15 hexadecimal digits, perhaps "
    "with well-formed extensions.",
    "RFC 9112 section 7.1",
)
BEHIND_CHUNK = Fault(
    "data behind a chunk",
    "A chunk is not followed by CR and LF: it has another size than it says.",
    "RFC 9112 section 7.1",
)
CHUNK_LINE_END = Fault(
    "malformed line in a chunked body",
    "A line of the chunked body ends with LF only, without CR.",
    "RFC 9112 section 7.1",
)
TRAILER_FIELD = Fault(
    "malformed trailer field",
    "A line between the last chunk and the end is not a well-formed field.",
    "RFC 9112 section 7.1.2",
)
ENDED_EARLY = Fault(
    "connection ended early",
    "The connection ended before the message did.",
    "RFC 9112 section 8",
)

ALL_FAULTS: tuple[Fault, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Fault)
)

"""
Requests that get no further than the wire, and why.
"""

from __future__ import annotations

from twisted.web.http import (
    BAD_REQUEST,
    EXPECTATION_FAILED,
    HTTP_VERSION_NOT_SUPPORTED,
    INSUFFICIENT_STORAGE_SPACE,
    NOT_IMPLEMENTED,
    REQUEST_ENTITY_TOO_LARGE,
    REQUEST_TIMEOUT,
    REQUEST_URI_TOO_LONG,
    SERVICE_UNAVAILABLE,
)

REQUEST_HEADER_FIELDS_TOO_LARGE = 431
"""RFC 6585 section 5; Twisted has no name for it."""


class ProtocolError(Exception):
    """
    A request that is refused before any resource is asked.

    The client is told the status code only. The reason and its clause are for the log.

    :param code: the status code to answer with, before the connection is closed.
    :param reason: what is wrong with the request, in a few words.
    :param clause: the rule that it breaks, or that lets a server refuse it.
    """

    def __init__(self, code: int, reason: str, clause: str) -> None:
        super().__init__(f"{code}: {reason} ({clause})")
        self.code = code
        self.reason = reason
        self.clause = clause


ErrorDetails = tuple[int, str, str]
"""A status code, a reason and a clause: what makes a `ProtocolError`."""

# The request line.
MALFORMED_REQUEST_LINE: ErrorDetails = (
    BAD_REQUEST,
    "malformed request line",
    "RFC 9112 section 3",
)
REQUEST_LINE_TOO_LONG: ErrorDetails = (
    REQUEST_URI_TOO_LONG,
    "request line too long",
    "RFC 9112 section 3",
)
UNKNOWN_VERSION: ErrorDetails = (
    HTTP_VERSION_NOT_SUPPORTED,
    "version not supported",
    "RFC 9110 section 15.6.6",
)
EMPTY_LINES: ErrorDetails = (
    BAD_REQUEST,
    "more than one empty line before a request",
    "RFC 9112 section 2.2",
)
BARE_CR_OR_LF: ErrorDetails = (BAD_REQUEST, "bare CR or LF", "RFC 9112 section 2.2")
TLS_WITHOUT_TLS: ErrorDetails = (
    BAD_REQUEST,
    "a TLS handshake on a port without TLS",
    "RFC 9112 section 3",
)
CONNECT_REFUSED: ErrorDetails = (
    NOT_IMPLEMENTED,
    "CONNECT is for proxies",
    "RFC 9110 section 9.3.6",
)
ASTERISK_REFUSED: ErrorDetails = (
    BAD_REQUEST,
    "the target * goes with OPTIONS only",
    "RFC 9112 section 3.2.4",
)
UNKNOWN_TARGET_FORM: ErrorDetails = (
    BAD_REQUEST,
    "request target in no known form",
    "RFC 9112 section 3.2",
)
TARGET_AND_HOST_DIFFER: ErrorDetails = (
    BAD_REQUEST,
    "target and Host name different hosts",
    "RFC 9112 section 3.2.2",
)

# The header fields.
FIELDS_TOO_LARGE: ErrorDetails = (
    REQUEST_HEADER_FIELDS_TOO_LARGE,
    "header fields too large",
    "RFC 6585 section 5",
)
TOO_MANY_FIELDS: ErrorDetails = (
    REQUEST_HEADER_FIELDS_TOO_LARGE,
    "too many header fields",
    "RFC 6585 section 5",
)
MALFORMED_FIELDS: ErrorDetails = (
    BAD_REQUEST,
    "malformed header field",
    "RFC 9112 section 5",
)
HOST_MISSING: ErrorDetails = (BAD_REQUEST, "Host missing", "RFC 9112 section 3.2")
HOST_REPEATED: ErrorDetails = (BAD_REQUEST, "Host repeated", "RFC 9112 section 3.2")
HOST_MALFORMED: ErrorDetails = (BAD_REQUEST, "Host malformed", "RFC 9112 section 3.2")
UNKNOWN_EXPECTATION: ErrorDetails = (
    EXPECTATION_FAILED,
    "unknown expectation",
    "RFC 9110 section 10.1.1",
)

# How long the body is.
LENGTH_AND_CODING: ErrorDetails = (
    BAD_REQUEST,
    "both Content-Length and Transfer-Encoding",
    "RFC 9112 section 6.3",
)
CODING_IN_HTTP10: ErrorDetails = (
    BAD_REQUEST,
    "Transfer-Encoding in HTTP/1.0",
    "RFC 9112 section 6.1",
)
UNKNOWN_CODING: ErrorDetails = (
    NOT_IMPLEMENTED,
    "unknown transfer coding",
    "RFC 9112 section 6.1",
)
LENGTH_REPEATED: ErrorDetails = (
    BAD_REQUEST,
    "Content-Length repeated",
    "RFC 9112 section 6.3",
)
LENGTH_MALFORMED: ErrorDetails = (
    BAD_REQUEST,
    "Content-Length malformed",
    "RFC 9110 section 8.6",
)
LENGTH_UNCLEAR: ErrorDetails = (
    BAD_REQUEST,
    "two parsers disagree on the length",
    "RFC 9112 section 6.3",
)

# The body.
BODY_TOO_LARGE: ErrorDetails = (
    REQUEST_ENTITY_TOO_LARGE,
    "body too large",
    "RFC 9110 section 15.5.14",
)
FORM_MALFORMED: ErrorDetails = (
    BAD_REQUEST,
    "the body is not the form that it is said to be",
    "RFC 7578",
)
NO_SPACE_FOR_BODY: ErrorDetails = (
    INSUFFICIENT_STORAGE_SPACE,
    "no space to hold the body",
    "RFC 4918 section 11.5",
)

# Time and number.
HEAD_TOO_SLOW: ErrorDetails = (
    REQUEST_TIMEOUT,
    "the head took too long",
    "RFC 9110 section 15.5.9",
)
BODY_TOO_SLOW: ErrorDetails = (
    REQUEST_TIMEOUT,
    "the body took too long",
    "RFC 9110 section 15.5.9",
)
TOO_MANY_CONNECTIONS: ErrorDetails = (
    SERVICE_UNAVAILABLE,
    "too many connections",
    "RFC 9110 section 15.6.4",
)
TOO_MANY_FILES: ErrorDetails = (
    SERVICE_UNAVAILABLE,
    "too many open files",
    "RFC 9110 section 15.6.4",
)


def chunked_error(reason: str) -> ProtocolError:
    """The error for a malformed chunked body."""
    return ProtocolError(BAD_REQUEST, reason, "RFC 9112 section 7.1")

"""
Responses in plain text, and errors in the form that a client prefers, now or later.

Rule: whatever a resource cannot do is one `HTTPError`, and `error_response` is the only
function that turns one into a response.
"""

from __future__ import annotations

import json
from collections.abc import Coroutine
from http import HTTPStatus
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPullProducer
from twisted.logger import Logger
from twisted.web.http import INTERNAL_SERVER_ERROR, NOT_ALLOWED, OK
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request
from zope.interface import implementer

from dartio_tut.wire import is_end_of_request, set_length

from .error_page import CONTENT_SECURITY_POLICY, error_page
from .fields import SECURITY_FIELDS, Fields, field_of, set_fields
from .negotiation import best_type
from .used_up import USED_UP, is_used_up

TEXT = b"text/plain; charset=utf-8"
HTML = b"text/html"
PROBLEM = b"application/problem+json"

TEXT_ONLY = (TEXT,)
TEXT_OR_PROBLEM = (TEXT, PROBLEM)
TEXT_HTML_OR_PROBLEM = (TEXT, HTML, PROBLEM)

MISDIRECTED_REQUEST = 421
"""RFC 9110 section 15.5.20."""

UNPROCESSABLE_CONTENT = 422
"""RFC 9110 section 15.5.21."""

PRECONDITION_REQUIRED = 428
"""RFC 6585 section 3."""

_REASONS = {
    MISDIRECTED_REQUEST: b"Misdirected Request",
    UNPROCESSABLE_CONTENT: b"Unprocessable Content",
    PRECONDITION_REQUIRED: b"Precondition Required",
}
"""Reason phrases of the status codes that Twisted has no name for."""

_OFFERED = (TEXT.partition(b";")[0], HTML, PROBLEM, b"application/json")

PIECE_BYTES = 1024 * 1024
"""A response in one piece has so many bytes at most; that takes about a millisecond."""

_log = Logger()


class HTTPError(Exception):
    """
    A request that is refused.

    :param code: the status code (RFC 9110 section 15).
    :param text: a sentence for the client; it must not tell how the server works
        inside.
    :param fields: header fields of the response.
    """

    def __init__(self, code: int, text: str, fields: Fields = ()) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.fields = fields


def text_response(request: Request, text: str, code: int = OK) -> bytes:
    """
    Prepare *text* as the response to *request*, and return it for ``render``.

    A HEAD request gets the same header fields; the content is left out on the way.
    """
    if code != OK:
        request.setResponseCode(code, _REASONS.get(code))
    # This costs less than setting the header field, which it becomes.
    request.defaultContentType = TEXT
    return text.encode("utf-8", "backslashreplace")


def error_response(
    request: Request, error: HTTPError, forms: tuple[bytes, ...] = TEXT_OR_PROBLEM
) -> bytes:
    """
    Prepare the response that tells of *error*, and return its content for ``render``.

    :param forms: the media types that a client may choose from by its Accept field: a
        page, a line of text, or an object (RFC 9457). A client that prefers one that
        is not among them gets text.
    """
    for name, value in error.fields:
        request.setHeader(name, value)
    form = _preferred(request) if len(forms) > 1 else TEXT
    if len(forms) > 1:
        request.responseHeaders.addRawHeader(b"Vary", b"Accept")
    if HTML not in forms and form != PROBLEM:
        return text_response(request, error.text, error.code)
    request.setResponseCode(error.code, _REASONS.get(error.code))
    if form == PROBLEM:
        request.setHeader(b"Content-Type", PROBLEM)
        return _problem_object(error)
    if form == HTML:
        request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
        request.setHeader(b"Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return error_page(error.code, _title(error.code), error.text)
    request.setHeader(b"Content-Type", TEXT)
    return error.text.encode("utf-8", "backslashreplace") + b"\n"


def prefers_problem(request: Request) -> bool:
    """Whether the client of *request* prefers a JSON object that tells of an error."""
    return _preferred(request) == PROBLEM


def _preferred(request: Request) -> bytes:
    kind = best_type(field_of(request)(b"accept"), _OFFERED)
    return PROBLEM if kind == b"application/json" else kind


def _title(code: int) -> str:
    if code in _REASONS:
        return _REASONS[code].decode("ascii")
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "Error"


def _problem_object(error: HTTPError) -> bytes:
    members = {
        "type": "about:blank",
        "title": _title(error.code),
        "status": error.code,
        "detail": error.text,
    }
    return json.dumps(members).encode() + b"\n"


def problem(request: Request, code: int, text: str) -> bytes:
    """
    Prepare a response with the status *code* that tells *text*: a page for browsers, a
    line of text for curl, an object for programs (RFC 9457). Return its content for
    ``render``.

    :param text: a sentence for the client; it must not tell how the server works
        inside.
    """
    return error_response(request, HTTPError(code, text), TEXT_HTML_OR_PROBLEM)


def method_not_allowed(request: Request, allow: str, advice: str = "") -> bytes:
    """
    Prepare a response with the status code 405, and return its content for ``render``.

    :param allow: the methods that are allowed (RFC 9110 section 10.2.1).
    :param advice: a second line, which tells the client what to do.
    """
    method = request.method.decode("ascii", "backslashreplace")
    fields = ((b"Allow", allow.encode("ascii")),)
    text = f"Unsupported request: {method}."
    error = HTTPError(NOT_ALLOWED, f"{text}\n{advice}" if advice else text, fields)
    return error_response(request, error, TEXT_ONLY)


class ErrorResource(Resource):
    """
    A leaf that answers every request with *error*.

    :param forms: as for `error_response`.
    """

    isLeaf = True

    def __init__(
        self, error: HTTPError, forms: tuple[bytes, ...] = TEXT_HTML_OR_PROBLEM
    ) -> None:
        super().__init__()
        self._error = error
        self._forms = forms

    def render(self, request: Request) -> bytes:
        """Answer with the error."""
        set_fields(request, SECURITY_FIELDS)
        return error_response(request, self._error, self._forms)


def respond_later(
    request: Request, result: Coroutine[Deferred[Any], Any, str | bytes]
) -> int:
    """
    Answer *request* with the *result* of a coroutine once it is known. What this
    returns is for ``render``.

    Text becomes a response in plain text. Bytes are sent as they are; the coroutine
    sets their header fields. A `HTTPError` becomes its response, any other error a 500
    and a line in the log. The coroutine runs to its end even when the client goes away
    before: what was begun is not left half done. What it raises because the client has
    gone, such as `IncompleteBody` when it awaits the body, is not logged.
    """
    Deferred.fromCoroutine(_respond(request, result))
    return NOT_DONE_YET


async def _respond(
    request: Request, result: Coroutine[Deferred[Any], Any, str | bytes]
) -> None:
    try:
        content = _content(request, await result)
    except Exception as error:  # noqa: BLE001  (whatever it is, it gets a response)
        if is_end_of_request(request, error):
            return
        content = response_for_error(request, error)
    finish_response(request, content)


def response_for_error(request: Request, error: Exception) -> bytes:
    """
    Prepare the response that tells of *error*, which was just caught: a `HTTPError`
    becomes its response, any other error a 500 and a line in the log. Where threads,
    memory or file descriptors are used up, it is a 503.
    """
    if isinstance(error, HTTPError):
        return error_response(request, error)
    if is_used_up(error):
        return error_response(request, HTTPError(*USED_UP))
    _log.failure(
        "{method} {uri}",
        method=request.method.decode("ascii", "backslashreplace"),
        uri=request.uri.decode("ascii", "backslashreplace"),
    )
    return text_response(request, "Something went wrong here.", INTERNAL_SERVER_ERROR)


def _content(request: Request, result: object) -> bytes:
    if isinstance(result, bytes):
        return result
    if isinstance(result, str):
        return text_response(request, result)
    kind = type(result).__name__
    raise TypeError(f"the coroutine returned {kind}; it must return str or bytes")


def finish_response(request: Request, content: bytes) -> None:
    """
    Send *content* as the whole response, unless the client has gone away, or has its
    response: a 500, say, because the protocol that takes the body has failed.
    """
    # This is what notifyFinish would tell, without a Deferred for each request.
    # Twisted's DummyRequest, for tests, does not have it.
    if not (getattr(request, "_disconnected", False) or request.finished):
        set_length(request, len(content))
        if len(content) > PIECE_BYTES and request.method != b"HEAD":
            request.registerProducer(_Pieces(request, content), False)
            return
        request.write(content)
        request.finish()


@implementer(IPullProducer)
class _Pieces:
    """
    Sends *content* piece by piece, as fast as the client takes it.

    To hand over all of it would copy it several times, while other clients wait.
    """

    def __init__(self, request: Request, content: bytes) -> None:
        self._request = request
        self._content = content
        self._place = 0

    def resumeProducing(self) -> None:
        """Send the next piece; finish the response after the last one."""
        begin, self._place = self._place, self._place + PIECE_BYTES
        self._request.write(self._content[begin : self._place])
        if self._place >= len(self._content):
            self._content = b""  # the request may be kept for a while
            self._request.unregisterProducer()
            self._request.finish()

    def stopProducing(self) -> None:
        """The client has gone: let go of the content."""
        self._content = b""

"""
Answers in plain text, now or later.

Rule: what a resource cannot do ends as one `HTTPError`, and every refusal becomes
a response here.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.web.http import INTERNAL_SERVER_ERROR, NOT_ALLOWED, OK
from twisted.web.server import NOT_DONE_YET, Request

from dartio_tut.wire import set_length

from .fields import Fields
from .problem import PROBLEM, TEXT, problem, wanted

_log = Logger()


class HTTPError(Exception):
    """
    A request that gets no for an answer.

    :param code: the status code (RFC 9110 section 15).
    :param text: what to tell the client; it must not speak of the server's insides.
    :param fields: of the response.
    """

    def __init__(self, code: int, text: str, fields: Fields = ()) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.fields = fields

    def response_to(self, request: Request) -> bytes:
        """
        Prepare this as the response to *request*: in text, or as an object for who
        asks for JSON. The result is for ``render``.
        """
        for name, value in self.fields:
            request.setHeader(name, value)
        if wanted(request) == PROBLEM:
            return problem(request, self.code, self.text)
        return text_response(request, self.text, self.code)


def text_response(request: Request, text: str, code: int = 200) -> bytes:
    """
    Prepare *text* as the response to *request*; the result is for ``render``.

    A HEAD request gets the same fields; the content is left out on the way.
    """
    if code != OK:
        request.setResponseCode(code)
    # Costs less than the field, which it becomes.
    request.defaultContentType = TEXT
    return text.encode("utf-8", "backslashreplace")


def method_not_allowed(request: Request, allow: str) -> bytes:
    """Answer 405; *allow* lists the methods that work (RFC 9110 section 10.2.1)."""
    request.setHeader(b"Allow", allow.encode("ascii"))
    method = request.method.decode("ascii", "backslashreplace")
    return text_response(request, f"Unsupported request: {method}.", NOT_ALLOWED)


def respond_later(
    request: Request, text: Coroutine[Deferred[Any], Any, str | bytes]
) -> int:
    """
    Answer *request* with *text* once it is known; the result is for ``render``. Bytes
    are sent as they are, and what finds them sets their fields.

    A `HTTPError` becomes its status and text, any other error a 500 and a line in
    the log. *text* is awaited to its end even when the client goes away before:
    what was begun is not left half done.
    """
    Deferred.fromCoroutine(_answer(request, text))
    return NOT_DONE_YET


async def _answer(
    request: Request,
    text: Coroutine[Deferred[Any], Any, str | bytes],
) -> None:
    try:
        said = await text
        body = said if isinstance(said, bytes) else text_response(request, said)
    except HTTPError as refusal:
        body = refusal.response_to(request)
    except Exception:  # noqa: BLE001  (whatever it is, the client gets an answer)
        _log.failure("{method} {uri}", method=request.method, uri=request.uri)
        body = text_response(
            request, "Something went wrong here.", INTERNAL_SERVER_ERROR
        )
    # What notifyFinish would tell, without a Deferred for each request.
    if not request._disconnected:
        set_length(request, len(body))
        request.write(body)
        request.finish()

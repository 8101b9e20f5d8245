"""
Parsing a request body by its content type and charset.

Rule: a body must be what its content type says. One of an unknown type stays bytes; one
of a known type is parsed as a whole or refused.
"""

from __future__ import annotations

from typing import IO, Any, Literal, NamedTuple

from multipart import parse_options_header
from twisted.web.http import BAD_REQUEST, UNSUPPORTED_MEDIA_TYPE
from twisted.web.server import Request

from ..responses import HTTPError
from .charsets import UTF_8, decode_text, find_charset
from .form_body import BodyLimits, multipart_form, refuse_too_large, urlencoded_form
from .json_body import body_file, media_type
from .json_thread import parse_json

BodyKind = Literal["json", "form", "parts", "text", "bytes"]


class Body(NamedTuple):
    """
    A request body.

    ======== =========================================== ==============================
    kind     content types                               value
    ======== =========================================== ==============================
    json     ``application/json``, ``*/*+json``          any JSON value
    form     ``application/x-www-form-urlencoded``       ``dict[str, list[str]]``
    parts    ``multipart/form-data``                     `Form`, with fields and files
    text     ``text/*``                                  ``str``
    bytes    all others, or none                         ``bytes``
    ======== =========================================== ==============================
    """

    kind: BodyKind
    value: Any


async def parse_body(
    request: Request, *kinds: BodyKind, limits: BodyLimits | None = None
) -> Body:
    """
    Parse the body of *request*. Await this in a coroutine that `respond_later` gets, so
    that an error becomes the response.

    :param kinds: the kinds that are accepted; all when none is given.
    :raise HTTPError: 415 when it is of another kind, compressed, or in an unknown
        charset; 413 when it is beyond the *limits*; 400 when it is malformed.
    :raise ConnectionLost: when the client has left: its body is dropped. Read it before
        anything else is awaited.
    """
    limits = limits or BodyLimits()
    kind, charset, boundary = _described(request)
    if kinds and kind not in kinds:
        raise HTTPError(
            UNSUPPORTED_MEDIA_TYPE, "Not a type of content that works here."
        )
    content = body_file(request)
    _check_size(content, limits)
    if kind == "parts":
        form = multipart_form(content, boundary, limits)
        request.notifyFinish().addBoth(lambda _: form.close())
        return Body(kind, form)
    data = bytes(content.read())
    if kind == "json":
        return Body(kind, await parse_json(data))
    if kind == "form":
        return Body(kind, urlencoded_form(data, charset, limits))
    return Body(kind, decode_text(data, charset) if kind == "text" else data)


def _check_size(content: IO[bytes], limits: BodyLimits) -> None:
    """Refuse *content* that is too long, else go to its beginning."""
    if content.seek(0, 2) > limits.total:
        refuse_too_large("Content that is too long.")
    content.seek(0)


def _described(request: Request) -> tuple[BodyKind, str, str]:
    """The kind, charset and boundary in the header fields of *request*."""
    headers = request.requestHeaders
    fields = headers.getRawHeaders(b"Content-Type", [])
    if len(fields) > 1:
        raise HTTPError(BAD_REQUEST, "More than one Content-Type.")
    coding = b",".join(headers.getRawHeaders(b"Content-Encoding", []))
    if coding.strip().lower() not in (b"", b"identity"):
        raise HTTPError(
            UNSUPPORTED_MEDIA_TYPE, "Compressed content does not work here."
        )
    kind = _kind(media_type(request))
    field = fields[0].decode("latin-1") if fields else ""
    _, parameters = parse_options_header(field)
    if kind == "bytes":
        return kind, UTF_8, ""
    charset = find_charset(parameters.get("charset", ""))
    if kind == "json" and charset != UTF_8:
        raise HTTPError(UNSUPPORTED_MEDIA_TYPE, "JSON is UTF-8.")
    return kind, charset, parameters.get("boundary", "")


def _kind(media_type: str) -> BodyKind:
    if media_type == "application/json" or media_type.endswith("+json"):
        return "json"
    if media_type == "application/x-www-form-urlencoded":
        return "form"
    if media_type == "multipart/form-data":
        return "parts"
    return "text" if media_type.startswith("text/") else "bytes"

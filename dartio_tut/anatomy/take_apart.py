"""
Takes a message apart.

Good messages are read as RFC 9112 says; wrong ones are read as far as they have a
meaning, so that it can be shown where that ends. The first fault is named.
"""

from __future__ import annotations

import re

from . import faults
from .chunks import take_chunks
from .faults import Fault
from .fields import Values, take_fields
from .first_line import FirstLine, take_request_line, take_status_line
from .framing import (
    BodyEnd,
    Framing,
    expect_fault,
    host_fault,
    request_framing,
    response_framing,
    target_fault,
)
from .part_list import PartList
from .parts import Message, SentBy

TLS_RECORD = b"\x16\x03"
"""How a TLS handshake begins (RFC 8446 section 5.1)."""

HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""How a client begins HTTP/2 (RFC 9113 section 3.4)."""

LOOKED_AT_BYTES = 8192
"""How far ``HTTP/`` is looked for in bytes that do not begin like HTTP."""

_interim = re.compile(rb"HTTP/[0-9]\.[0-9] 1(?!01)").match
_empty_lines = re.compile(rb"(?:\r?\n)*(?:\r\Z)?").match
_first_word = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t\r\n]|\Z)").match


def take_apart(
    raw: bytes,
    sent_by: SentBy,
    *,
    request_method: bytes = b"GET",
    has_ended: bool = False,
    has_broken_off: bool = False,
) -> Message:
    """
    Take one message apart; what follows it is the part ``next-message``.

    :param request_method: of a response: what it responds to. A response to HEAD has
        no body.
    :param has_ended: whether nothing more can come, because the connection has ended.
    :param has_broken_off: whether it has ended otherwise than on purpose; then it does
        not tell the end of a body.
    """
    parts = PartList()
    if sent_by == "client":
        at, is_complete = _take_request(raw, parts)
    else:
        is_end = has_ended and not has_broken_off
        at, is_complete = _take_responses(raw, parts, request_method, is_end)
    parts.add(at, len(raw), "next-message" if is_complete else "ambiguous")
    if has_ended and raw and not is_complete:
        parts.note(faults.ENDED_EARLY)
    fault = "" if parts.fault is None else parts.fault.text
    return Message(raw, sent_by, tuple(parts.parts), is_complete, fault)


def _take_request(raw: bytes, parts: PartList) -> tuple[int, bool]:
    """Where the request ends, as far as it can be read, and whether it is complete."""
    at = _take_empty_lines(raw, parts)
    if at == len(raw):
        return at, False
    if not _begins_like_request(raw, at):
        return parts.add_not_http(at, len(raw), _not_http(raw, at)), False
    line = take_request_line(raw, at, parts)
    if not line.line.is_whole:
        return line.line.end, False
    fields = take_fields(raw, line.line.end, parts, is_trailer=False)
    if not fields.has_ended:
        return fields.end, False
    _note_head_faults(line, fields.values, parts)
    framing = request_framing(line, fields.values)
    return _take_body(raw, fields.end, framing, parts, has_ended=False)


def _take_empty_lines(raw: bytes, parts: PartList) -> int:
    """The empty lines before a request (RFC 9112 section 2.2)."""
    found = _empty_lines(raw)
    end = found.end() if found else 0
    if end > 2:
        parts.note(faults.EMPTY_LINES)
    if raw.startswith(b"\n"):
        parts.note(faults.BARE_LF)
    parts.add(0, end, "empty-line-before")
    return end


def _begins_like_request(raw: bytes, at: int) -> bool:
    """Whether it is worth while to look for the parts of a request."""
    if raw.startswith(HTTP2_PREFACE, at):
        return False
    if _first_word(raw, at):
        return True
    line = raw[at : at + LOOKED_AT_BYTES].partition(b"\n")[0]
    return b"HTTP/" in line.upper()


def _not_http(raw: bytes, at: int) -> Fault:
    """What bytes are that do not begin like a request."""
    if raw.startswith(TLS_RECORD, at):
        return faults.TLS_WITHOUT_TLS
    if raw.startswith(HTTP2_PREFACE, at):
        return faults.HTTP2_PREFACE
    return faults.NOT_A_REQUEST


def _note_head_faults(line: FirstLine, values: Values, parts: PartList) -> None:
    """Note what is wrong with a head whose lines are well formed."""
    if parts.fault is not None:
        return
    for fault in (
        host_fault(line, values),
        request_framing(line, values).fault,
        expect_fault(line, values),
        target_fault(line, values),
    ):
        if fault is not None:
            parts.note(fault)


def _take_responses(
    raw: bytes, parts: PartList, request_method: bytes, has_ended: bool
) -> tuple[int, bool]:
    """As `_take_request`, with the interim responses before the final one."""
    at = 0
    while at < len(raw):
        if not _begins_like_response(raw, at):
            parts.close_uncut(at, "more-responses")
            return parts.add_not_http(at, len(raw), faults.NOT_A_RESPONSE), False
        is_interim = _interim(raw, at) is not None
        if not is_interim:
            parts.close_uncut(at, "more-responses")
        line = take_status_line(raw, at, parts)
        at, head_has_ended = line.line.end, False
        if line.line.is_whole:
            fields = take_fields(raw, at, parts, is_trailer=False)
            at, head_has_ended = fields.end, fields.has_ended
        if not head_has_ended:
            break
        if 100 <= line.status < 200 and line.status != 101:
            parts.shorten()
            continue
        framing = response_framing(line, fields.values, request_method)
        if framing.fault is not None:
            parts.note(framing.fault)
        return _take_body(raw, at, framing, parts, has_ended)
    parts.close_uncut(at, "more-responses")
    return at, False


def _begins_like_response(raw: bytes, at: int) -> bool:
    return b"HTTP/".startswith(raw[at : at + 5])


def _take_body(
    raw: bytes, at: int, framing: Framing, parts: PartList, has_ended: bool
) -> tuple[int, bool]:
    """The body that begins *at*."""
    match framing.body_end:
        case BodyEnd.NO_BODY:
            return at, True
        case BodyEnd.LENGTH:
            end = min(at + framing.length, len(raw))
            count = "1 byte" if framing.length == 1 else f"{framing.length:,} bytes"
            words = f"The body: {count}, as Content-Length says."
            parts.explain(at, end, "body", words)
            return end, end == at + framing.length
        case BodyEnd.CHUNKED:
            return take_chunks(raw, at, parts)
        case BodyEnd.CONNECTION:
            words = "The body: it ends when the server closes the connection."
            parts.explain(at, len(raw), "body", words)
            return len(raw), has_ended
        case BodyEnd.OTHER_PROTOCOL:
            parts.add(at, len(raw), "other-protocol")
            return len(raw), True
        case BodyEnd.AMBIGUOUS:
            return at, False

"""
What the wire and the anatomy read in the same bytes of a client.

They are two readers of one protocol. Where the wire serves a request, both must see the
same end of it; where the wire refuses one for what it is, both must name one reason.
"""

from __future__ import annotations

from typing import NamedTuple

from dartio_tut.anatomy import take_apart
from dartio_tut.anatomy.faults import ALL_FAULTS
from dartio_tut.wire import Limits
from dartio_tut.wire.http1 import protocol_error as errors
from dartio_tut.wire.http1.parser import END, Head, RequestParser
from dartio_tut.wire.http1.protocol_error import ProtocolError
from dartio_tut.wire.http1.request_head import HeadReader

OF_SERVER = {
    errors.REQUEST_LINE_TOO_LONG[1],
    errors.FIELDS_TOO_LARGE[1],
    errors.TOO_MANY_FIELDS[1],
    errors.BODY_TOO_LARGE[1],
    errors.LENGTH_UNCLEAR[1],
    "chunk extensions too large",
    "trailer fields too large",
}
"""Reasons that lie in the server: in its limits, and in its own two parsers."""

OF_LINES = {
    errors.MALFORMED_REQUEST_LINE[1],
    errors.BARE_CR_OR_LF[1],
    errors.MALFORMED_FIELDS[1],
    errors.TLS_WITHOUT_TLS[1],
}
"""
Reasons of which the anatomy may name a more exact one: the wire looks for these first,
at whatever has come so far, and its parser of fields has one reason for all.
"""

OF_CHUNKS = {
    "data behind a chunk",
    "malformed chunk size",
    "malformed line in a chunked body",
    "malformed trailer field",
}
"""Which of them the wire names depends on how much has come."""

HEAD_END = b"\r\n\r\n"


class Reading(NamedTuple):
    """
    :ivar ends: where each complete request ends.
    :ivar reason: why the next one is refused; empty if it is not.
    """

    ends: list[int]
    reason: str


def wire_reading(raw: bytes) -> Reading:
    """What the wire reads in *raw*."""
    limits = Limits()
    parser = RequestParser(HeadReader(limits))
    parser.receive(raw)
    ends: list[int] = []
    try:
        while (event := parser.next_event()) is not None:
            if isinstance(event, Head) and event.fields.length:
                parser.begin_body(event.fields.length, limits.body)
            elif isinstance(event, Head) or event is END:
                ends.append(len(raw) - len(parser.waiting))
    except ProtocolError as error:
        return Reading(ends, error.reason)
    return Reading(ends, "")


def anatomy_reading(raw: bytes) -> Reading:
    """What the anatomy reads in *raw*."""
    reasons = {fault.text: fault.reason for fault in ALL_FAULTS}
    ends: list[int] = []
    at = 0
    while True:
        message = take_apart(raw[at:], "client")
        if message.fault:
            return Reading(ends, reasons[message.fault])
        if not message.is_complete:
            return Reading(ends, "")
        is_followed = message.parts[-1].kind == "next-message"
        at += message.parts[-1].start if is_followed else len(message.raw)
        ends.append(at)
        if not is_followed:
            return Reading(ends, "")


def difference(raw: bytes) -> str:
    """How the two differ about *raw*; empty when they agree."""
    wire, anatomy = wire_reading(raw), anatomy_reading(raw)
    if wire.reason in OF_SERVER:
        agree = anatomy.ends[: len(wire.ends)] == wire.ends
    else:
        reason = wire.reason
        if anatomy.reason and not reason:  # it waits for the end of the head
            reason = wire_reading(raw + HEAD_END).reason
        agree = wire.ends == anatomy.ends and _are_the_same(reason, anatomy.reason)
    return "" if agree else f"the wire: {wire}; the anatomy: {anatomy}"


def _are_the_same(wire: str, anatomy: str) -> bool:
    if wire in OF_LINES:
        return bool(anatomy) and anatomy not in OF_CHUNKS
    return wire == anatomy or {wire, anatomy} <= OF_CHUNKS

"""
Request bodies in JSON (RFC 8259), parsed strictly.

Rule: a text that two parsers could read in two ways is refused: anything but UTF-8, the
same name twice in one object, NaN and Infinity, lone surrogates.
"""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from io import BytesIO
from itertools import accumulate
from math import copysign, inf, isinf, nextafter, ulp
from typing import IO, Any, NoReturn

from twisted.internet.error import ConnectionLost
from twisted.web.http import BAD_REQUEST
from twisted.web.server import Request

from ..fields import lines_of
from ..responses import UNPROCESSABLE_CONTENT, HTTPError
from .json_faults import MAX_DIGITS, first_fault

MAX_SEARCHED_LENGTH = 128 * 1024
"""Characters of the longest text in which the place of a fault is searched for, which
takes up to 50 ms. The place of a mistake in the syntax is known for any length."""

MAX_DEPTH = 100
"""Objects and arrays within each other; Python's own parser gives up near 1,000."""

FIRST_WITHOUT_FRACTION = 2.0**52
"""From here on, each float is a whole number; below it, there are others in between."""

EXACT_CHARACTERS = 16
"""A number of 15 digits and a point is told apart from every other by its float."""

_BYTE_ORDER_MARK = "\ufeff"

_MAYBE_SURROGATE = rb"\ud"

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)

_DEPTH_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""An opening bracket is one level more, a closing one, as a signed byte, one less."""

_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))

_NOT_ZERO = re.compile(r"-?[0.]*[1-9]").match

_BRACKETS_OR_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
"""The closing quote may be missing: otherwise every quote of a string without an end
would be tried as a beginning, in quadratic time."""


def media_type(request: Request) -> str:
    """
    Return the media type of the request body in lower case, or ``""``. For a body with
    several types it returns ``several``, and callers refuse that.
    """
    lines = lines_of(request)(b"content-type") or ()
    if len(lines) > 1:
        return "several"
    field = lines[0] if lines else b""
    return field.partition(b";")[0].strip().lower().decode("latin-1")


def read_body(request: Request) -> bytes:
    """
    Return the whole body of *request*.

    :raise ConnectionLost: when the client has left: its body is dropped. Read it before
        anything else is awaited.
    """
    return bytes(body_file(request).read())


def body_file(request: Request) -> IO[bytes]:
    """
    The file with the whole body of *request*.

    :raise ConnectionLost: when the client has left.
    """
    content: IO[bytes] | None = request.content
    if content is None:
        return BytesIO()
    if content.closed:
        raise ConnectionLost("the client has left, and the body of its request is gone")
    return content


def json_object(body: bytes) -> dict[str, Any]:
    """
    Parse *body* as a JSON object.

    :raise HTTPError: 400 with line and column when it is not JSON; 422 when it is
        another JSON value.
    """
    value = json_value(body)
    if not isinstance(value, dict):
        raise HTTPError(UNPROCESSABLE_CONTENT, "Expected a JSON object.")
    return value


def json_value(body: bytes) -> Any:
    """
    Parse *body* as any JSON value.

    :raise HTTPError: 400 with line and column when it is not JSON.
    """
    text = _text(body)
    if text.startswith(_BYTE_ORDER_MARK):
        _refuse("A byte order mark, which JSON does not have,", text, 0)
    # With fewer brackets it cannot be too deep.
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _depth(body) > MAX_DEPTH:
        _refuse_depth(text)
    try:
        with _without_garbage_collector():
            value = _decoder.decode(text)
    except json.JSONDecodeError as error:
        # Some of its texts end with "at", for a place to follow.
        _refuse(error.msg.removesuffix(" at"), text, error.pos)
    except ValueError as error:
        _refuse_first_fault(text, str(error))
    if b"\\" in body and _MAYBE_SURROGATE in body.lower():
        _check_surrogates(value, text)
    return value


@contextmanager
def _without_garbage_collector() -> Iterator[None]:
    """
    Keep the garbage collector from running: of many small arrays it would find none to
    collect, again and again, which takes longer than parsing them.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _check_surrogates(value: Any, text: str) -> None:
    """Refuse half of a surrogate pair: UTF-8 has none (RFC 8259 section 8.2)."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        _refuse_first_fault(text, error.reason)


def _refuse_first_fault(text: str, otherwise: str) -> NoReturn:
    """Tell where *text* has its first fault, unless the search would take long."""
    found = first_fault(text) if len(text) <= MAX_SEARCHED_LENGTH else None
    if found is None:
        raise HTTPError(BAD_REQUEST, f"Not JSON: {otherwise.rstrip('.')}.")
    _refuse(found[0], text, found[1])


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        before = body[: error.start].decode("utf-8")
        _refuse("Invalid UTF-8", before, len(before))


def _depth(body: bytes) -> int:
    """How deeply *body* is nested. A recursive parser must not see one too deep."""
    outside = _STRING.sub(b"", body) if b'"' in body else body
    steps = outside.translate(_DEPTH_STEPS, _NO_BRACKETS)
    return max(accumulate(memoryview(steps).cast("b")), default=0)


def _refuse_depth(text: str) -> NoReturn:
    """Tell where *text* is nested too deeply."""
    depth = 0
    for found in _BRACKETS_OR_STRING.finditer(text):
        if found[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                _refuse(f"Nested deeper than {MAX_DEPTH}", text, found.start())
        elif found[0] in "]}":
            depth -= 1
    raise HTTPError(BAD_REQUEST, f"Not JSON: Nested deeper than {MAX_DEPTH}.")


def _refuse(fault: str, text: str, position: int) -> NoReturn:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    fault = fault[0].upper() + fault[1:]
    raise HTTPError(
        BAD_REQUEST, f"Not JSON: {fault.rstrip('.')} at line {line}, column {column}."
    )


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) != len(members):
        raise ValueError("The same name stands twice in one object")
    return value


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"A number has more than {MAX_DIGITS} digits")
    return int(digits)


def _float(digits: str) -> float:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"A number has more than {MAX_DIGITS} digits")
    number = float(digits)
    if isinf(number):
        raise ValueError("A number is too large")
    if not number:  # what is not 0 does not become 0
        return copysign(ulp(0.0), number) if _NOT_ZERO(digits) else number
    if len(digits) <= EXACT_CHARACTERS or abs(number) >= FIRST_WITHOUT_FRACTION:
        return number
    if number.is_integer():
        exact = Decimal(digits)
        if exact != number:  # what is not whole does not become whole
            return nextafter(number, inf if exact > number else -inf)
    return number


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_decoder = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=_integer,
    parse_float=_float,
    parse_constant=_constant,
)

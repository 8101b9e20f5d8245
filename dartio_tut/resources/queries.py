"""
Query parameters, read strictly.
"""

from __future__ import annotations

from twisted.web.http import BAD_REQUEST
from twisted.web.server import Request

from .responses import HTTPError


def has_parameter(request: Request, name: bytes) -> bool:
    """Whether the query has the parameter *name*, with a value or as a bare word."""
    query: bytes = request.uri.partition(b"?")[2]
    return any(part.partition(b"=")[0] == name for part in query.split(b"&"))


def text_parameter(request: Request, name: bytes) -> str:
    """
    Return the only value of the query parameter *name*, or ``""``.

    :raise HTTPError: 400 when there are several, or it is not UTF-8.
    """
    values = request.args.get(name, [b""])
    try:
        (value,) = values
        decoded: str = value.decode("utf-8")
    except ValueError:
        raise HTTPError(BAD_REQUEST, f"Cannot understand {name.decode()}.") from None
    return decoded


def number_parameter(request: Request, name: bytes, default: int, maximum: int) -> int:
    """
    Return the query parameter *name* as a whole number.

    :param default: for a request that does not have the parameter.
    :param maximum: a larger number counts as this one.
    :raise HTTPError: 400 when it is not a whole number.
    """
    if not has_parameter(request, name):
        return default
    value = text_parameter(request, name)
    if not (value.isascii() and value.isdigit()):
        raise HTTPError(BAD_REQUEST, f"{name.decode()} is no whole number.")
    return min(int(value), maximum) if len(value) < 20 else maximum

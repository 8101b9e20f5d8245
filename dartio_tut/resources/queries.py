"""
Query parameters, read strictly.
"""

from __future__ import annotations

from twisted.web.http import BAD_REQUEST
from twisted.web.server import Request

from .responses import HTTPError


def has(request: Request, name: bytes) -> bool:
    """Whether the query has the parameter *name*, with a value or as a bare word."""
    query: bytes = request.uri.partition(b"?")[2]
    return any(part.partition(b"=")[0] == name for part in query.split(b"&"))


def text(request: Request, name: bytes) -> str:
    """
    The only value of the query parameter *name*, or ``""``.

    :raise Refusal: 400 when there are several, or it is no UTF-8.
    """
    values = request.args.get(name, [b""])
    try:
        (value,) = values
        decoded: str = value.decode("utf-8")
    except ValueError:
        raise HTTPError(BAD_REQUEST, f"Cannot understand {name.decode()}.") from None
    return decoded


def number(request: Request, name: bytes, default: int, most: int) -> int:
    """
    The whole number that the query parameter *name* is.

    :param most: more is taken for this.
    :raise Refusal: 400 when it is none.
    """
    if not has(request, name):
        return default
    value = text(request, name)
    if not (value.isascii() and value.isdigit()):
        raise HTTPError(BAD_REQUEST, f"{name.decode()} is no whole number.")
    return min(int(value), most) if len(value) < 20 else most

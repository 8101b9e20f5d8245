"""
Names and versions of documents, as requests and responses have them.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from twisted.web.http import BAD_REQUEST
from twisted.web.server import Request

from ..responses import HTTPError
from .descriptions import DESCRIPTION_NAME


def document_name(request: Request) -> str:
    """
    Return the last segment of the path of *request*, as the name of a document that is
    to be stored.

    :raise HTTPError: 400 when it is not UTF-8, or the name of the description.
    """
    name = unquote_to_bytes(request.path.rpartition(b"/")[2])
    if name == DESCRIPTION_NAME:
        text = f"Cannot store: the name {DESCRIPTION_NAME.decode()} is taken."
        raise HTTPError(BAD_REQUEST, text)
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        text = "Cannot store: the name is not UTF-8."
        raise HTTPError(BAD_REQUEST, text) from None


def etag_of(version: str) -> bytes:
    """Return the entity tag of a document of that *version*."""
    return b'"%b"' % version.encode("ascii")

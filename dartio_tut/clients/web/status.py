"""
Status codes that no server may answer with, or not to these clients (RFC 9110 section
15).
"""

from __future__ import annotations

import re

from twisted.web.http import NOT_MODIFIED, SWITCHING

from dartio_tut.anatomy import status_text

from ..errors import ClientError
from .connection import Connection

FINAL_CODES = range(200, 600)
"""The codes of a response; those below are of what comes before it."""

_status_line = re.compile(rb"HTTP/[0-9]\.[0-9] ([^ \r\n]*)").match


def check_status(code: int, url: str, connection: Connection) -> None:
    """
    See that *code* is the status code of a response to a request without conditions.

    :raises ClientError: it is not.
    """
    said = str(code)
    line = _status_line(
        connection.first_bytes
    )  # nothing that one can read if it is TLS
    if line and line[1].decode("latin-1") != said and not line[1].startswith(b"1"):
        said = line[1].decode("latin-1")
    if code not in FINAL_CODES or said != str(code):
        raise ClientError(f"{url} answers with {said!r}, which is no status code")
    if code == NOT_MODIFIED:
        raise ClientError(f"{url} answers 304 Not Modified, but no condition was sent")


def unfinished(url: str, connection: Connection) -> str:
    """
    What to say if there came nothing but an informational response; empty if that is
    not so.
    """
    line = _status_line(connection.first_bytes)
    if not line or not re.fullmatch(rb"1[0-9][0-9]", line[1]):
        return ""
    code = int(line[1])
    if code == SWITCHING:
        return f"{url} switches to another protocol (101), which was not asked for"
    what = status_text(code)
    return f"incomplete: {url} answers {what}, and no response comes after that"

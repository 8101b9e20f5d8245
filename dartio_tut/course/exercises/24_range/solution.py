"""
Exercise 24: one range.
"""

import re

from twisted.web.http import PARTIAL_CONTENT, REQUESTED_RANGE_NOT_SATISFIABLE
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run

TEXT = b"abcdefghijklmnopqrstuvwxyz"

WHOLE = (0, len(TEXT) - 1)


def wanted(given: str, size: int) -> tuple[int, int] | None:
    """The first and the last byte that *given* asks for; None where nothing is."""
    # No file is longer than 18 digits tell, and int() does not take any number of them.
    found = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", given)
    if not found or not any(found.groups()):
        return WHOLE  # as if there were no Range
    start, end = found.groups()
    if not start:
        return None if int(end) == 0 else (max(0, size - int(end)), size - 1)
    first, last = int(start), min(int(end), size - 1) if end else size - 1
    if end and int(end) < first:
        return WHOLE
    return None if first >= size else (first, last)


class Text(Resource):
    """A text that clients want parts of."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Respond with the text, or a part of it."""
        size = len(TEXT)
        request.setHeader(b"Content-Type", b"text/plain")
        request.setHeader(b"Accept-Ranges", b"bytes")
        part = wanted(request.getHeader("Range") or "", size)
        if part is None:
            request.setResponseCode(REQUESTED_RANGE_NOT_SATISFIABLE)
            request.setHeader(b"Content-Range", b"bytes */%d" % size)
            return b""
        if part == WHOLE:
            return TEXT
        first, last = part
        request.setResponseCode(PARTIAL_CONTENT)
        request.setHeader(b"Content-Range", b"bytes %d-%d/%d" % (first, last, size))
        return TEXT[first : last + 1]


if __name__ == "__main__":
    run(Text())

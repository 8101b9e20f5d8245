"""
Cross-origin resource sharing: letting pages of other origins read an answer
(Fetch standard, section 3.2).
"""

from __future__ import annotations

from twisted.web.server import Request


def allow_any_origin(request: Request, methods: str) -> None:
    """
    Let the pages of any origin send *methods* and read the response.

    For what is nobody's secret: any page a person visits may ask for it.
    """
    request.setHeader(b"Access-Control-Allow-Origin", b"*")
    request.setHeader(b"Access-Control-Allow-Methods", methods.encode("ascii"))
    request.setHeader(
        b"Access-Control-Allow-Headers",
        b"Origin, X-Requested-With, Content-Type, Accept",
    )

"""
Cross-origin resource sharing: letting pages of other origins read an answer
(Fetch standard, section 3.2).
"""

from __future__ import annotations


def any_origin(methods: str) -> tuple[tuple[bytes, bytes], ...]:
    """
    The fields that let the pages of any origin send *methods* and read the response.

    For what is nobody's secret: any page a person visits may ask for it.
    """
    headers = b"Origin, X-Requested-With, Content-Type, Accept"
    return (
        (b"Access-Control-Allow-Origin", b"*"),
        (b"Access-Control-Allow-Methods", methods.encode("ascii")),
        (b"Access-Control-Allow-Headers", headers),
    )

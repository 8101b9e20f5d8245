"""
``--listen``, several times.
"""

from __future__ import annotations

from collections.abc import Iterable

from twisted.python.usage import UsageError

from ..listening import endpoint_parts
from .parsing import PORT_ENDPOINTS


def check_no_address_twice(endpoints: Iterable[str]) -> None:
    """
    See that no address is given twice: the second would be in use. Each port 0 is
    another one.

    :raise UsageError: when one is.
    """
    seen: set[str] = set()
    for text in endpoints:
        kind, first, settings = endpoint_parts(text)
        if kind in PORT_ENDPOINTS and settings.get("port", first) == "0":
            continue
        if text in seen:
            raise UsageError(f"--listen: {text} is given twice")
        seen.add(text)

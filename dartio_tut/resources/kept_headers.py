"""
Header fields of a response that the resources below can no longer change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.web.http_headers import Headers
from twisted.web.server import Request

VARY = b"vary"

KeptFields = dict[bytes, tuple[bytes, list[bytes]]]
"""By the lower-case name of a field: its name, and its values. One without a value is
never sent. Values of Vary are sent beside those that are set later."""


def keep_fields(request: Request, fields: KeptFields) -> None:
    """
    Set *fields* of the response, and keep them from being changed. Those that are kept
    already stay as they are.
    """
    headers = request.responseHeaders
    if not isinstance(headers, _KeptHeaders):
        present = {name: [*values] for name, values in headers.getAllRawHeaders()}
        headers = _KeptHeaders(present)
        request.responseHeaders = headers
    headers.keep(fields)


class _KeptHeaders(Headers):
    """Header fields of which some can no longer be changed."""

    def __init__(self, headers: dict[bytes, list[bytes]]) -> None:
        self._kept: set[bytes] = set()
        self._vary: list[bytes] = []
        super().__init__(headers)

    def keep(self, fields: KeptFields) -> None:
        """Set those of *fields* that are not kept yet, and keep them."""
        for lower, (name, values) in fields.items():
            if lower == VARY:
                self._vary += [value for value in values if value not in self._vary]
                present = self.getRawHeaders(name) or []
                self.setRawHeaders(
                    name, [value for value in present if value not in self._vary]
                )
            elif lower not in self._kept:
                super().removeHeader(name)
                for value in values:
                    super().addRawHeader(name, value)
                self._kept.add(lower)

    # Twisted's Headers has these three ways to change a field.

    def setRawHeaders(self, name: Any, values: Sequence[Any]) -> None:
        """Set a field, unless it is kept."""
        lower = _lower(name)
        if lower == VARY:
            values = [*self._vary, *values]
        if lower not in self._kept:
            super().setRawHeaders(name, list(values))

    def addRawHeader(self, name: Any, value: Any) -> None:
        """Add a field, unless it is kept."""
        if _lower(name) not in self._kept:
            super().addRawHeader(name, value)

    def removeHeader(self, name: Any) -> None:
        """Remove a field, unless it is kept."""
        lower = _lower(name)
        if lower == VARY and self._vary:
            super().setRawHeaders(name, list(self._vary))
        elif lower not in self._kept:
            super().removeHeader(name)


def _lower(name: str | bytes) -> bytes:
    return (name.encode("latin-1") if isinstance(name, str) else name).lower()

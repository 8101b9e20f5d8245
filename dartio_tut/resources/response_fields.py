"""
Header fields that an operator wants on every response of a tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from twisted.web.http_headers import Headers
from twisted.web.resource import IResource
from twisted.web.server import Request

from .fields import CONNECTION_FIELDS, Fields
from .wrapper import Wrapper

_VARY = b"vary"


class ResponseFields(Wrapper):
    """
    Set header fields on every response of a tree, also on its refusals, and on those
    that the wire itself sends.

    A field takes the place of those that the tree sets under the same name. One with
    an empty value is never sent, whoever sets it. A Vary joins those of the tree. Of
    two wrappers in each other, the outer one has the last word.

    :param fields: pairs of name and value.
    :raise ValueError: for a field that belongs to the connection, such as
        Content-Length.
    """

    def __init__(
        self, resource: IResource, fields: Iterable[tuple[bytes, bytes]]
    ) -> None:
        super().__init__(resource)
        self._kept: dict[bytes, tuple[bytes, list[bytes]]] = {}
        for name, value in fields:
            lower = name.lower()
            if lower.decode("latin-1") in CONNECTION_FIELDS:
                raise ValueError(f"{name.decode('latin-1')} is set by the server")
            _, values = self._kept.setdefault(lower, (name, []))
            if value:
                values.append(value)

    @property
    def refusal_fields(self) -> Fields:
        """These fields, and those of the tree that have other names."""
        own = [(name, v) for name, values in self._kept.values() for v in values]
        kept = self._kept.keys() - {_VARY}
        return (*own, *(f for f in super().refusal_fields if f[0].lower() not in kept))

    def prepare(self, request: Request) -> None:
        """Set the fields, and keep them from being changed."""
        headers = request.responseHeaders
        if not isinstance(headers, _KeptHeaders):
            present = {name: [*v] for name, v in headers.getAllRawHeaders()}
            headers = _KeptHeaders(present)
            request.responseHeaders = headers
        headers.keep(self._kept)


class _KeptHeaders(Headers):
    """Header fields of which some can no longer be changed."""

    def __init__(self, headers: dict[bytes, list[bytes]]) -> None:
        self._kept: set[bytes] = set()
        self._vary: list[bytes] = []
        super().__init__(headers)

    def keep(self, fields: dict[bytes, tuple[bytes, list[bytes]]]) -> None:
        """Set those of *fields* that are not kept yet, and keep them."""
        for lower, (name, values) in fields.items():
            if lower == _VARY:
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
        if lower == _VARY:
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
        if lower == _VARY and self._vary:
            super().setRawHeaders(name, list(self._vary))
        elif lower not in self._kept:
            super().removeHeader(name)


def _lower(name: str | bytes) -> bytes:
    return (name.encode("latin-1") if isinstance(name, str) else name).lower()

"""
Header fields that an operator wants on every response of a tree.
"""

from __future__ import annotations

from collections.abc import Iterable

from twisted.web.resource import IResource
from twisted.web.server import Request

from .fields import CONNECTION_FIELDS, Fields
from .kept_headers import VARY, KeptFields, keep_fields
from .wrapper import Wrapper


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
        self._kept: KeptFields = {}
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
        kept = self._kept.keys() - {VARY}
        return (*own, *(f for f in super().refusal_fields if f[0].lower() not in kept))

    def prepare(self, request: Request) -> None:
        """Set the fields, and keep them from being changed."""
        keep_fields(request, self._kept)

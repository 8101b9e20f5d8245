"""
Resources hung up beside a tree, at paths of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twisted.web.resource import IResource
from twisted.web.server import Request

from .wrapper import Wrapper


class Branches(Wrapper):
    """
    Serve each of *branches* at its name, and *resource* everywhere else.

    :param branches: resources by the first segment of the path.
    """

    def __init__(
        self, resource: IResource, branches: Mapping[bytes, IResource]
    ) -> None:
        super().__init__(resource)
        self._branches = branches

    def find(
        self, request: Request, path: Sequence[bytes]
    ) -> tuple[IResource, Sequence[bytes]]:
        """Choose the branch that the path leads to."""
        branch = self._branches.get(path[0]) if path else None
        return (self._resource, ()) if branch is None else (branch, path[:1])

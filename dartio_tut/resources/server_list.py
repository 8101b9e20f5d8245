"""
The servers that run together, as JSON for their pages.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from twisted.web.resource import Resource
from twisted.web.server import Request

from .asked_addresses import asked_host
from .fields import NOSNIFF, set_fields
from .own_pages import Listening, refusal_of
from .responses import method_not_allowed

PRIVATE_MEMBERS = ("store",)
"""Members that tell of folders and databases: only a person at this machine sees
them."""


class ServerList(Resource):
    """
    List servers.

    :param servers: gives the members of each server; it is called with the host that
        was asked for, which may stand in a URL.
    :param listening: as of `OwnPagesOnly`.
    """

    isLeaf = True

    def __init__(
        self,
        servers: Callable[[str], Sequence[dict[str, Any]]],
        listening: Listening = tuple,
    ) -> None:
        super().__init__()
        self._servers = servers
        self._listening = listening

    def render(self, request: Request) -> bytes:
        """Answer with the list; the addresses follow the host that was asked for."""
        if request.method not in (b"GET", b"HEAD"):
            return method_not_allowed(request, "GET, HEAD")
        servers = self._servers(asked_host(request))
        if refusal_of(request, self._listening()) is not None:
            servers = [
                server | dict.fromkeys(PRIVATE_MEMBERS, None) for server in servers
            ]
        set_fields(request, NOSNIFF)
        request.setHeader(b"Cross-Origin-Resource-Policy", b"same-origin")
        request.setHeader(b"Cache-Control", b"no-store")
        request.setHeader(b"Content-Type", b"application/json")
        return json.dumps(servers).encode()

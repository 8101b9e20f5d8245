"""
What a laboratory is made of: servers to send requests to, each with its resources in
memory, and requests that are worth a try.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from twisted.internet.interfaces import IAddress
from twisted.internet.task import Clock
from twisted.web.resource import IResource

from dartio_tut.store import Documents, Notes
from dartio_tut.wire import IWatcher, Request


class Preset(NamedTuple):
    """
    A request to begin with.

    :ivar raw: the request, each line with its CRLF.
    :ivar expect: what comes of it; it begins with the status code.
    """

    title: str
    raw: str
    expect: str


class Tree(NamedTuple):
    """
    The resources of a server, and the store that they keep things in, if there is one.
    """

    resource: IResource
    notes: Notes | None = None
    documents: Documents | None = None


class Bench(NamedTuple):
    """
    A server of the laboratory.

    :ivar name: the lesson's.
    :ivar summary: one line about it.
    :ivar url: says where the lesson itself is to be reached: scheme, host and port.
    :ivar make_tree: makes its resources, with nothing in the store.
    """

    name: str
    summary: str
    url: Callable[[], str]
    presets: Sequence[Preset]
    make_tree: Callable[[], Tree]


class LaboratorySite(Protocol):
    """As much of a site as the laboratory needs."""

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A channel for a new connection."""


class NewSite(Protocol):
    """Makes the site that a request is sent to: one that is watched."""

    def __call__(
        self,
        resource: IResource,
        *,
        reactor: Clock,
        watcher: IWatcher,
        requestFactory: type[Request],
    ) -> LaboratorySite:
        """A site for the tree *resource*, whose deadlines are kept by *reactor*."""

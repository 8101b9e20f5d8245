"""
What the tutorial's pages have when all servers run together: a list of the servers, the
view of the wire, and the laboratory.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.application.service import IService
from twisted.internet.interfaces import IAddress
from twisted.web.resource import IResource

from dartio_tut.daemon import Daemon
from dartio_tut.resources import Branches, OwnPagesOnly, Recorder, ServerList, WireView

from .lessons import LESSONS, Lesson
from .memory_lessons import laboratory


class TutorialPages:
    """
    Hangs up the branches beside the pages.

    :param recorder: what the view of the wire shows; ``None`` to have none.
    :param name: what the pages are called among the servers.
    """

    def __init__(self, name: str, recorder: Recorder | None) -> None:
        self._name = name
        self._recorder = recorder
        self._daemons: dict[str, Daemon] = {}
        self._stores: dict[str, str | None] = {}

    def add(self, name: str, service: IService, store: str | None) -> None:
        """
        A server belongs to the tutorial.

        :param store: where it keeps things.
        """
        if isinstance(service, Daemon):
            self._daemons[name] = service
            self._stores[name] = store

    def beside(self, pages: IResource) -> IResource:
        """*pages*, with the branches."""
        servers = ServerList(self._servers, self._listening)
        branches: dict[bytes, IResource] = {b"servers.json": servers}
        if self._recorder is not None:
            view = WireView(self._recorder, servers=servers)
            branches[b"wire"] = self._own(view)
            branches[b"try"] = self._own(laboratory(self._url_of))
        return Branches(pages, branches)

    def _own(self, resource: IResource) -> IResource:
        """*resource*, for a person at this machine only."""
        return OwnPagesOnly(resource, self._listening)

    def _listening(self) -> Iterable[IAddress]:
        """The addresses of the pages."""
        return [address for _, address in self._daemons[self._name].listening()]

    def _url_of(self, lesson: Lesson) -> str:
        """Where *lesson* is to be reached from this machine."""
        return self._daemons[lesson.name].url_at("localhost").rstrip("/")

    def _servers(self, host: str) -> list[dict[str, Any]]:
        """The members of each server, for a client that asks for *host*."""
        return [
            {
                "name": lesson.name,
                "url": self._daemons[lesson.name].url_at(host),
                "lesson": lesson.guide,
                "source": f"{lesson.module.replace('.', '/')}.py",
                "running": bool(self._daemons[lesson.name].running),
                "store": self._stores[lesson.name],
            }
            for lesson in LESSONS
        ]

"""
What the tutorial's pages have when all servers run together: an index made from a list
of the servers, their sources, the course, the view of the wire, and the laboratory.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from twisted.application.service import IService
from twisted.internet.interfaces import IAddress
from twisted.web.resource import IResource
from twisted.web.server import Request

from dartio_tut.daemon import Daemon
from dartio_tut.resources import (
    Branches,
    HostPages,
    OwnPagesOnly,
    PageAssets,
    Recorder,
    ServerList,
    WireView,
    asked_host,
    refusal_of_place,
    with_asked_host,
)

from .built_course import BuiltCourse
from .lessons import LESSONS, Lesson
from .memory_lessons import laboratory
from .pages import PAGES
from .tutorial_index import fill_index

PORTS = {lesson.port: lesson for lesson in LESSONS}


class TutorialPages:
    """
    Hangs up the branches beside the pages.

    :param pages: which of the servers has them.
    :param recorder: what the view of the wire shows; ``None`` to have none.
    :param course: the folder of the built course.
    """

    def __init__(self, pages: Lesson, recorder: Recorder | None, course: str) -> None:
        self._pages = pages
        self._recorder = recorder
        self._course = course
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
        branches: dict[bytes, IResource] = {
            b"servers.json": servers,
            b"source": PageAssets(files(__package__), endings=(".py",)),
            b"learn": BuiltCourse(self._course),
        }
        if self._recorder is not None:
            view = WireView(self._recorder, servers=servers)
            branches[b"wire"] = self._own(view)
            branches[b"try"] = self._own(laboratory(self._url_of))
        filled = HostPages(pages, PAGES, self._pages.port, self._fill)
        return Branches(filled, branches)

    def _own(self, resource: IResource) -> IResource:
        """*resource*, for a person at this machine only."""
        return OwnPagesOnly(resource, self._listening)

    def _listening(self) -> Iterable[IAddress]:
        """The addresses of the pages."""
        return [address for _, address in self._daemons[self._pages.name].listening()]

    def _url_of(self, lesson: Lesson, host: str = "localhost") -> str:
        """Where *lesson* is to be reached by *host*, without a slash at the end."""
        return self._daemons[lesson.name].url_at(host).rstrip("/")

    def _fill(self, text: str, request: Request) -> str:
        """The *text* of a page, with real addresses and with what else is known."""
        host = asked_host(request)
        is_own = refusal_of_place(request, self._listening()) is None
        servers = {server["name"]: server for server in self._servers(host)}
        if not is_own:
            for server in servers.values():
                server["store"] = None
        watching = None if self._recorder is None else is_own
        addressed = with_asked_host(
            text,
            request,
            self._pages.port,
            lambda port: self._url_of(PORTS[port], host),
        )
        return fill_index(addressed, servers, watching)

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

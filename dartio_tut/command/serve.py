"""
``dartio serve``: a server for the person who types it.

    $ dartio serve .
    Open http://localhost:4048/ (Ctrl-C ends it)
    $ dartio serve hello notes

Rule: it is the daemon that ``twistd -n`` runs, with all of its options. What is more
(``--lan``, ``--open``, the next free port) is for a person who looks on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from twisted.application.service import IService
from twisted.logger import Logger
from twisted.scripts import twistd

from dartio_tut.daemon import (
    ServerOptions,
    TerminalOptions,
    serve_at_terminal,
    startup_errors,
)
from dartio_tut.daemon import run_worker as run_daemon_as_worker
from dartio_tut.servers import Lesson

from .naming import FILE_SERVER, NamingOthers, lessons_named
from .several import SeveralOptions, options_of_several

_log = Logger()


class Twistd(twistd.ServerOptions):  # type: ignore[name-defined]  # of two systems
    """
    twistd's options, with one server instead of the plugins.

    :param server: a server, as plugins have them.
    :param words: the command line, which workers have, too.
    """

    synopsis = "Usage: dartio serve"
    worker_program = "from dartio_tut.command import run_worker; run_worker()"

    def __init__(self, server: ChosenServer, words: Sequence[str]) -> None:
        self._server = server
        self.worker_arguments = words
        super().__init__()

    @property
    def subCommands(self) -> Iterator[tuple[str, None, Any, str]]:
        """The server."""
        self.loadedPlugins = {self._server.tapname: self._server}
        yield self._server.tapname, None, self._server.options, ""


class ChosenServer:
    """
    A server for a person at the terminal, with the attributes of a plugin of twistd's.

    :param lessons: what it serves.
    """

    def __init__(self, lessons: Sequence[Lesson]) -> None:
        self._lessons = lessons
        self.tapname = lessons[0].name if len(lessons) == 1 else "serve"

    def options(self) -> TerminalOptions:
        """The options, to be parsed."""
        if len(self._lessons) > 1:
            return options_of_several(self._lessons)
        (lesson,) = self._lessons
        bases = (NamingOthers, TerminalOptions, import_module(lesson.module).Options)
        made: TerminalOptions = type("Options", bases, {})()
        return made

    def makeService(self, options: TerminalOptions) -> IService:
        """All lessons as one service."""
        services: dict[str, IService] = {}
        for lesson in self._lessons:
            own: ServerOptions = options
            if isinstance(options, SeveralOptions):
                own = options.options_of(lesson)
            services[lesson.name] = import_module(lesson.module).makeService(own)
            if lesson.name == FILE_SERVER and has_no_start(own):
                _log.info("Nothing is at /: no index.html; --listing lists folders")
        return serve_at_terminal(services, options)


def has_no_start(options: Mapping[str, Any]) -> bool:
    """Whether the file server, with *options*, has nothing to show first."""
    if options["listing"] or options["index"] or not os.path.isdir(options["root"]):
        return False
    names = os.listdir(options["root"])
    return not any(name.startswith("index.html") for name in names)


def serve(words: Sequence[str], is_worker: bool = False) -> None:
    """
    Serve what *words*, the command line, name, until somebody ends it.

    :param is_worker: whether the parent of this process has said what a person reads.
    :raise StartupError: when that is wrong.
    """
    with startup_errors("serve"):
        lessons, rest = lessons_named(words, tells_apart=not is_worker)
    server = ChosenServer(lessons)
    options = Twistd(server, words)
    options.parseOptions(["--nodaemon", "--pidfile=", server.tapname, *rest])
    twistd.runApp(options)


def run_worker() -> None:
    """Serve what the command line names, as one of several workers."""
    run_daemon_as_worker(lambda: serve(sys.argv[1:], is_worker=True))

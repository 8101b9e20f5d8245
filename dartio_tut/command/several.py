"""
Options for several lessons at a time: each gets those that it has.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from twisted.python.usage import UsageError

from dartio_tut.daemon import (
    TLS_ONLY,
    Option,
    ServerOptions,
    TerminalOptions,
    names_certificate,
    startup_errors,
)
from dartio_tut.servers import Lesson
from dartio_tut.store import is_database

from .naming import NamingOthers


class SeveralOptions(TerminalOptions):
    """
    The options of several lessons.

    :ivar lessons: which.
    """

    synopsis = "NAME... [options]"
    longdesc = (
        "Serves several lessons, each on its own port. Each gets the options that it "
        "has; --store is a folder with a folder for each, or a database."
    )
    lessons: Sequence[Lesson] = ()

    def __init__(self) -> None:
        super().__init__()
        self.defaults["port"] = None  # for --help: each has a default of its own

    def postOptions(self) -> None:
        """
        See that each lesson can listen on a port of its own.

        :raise UsageError: when all are to listen on the same.
        """
        super().postOptions()
        if self["listen"]:
            raise UsageError("--listen is for one server")
        if "port" in self.given and self["port"] != 0:
            raise UsageError("--port is for one server; 0 picks a free port for each")
        if self["redirect-http"]:
            raise UsageError("--redirect-http is for one server")
        self.fit_connections(servers=len(self.lessons))

    def options_of(self, lesson: Lesson) -> ServerOptions:
        """
        The options for *lesson*: those that were given.

        :raise StartupError: when they do not go together.
        """
        values: dict[str, Any] = {name: self[name] for name in self.given}
        if lesson.keeps_store and "store" in values and not is_database(self["store"]):
            values["store"] = os.path.join(self["store"], lesson.name)
        own = import_module(lesson.module).Options
        if not (names_certificate(self) or own.always_tls):
            values = {n: v for n, v in values.items() if n not in TLS_ONLY}
        with startup_errors(lesson.name):
            options: ServerOptions = own.with_values(values, self.parent)
        options.next_ports = self.next_ports
        if self.shared_role is None:
            self.shared_role = self.role()
        options.shared_role = self.shared_role
        return options


def options_of_several(lessons: Sequence[Lesson]) -> SeveralOptions:
    """The options of *lessons*, to be parsed."""
    common = {option.name for option in SeveralOptions.declared()}
    owns = [import_module(lesson.module).Options for lesson in lessons]
    more: dict[str, Option] = {}
    for option in (option for own in owns for option in own.declared()):
        if option.name not in common:
            more.setdefault(option.name, option)
    members = {
        "options": tuple(more.values()),
        "lessons": tuple(lessons),
        "always_tls": any(own.always_tls for own in owns),
    }
    made: SeveralOptions = type("Options", (NamingOthers, SeveralOptions), members)()
    return made

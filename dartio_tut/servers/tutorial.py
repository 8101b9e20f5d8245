"""
The whole tutorial: every server in one process, each on its own port.

    $ twistd -n tutorial
    $ curl http://localhost:8080/
"""

from __future__ import annotations

import os
from importlib import import_module

from twisted.application.service import IService

from dartio_tut.daemon import (
    LOCAL_HOSTS,
    StoreOptions,
    existing_folder,
    flag,
    option,
    serve,
    serve_together,
)
from dartio_tut.resources import Recorder

from .lessons import LESSONS, Lesson
from .tutorial_pages import TutorialPages

PAGES_LESSON = "pages"
"""The lesson that people open first."""

OPTIONS_OF_ONE = {
    PAGES_LESSON: {"port", "listen"},
    "static": {"root"},
    "hello-secure": {"cert", "key", "key-password-file", "no-http2"},
}
"""Options that are for one lesson only; all others are for every lesson."""


class Options(StoreOptions):
    """Every server where the tutorial has it."""

    longdesc = (
        "Runs every server of the tutorial, each on its own port. --port and --listen "
        "say where the pages are; with port 0 the system picks every port. A "
        "certificate is for hello-secure. Names of this machine may be asked for in "
        "any case; --allow-host adds others."
    )
    default_port = 8080
    always_tls = True  # as hello-secure, to which --no-http2 goes
    options = (
        option("root", "Served by static.", existing_folder, letter="r", is_path=True),
        option(
            "store",
            "Folder with a folder for each server that keeps something, or "
            "postgresql://HOST/DATABASE; without it, folders in your data folder.",
            letter="s",
        ),
        flag("no-wire", "Leave out /wire/, which shows what is asked, and /try/."),
    )

    def postOptions(self) -> None:
        """Let names of this machine be asked for, and those that were given."""
        super().postOptions()
        self["allow-host"] = [*LOCAL_HOSTS, *self["allow-host"]]
        self.given.add("allow-host")

    def values_for(self, lesson: Lesson) -> dict[str, object]:
        """The options for *lesson*: those that were given, and where it listens."""
        others = (
            names for name, names in OPTIONS_OF_ONE.items() if name != lesson.name
        )
        values = {name: self[name] for name in self.given.difference(*others)}
        if "listen" not in values:
            values["interface"] = self["interface"]
        if self["port"] == 0:
            values["port"] = 0
        if "store" in values and lesson.keeps_store:
            values["store"] = self.store_of(lesson)
        return values

    def store_of(self, lesson: Lesson) -> str:
        """Where *lesson* keeps its things: a folder for each, or one database."""
        store: str = self["store"]
        shared = store.startswith(("postgres://", "postgresql://"))
        return store if shared else os.path.join(store, lesson.name)


def makeService(options: Options) -> IService:
    """Serve every lesson; all of them start, or none."""
    options.fit_connections(servers=len(LESSONS))
    recorder = None if options["no-wire"] else Recorder()
    around = TutorialPages(PAGES_LESSON, recorder)
    services: dict[str, IService] = {}
    for lesson in LESSONS:
        module = import_module(lesson.module)
        values = options.values_for(lesson)
        chosen = module.Options.with_values(values, options.parent)
        if recorder is not None:
            chosen.watcher = recorder.watcher(lesson.name)
        if lesson.name == PAGES_LESSON:
            services[PAGES_LESSON] = serve(around.beside(module.tree(chosen)), chosen)
        else:
            services[lesson.name] = module.makeService(chosen)
        around.add(lesson.name, services[lesson.name], chosen.store_location)
    return serve_together(
        list(services.values()), options, opened=services[PAGES_LESSON]
    )

"""
The whole tutorial: every server in one process, each on its own port.

    $ twistd -n tutorial
    $ curl http://localhost:8080/
"""

from __future__ import annotations

import os
from importlib import import_module

from twisted.application.service import IService, MultiService

from dartio_tut.daemon import StoreOptions, existing_folder, option

from .lessons import LESSONS, Lesson

PAGES = "pages"
"""The lesson that people open first: ``--port`` and ``--listen`` are for it."""


class Options(StoreOptions):
    """Every server where the tutorial has it."""

    longdesc = (
        "Runs every server of the tutorial, each on its own port. --port and --listen "
        "say where the pages are; with port 0 the system picks every port. All other "
        "options hold for every server."
    )
    default_port = 8080
    options = (
        option("root", "Folder that static serves.", existing_folder, letter="r"),
        option(
            "store",
            "Folder with a folder for each server that keeps something, or "
            "postgresql://HOST/DATABASE; without it, folders in your data folder.",
            letter="s",
        ),
    )

    def values_for(self, lesson: Lesson) -> dict[str, object]:
        """The options for *lesson*: those that were given, and the interface."""
        values = {name: self[name] for name in self.given}
        values["interface"] = self["interface"]
        if lesson.name != PAGES:
            values.pop("listen", None)
            if self["port"] != 0:
                values.pop("port", None)
        if lesson.name != "static":
            values.pop("root", None)
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
    services = MultiService()
    for lesson in LESSONS:
        module = import_module(lesson.module)
        chosen = module.Options.with_values(options.values_for(lesson))
        chosen.parent = options.parent
        module.makeService(chosen).setServiceParent(services)
    whole: IService = services
    return whole

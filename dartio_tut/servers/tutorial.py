"""
The whole tutorial: every server in one process, each on its own port.

    $ twistd -n tutorial
    $ curl http://localhost:8080/
"""

from __future__ import annotations

import os

from twisted.application.service import IService, MultiService

from dartio_tut.daemon import (
    DaemonOptions,
    ServerOptions,
    coerce_option,
    existing_folder,
)

from . import (
    basic_file,
    hello,
    hello_secure,
    mini_file,
    notes,
    pages,
    static,
    thinker,
    writer,
)

LESSONS = (
    hello,
    thinker,
    notes,
    mini_file,
    basic_file,
    hello_secure,
    static,
    writer,
    pages,
)


class Options(DaemonOptions):
    """Every server where the tutorial has it."""

    synopsis = "[options]"
    longdesc = (
        "Runs every server of the tutorial, each on its own port. --port is where "
        "the pages are, 8080 unless given; with 0 the system picks every port."
    )
    optParameters = (
        ("root", "r", None, "Folder that static serves; the current one unless given.",
         coerce_option("--root", existing_folder)),
        ("store", "s", None, "Folder with a folder for each that keeps something, or postgresql://..."),
    )  # fmt: skip

    def of(self, lesson: ServerOptions, name: str) -> list[str]:
        """The command line for the *lesson* called *name*."""
        line = ["--interface", self["interface"] or "loopback-v4"]
        if self["port"] == 0 or (self["port"] is not None and name == "pages"):
            line += ["--port", str(self["port"])]
        if self["root"] is not None and name == "static":
            line += ["--root", self["root"]]
        if self["store"] is not None and "store" in lesson:
            line += ["--store", self.store_of(name)]
        return line

    def store_of(self, name: str) -> str:
        """Where the lesson called *name* keeps its things: a database is for all."""
        store: str = self["store"]
        shared = store.startswith(("postgres://", "postgresql://"))
        return store if shared else os.path.join(store, name)


def makeService(options: Options) -> IService:
    """Serve every lesson; all of them start, or none."""
    services = MultiService()
    for lesson in LESSONS:
        chosen = lesson.Options()
        chosen.parseOptions(options.of(chosen, lesson.__name__.rpartition(".")[2]))
        lesson.makeService(chosen).setServiceParent(services)
    whole: IService = services
    return whole

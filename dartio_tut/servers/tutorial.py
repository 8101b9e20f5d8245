"""
The whole tutorial: every server in one process, each on its own port.

    $ twistd -n tutorial
    $ curl http://localhost:8080/
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

from twisted.application.service import IService
from twisted.logger import Logger

from dartio_tut.daemon import (
    ServerOptions,
    StoreOptions,
    existing_folder,
    flag,
    may_be_own,
    option,
    serve,
    serve_together,
    startup_errors,
)
from dartio_tut.resources import Recorder

from .built_course import BUILT_COURSE
from .lessons import LESSONS, Lesson
from .tutorial_pages import TutorialPages

PAGES_LESSON = next(lesson for lesson in LESSONS if lesson.name == "pages")
"""The lesson that people open first."""

EXAMPLES = str(Path(__file__).with_name("example_files"))
"""What static serves, and lists, unless told otherwise: a learner may start the servers
anywhere, and finds the same there."""

_log = Logger()

OPTIONS_OF_ONE = {
    PAGES_LESSON.name: {"port", "listen"},
    "static": {"root"},
    "hello-secure": {
        "cert",
        "key",
        "key-password-file",
        "cert-folder",
        "client-ca",
        "self-signed",
        "self-signed-folder",
        "redirect-http",
        "https-port",
        "acme-folder",
        "hsts",
        "no-http2",
    },
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
        option("root", "Folder that static serves, instead of some examples.",
               existing_folder, letter="r", is_path=True),
        option("course", f"Folder of the built course, for /learn/ ({BUILT_COURSE}).",
               existing_folder, is_path=True),
        option(
            "store",
            "Folder with a folder for each server that keeps something, or "
            "postgresql://HOST/DATABASE; without it, folders in your data folder.",
            letter="s",
        ),
        flag("no-wire", "Leave out /wire/, which shows what is asked, and /try/."),
    )  # fmt: skip

    def why_one_process(self) -> str:
        """Its view of the wire, and the number of thinker, are in its memory."""
        return "the tutorial is one process; run its servers one by one instead"

    def postOptions(self) -> None:
        """Answer for this machine's names only, and for those that were given."""
        super().postOptions()
        self.allow_own_hosts()

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
        if lesson.name == "static" and "root" not in values:
            values |= {"root": EXAMPLES, "listing": True}
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
    with startup_errors("--course"):
        course = options["course"] or os.path.abspath(BUILT_COURSE)
    around = TutorialPages(PAGES_LESSON, recorder, course)
    chosen = {lesson.name: _options_of(lesson, options) for lesson in LESSONS}
    watched = recorder is not None and _is_for_somebody(chosen[PAGES_LESSON.name])
    services: dict[str, IService] = {}
    for lesson in LESSONS:
        module = import_module(lesson.module)
        own = chosen[lesson.name]
        if recorder is not None and watched:
            own.watcher = recorder.watcher(lesson.name)
        if lesson == PAGES_LESSON:
            services[lesson.name] = serve(around.beside(module.tree(own)), own)
        else:
            services[lesson.name] = module.makeService(own)
        around.add(lesson.name, services[lesson.name], _store_location(own))
    return serve_together(
        list(services.values()), options, opened=services[PAGES_LESSON.name]
    )


def _options_of(lesson: Lesson, options: Options) -> ServerOptions:
    """
    The options with which *lesson* is started.

    :raise StartupError: when they do not go together.
    """
    lesson_options: type[ServerOptions] = import_module(lesson.module).Options
    with startup_errors(lesson.name):
        own = lesson_options.with_values(options.values_for(lesson), options.parent)
    own.started_by = options
    return own


def _store_location(own: ServerOptions) -> str | None:
    """Where a server with the options *own* keeps things; a certificate is one."""
    made: str | None = None if "cert" in own.given else own["cert"]
    if made is None:
        return own.store_location
    return os.path.dirname(os.path.abspath(made))


def _is_for_somebody(pages: ServerOptions) -> bool:
    """Whether anybody may see what is recorded; if not, that is said."""
    if may_be_own(pages.endpoints()):
        return True
    _log.info(
        "Nothing is recorded for /wire/, which nobody may see here: for that, the "
        "pages must listen on a loopback address"
    )
    return False

"""
Pages: serves the web folder of the tutorial to browsers.

    $ twistd -n pages
    $ curl http://localhost:8080/make_a_guess.html
"""

from __future__ import annotations

from pathlib import Path

from twisted.application.service import IService
from twisted.web.resource import IResource

from dartio_tut.daemon import RootOptions, private_file_paths, serve
from dartio_tut.resources import Files, HostPages

PAGES = str(Path(__file__).with_name("web"))


class Options(RootOptions):
    """Listen on the tutorial's port, and serve its pages."""

    longdesc = (
        "Serves the tutorial's pages: a form for thinker, a script for notes, and "
        "an index of all servers."
    )
    default_port = 8080
    default_root = PAGES


def tree(options: Options) -> IResource:
    """The pages, as *options* say; their links lead to the host that was asked for."""
    files = Files(options["root"], private=private_file_paths(options))
    if options["root"] != PAGES:
        return files
    return HostPages(files, PAGES, own_port=Options.default_port)


def makeService(options: Options) -> IService:
    """Serve the pages as a daemon."""
    return serve(tree(options), options)

"""
Pages: the tutorial's web folder, the browser's side of it.

    $ twistd -n pages
    $ curl http://localhost:8080/make_a_guess.html
"""

from __future__ import annotations

from pathlib import Path

from twisted.application.service import IService

from dartio_tut.daemon import RootOptions, serve
from dartio_tut.resources import Files

PAGES = str(Path(__file__).with_name("web"))


class Options(RootOptions):
    """Listen where the tutorial listens, serve its pages."""

    longdesc = (
        "Serves the tutorial's pages: a form for thinker, a script for notes, and "
        "an index of all servers."
    )
    default_port = 8080
    default_root = PAGES


def makeService(options: Options) -> IService:
    """Serve the pages as a daemon."""
    return serve(Files(options["root"]), options)

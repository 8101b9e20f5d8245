"""
Static file server: a folder and all that is below it.

    $ twistd -n static --root . --listing
    $ curl http://localhost:4048/file.txt
"""

from __future__ import annotations

import os

from twisted.application.service import IService
from twisted.logger import Logger

from dartio_tut.daemon import RootOptions, serve
from dartio_tut.resources import Files

log = Logger()


class Options(RootOptions):
    """Listen where the tutorial listens, serve a folder."""

    synopsis = "[options]"
    longdesc = (
        "Serves a folder and what is below it. A folder answers with its "
        "index.html, or with a listing. Files that begin with a dot and links "
        "that lead outside are not served."
    )
    defaultPort = "4048"
    optFlags = (("listing", None, "List a folder that has no index.html."),)


def makeService(options: Options) -> IService:
    """Serve `Files` as a daemon."""
    root = os.path.abspath(options["root"])
    log.info("Serving {root}", root=root)
    return serve(Files(root, listing=bool(options["listing"])), options)

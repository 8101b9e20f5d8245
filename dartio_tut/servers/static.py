"""
Static file server: a folder and all that is below it, or one file.

    $ twistd -n static --listing
    $ curl http://localhost:4048/file.txt
"""

from __future__ import annotations

from twisted.application.service import IService

from dartio_tut.daemon import private_file_paths, serve, startup_errors
from dartio_tut.resources import static_tree

from .static_options import StaticOptions


class Options(StaticOptions):
    """Listen on the tutorial's port, and serve a folder or a file."""

    longdesc = (
        "Serves a folder and what is below it, or one file. A folder answers with its "
        "index.html. Files that were compressed beforehand (app.js.br) are sent to "
        "clients that accept them, and 404.html when a file is not found."
    )
    default_port = 4048


def makeService(options: Options) -> IService:
    """Serve the files as a daemon."""
    with startup_errors("--host"):
        tree = static_tree(options, private_file_paths(options))
    return serve(tree, options, path=options["prefix"])

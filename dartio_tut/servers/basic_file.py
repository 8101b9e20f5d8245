"""
Basic file server: one file as the answer to every path, left to a resource.

What `mini_file` does in steps is one line here, and more comes with it: the
length, the date, ranges, a short answer when the client's copy is still good.

    $ twistd -n basic-file
    $ curl http://localhost:4046/
"""

from __future__ import annotations

from pathlib import Path

from twisted.application.service import IService
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.daemon import RootOptions, serve
from dartio_tut.resources import ContentTypes, Files

PAGES = str(Path(__file__).with_name("web"))


class BasicFile(Resource):
    """
    Serve one file by a resource for files.

    :param path: the file.
    """

    isLeaf = True

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.file = Files(str(path), types=ContentTypes(charset=None))

    def render(self, request: Request) -> bytes | int:
        """Hand the file to the resource: the one line."""
        return self.file.answer_for(request, [])


class Options(RootOptions):
    """Listen where the tutorial listens, serve the index.html of a folder."""

    longdesc = "Answers every path with one file, index.html."
    default_port = 4046
    default_root = PAGES


def makeService(options: Options) -> IService:
    """Serve a `BasicFile` as a daemon."""
    return serve(BasicFile(Path(options["root"], "index.html")), options)

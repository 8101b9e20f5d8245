"""
Mini file server: answers every path with one file, step by step.

Does the file exist? Open it, send it piece by piece, close it. Read `basic_file` beside
this one: it leaves these steps to a resource.

    $ twistd -n mini-file
    $ curl http://localhost:4044/
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from twisted.application.service import IService
from twisted.logger import Logger
from twisted.protocols.basic import FileSender
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from dartio_tut.daemon import RootOptions, serve
from dartio_tut.resources import method_not_allowed, text_response

PAGES = str(Path(__file__).with_name("web"))


class MiniFile(Resource):
    """
    Serve one file by hand.

    :param path: the file.
    """

    isLeaf = True
    log = Logger()

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def render(self, request: Request) -> bytes | int:
        """Send the file, if it is there."""
        if request.method not in (b"GET", b"HEAD"):
            return method_not_allowed(request, "GET, HEAD")
        name = self.path.name
        try:
            # Ask first, then open: opening a FIFO would wait for a writer, for ever.
            file = self.path.open("rb") if self.path.is_file() else None
        except OSError:
            return text_response(request, f"Not allowed to open {name}.", 403)
        if file is None:
            self.log.info("Can't open {name}.", name=name)
            return text_response(request, f"Can't open {name}.", 404)
        self.log.info("Serving {name}.", name=name)
        request.setHeader(b"Content-Type", b"text/html")
        return self.send(file, request)

    def send(self, file: BinaryIO, request: Request) -> bytes | int:
        """Send *file* piece by piece, and close it."""
        if request.method == b"HEAD":
            file.close()
            request.finish()  # b"" would promise a body of 0 bytes to GET
            return NOT_DONE_YET
        sending = FileSender().beginFileTransfer(file, request)
        sending.addCallbacks(lambda _: request.finish(), lambda gone: None)
        sending.addBoth(lambda _: file.close())
        return NOT_DONE_YET


class Options(RootOptions):
    """Listen on the tutorial's port, and serve the index.html of a folder."""

    longdesc = "Answers every path with one file, index.html, step by step."
    default_port = 4044
    default_root = PAGES


def makeService(options: Options) -> IService:
    """Serve a `MiniFile` as a daemon."""
    return serve(MiniFile(Path(options["root"], "index.html")), options)

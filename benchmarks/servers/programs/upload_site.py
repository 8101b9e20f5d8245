"""
Our server for uploads: what is PUT goes into a file while it comes.

    python upload_site.py PORT FOLDER
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from twisted.application.service import IService
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.http import CREATED
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import ServerOptions, serve
from dartio_tut.wire import Request

MAX_BYTES = 1 << 30


class Saving(Protocol):
    """Writes a body to a file of another name, which is renamed when all has come."""

    def __init__(self, request: Request, path: Path) -> None:
        self._request = request
        self._path, self._part = path, path.with_suffix(".part")
        self._file = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)

    def dataReceived(self, data: bytes) -> None:
        """A piece has come."""
        os.write(self._file, data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """All has come, or nothing more will."""
        os.close(self._file)
        if reason.check(ConnectionDone):
            self._part.replace(self._path)
            self._request.setResponseCode(CREATED)
            self._request.finish()


class Uploads(Resource):
    """Takes uploads below any path."""

    isLeaf = True
    streams_up_to = MAX_BYTES

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def render_PUT(self, request: Request) -> int:
        """Save the body."""
        name = Path(os.fsdecode(request.path)).name
        request.deliver_body(Saving(request, self._folder / name))
        return NOT_DONE_YET


class Options(ServerOptions):
    """Listen on a port."""

    default_port = 8080


def main() -> None:
    """Serve until the process ends."""
    from twisted.internet import reactor

    port, folder = sys.argv[1:]
    Path(folder).mkdir()
    options = Options()
    options.parseOptions(["--port", port])
    service = serve(Uploads(Path(folder)), options, streaming=True)
    IService(service).privilegedStartService()
    IService(service).startService()
    reactor.run()


if __name__ == "__main__":
    main()

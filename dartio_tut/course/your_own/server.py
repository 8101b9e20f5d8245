"""
Greets whoever asks, by name.

    $ twistd -n falcon
    $ curl "http://localhost:8000/?name=Leia"
    Hello, Leia!
"""

from __future__ import annotations

from twisted.application.service import IService
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.daemon import ServerOptions, serve
from dartio_tut.resources import problem, text_response

MAX_NAME_BYTES = 100
"""No greeting needs more."""


class Greeting(Resource):
    """Greet the name of the query, whatever the path."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Answer with the greeting, or say what is wrong with the name."""
        name = request.args.get(b"name", [b"world"])[0]
        if not 0 < len(name) <= MAX_NAME_BYTES:
            text = f"A name has 1 to {MAX_NAME_BYTES} bytes: try /?name=Leia"
            return problem(request, 400, text)
        return text_response(request, f"Hello, {name.decode('utf-8', 'replace')}!\n")


class Options(ServerOptions):
    """What ``twistd falcon`` understands: the options of every server."""

    longdesc = "Greets whoever asks, by name: try /?name=Leia"
    default_port = 8000


def makeService(options: Options) -> IService:
    """Serve a `Greeting` as a daemon."""
    return serve(Greeting(), options)

"""
Hello, world: every request gets the same answer.

    $ twistd -n hello
    $ curl http://localhost:4040/
    Hello, world!
"""

from __future__ import annotations

from twisted.application.service import IService
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.daemon import ServerOptions, serve
from dartio_tut.resources import text_response


class Hello(Resource):
    """Greet every request, whatever its path or method."""

    isLeaf = True

    def render(self, request: Request) -> bytes:
        """Answer with the greeting."""
        return text_response(request, "Hello, world!")


class Options(ServerOptions):
    """Listen where the tutorial listens."""

    longdesc = "Answers every request with Hello, world! Try curl on its URL."
    default_port = 4040


def makeService(options: Options) -> IService:
    """Serve `Hello` as a daemon."""
    return serve(Hello(), options)

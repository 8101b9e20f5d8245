"""
A daemon: options, and a service that twistd starts and stops.
"""

from twisted.application.service import IService
from twisted.application.strports import service
from twisted.python import usage
from twisted.web.resource import Resource
from twisted.web.server import Request, Site


class Greeter(Resource):
    """Greet somebody, whatever the path."""

    isLeaf = True

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def render_GET(self, request: Request) -> bytes:
        """Answer with the greeting."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        return f"Hello, {self.name}!\n".encode()


class Options(usage.Options):
    """What ``twistd greeter`` understands."""

    optParameters = (
        ("listen", "l", "tcp:4040:interface=127.0.0.1", "Endpoint to listen on."),
        ("name", "n", "world", "Whom to greet."),
    )


def makeService(options: Options) -> IService:
    """Make what twistd runs: a service that listens for as long as it runs."""
    return service(options["listen"], Site(Greeter(options["name"])))

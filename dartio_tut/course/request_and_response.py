"""
What a request tells, and what a response can do: a path for each.
"""

import sys

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import react
from twisted.web.http import BAD_REQUEST
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site


class Asked(Resource):
    """``/asked``: show what a request tells."""

    def render_GET(self, request: Request) -> bytes:
        """Answer with a line for each thing."""
        lines = [
            f"method: {request.method!r}",
            f"uri: {request.uri!r}",
            f"path: {request.path!r}",
            f"args: {request.args!r}",
            f"Host: {request.getHeader(b'host')!r}",
            f"Accept: {request.requestHeaders.getRawHeaders(b'accept')!r}",
            f"client: {request.getClientAddress().host!r}",
        ]
        return "\n".join(lines).encode("utf-8") + b"\n"


class Pieces(Resource):
    """``/pieces``: respond in pieces, whose number is not known before."""

    def render_GET(self, request: Request) -> int:
        """Write, write, and end the response."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        request.write("one \N{EM DASH} ".encode())
        request.write(b"two\n")
        request.finish()
        return NOT_DONE_YET


class Visits(Resource):
    """``/visits``: count the visits of a browser, in a cookie."""

    def render_GET(self, request: Request) -> bytes:
        """Read the cookie, and set it."""
        came = request.getCookie(b"visits") or b""
        visits = 1 + (int(came) if came.isdigit() and len(came) < 10 else 0)
        request.addCookie("visits", str(visits), path="/visits", httpOnly=True)
        return f"Visit {visits}\n".encode("ascii")


class Double(Resource):
    """``/double?q=4``: respond with a status code; ``/double?q=x`` fails."""

    def render_GET(self, request: Request) -> bytes:
        """Double the number, if there is one."""
        if b"q" not in request.args:
            request.setResponseCode(BAD_REQUEST)
            return b"Say which number: /double?q=4\n"
        number = int(request.args[b"q"][0])
        return f"{2 * number}\n".encode("ascii")


def make_tree() -> Resource:
    """Make the resources of this server; return the root."""
    root = Resource()
    root.putChild(b"asked", Asked())
    root.putChild(b"pieces", Pieces())
    root.putChild(b"visits", Visits())
    root.putChild(b"double", Double())
    return root


async def main(reactor: object, number: str = "4040") -> None:
    """Listen at the port with this number, until Ctrl-C is pressed."""
    endpoint = serverFromString(reactor, f"tcp:{number}:interface=127.0.0.1")
    port = await endpoint.listen(Site(make_tree()))
    print(f"Listening on http://127.0.0.1:{port.getHost().port}/", flush=True)
    await Deferred()  # never gets a result, so this waits for ever


if __name__ == "__main__":
    react(main, sys.argv[1:])

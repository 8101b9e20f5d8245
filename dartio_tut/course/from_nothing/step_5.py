"""
Step 5: a form. The browser puts what was typed into the query of a URL.
"""

from html import escape

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import react
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

FORM = """\
<!DOCTYPE html>
<title>Greetings</title>
<form action="/greet" method="GET">
  <label>Your name: <input name="name"></label>
  <input type="submit" value="Greet me">
</form>
"""


def html_page(request: Request, text: str) -> bytes:
    """Say that the content is HTML in UTF-8, and encode it so."""
    request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
    return text.encode()


class Home(Resource):
    """``/``: show the form."""

    def render_GET(self, request: Request) -> bytes:
        """Answer with the form."""
        return html_page(request, FORM)


class Greet(Resource):
    """``/greet?name=NAME``: greet by name."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Answer with the greeting."""
        values = request.args.get(b"name", [b"world"])
        name = values[0].decode("utf-8", "replace")
        return html_page(request, f"<p>Hello, {escape(name)}!</p>\n")


def make_tree() -> Resource:
    """Make the resources of this server; return the root."""
    root = Resource()
    root.putChild(b"", Home())
    root.putChild(b"greet", Greet())
    return root


async def main(reactor: object) -> None:
    """Listen until Ctrl-C is pressed."""
    endpoint = serverFromString(reactor, "tcp:4040:interface=127.0.0.1")
    await endpoint.listen(Site(make_tree()))
    print("Listening on http://127.0.0.1:4040/")
    await Deferred()  # never gets a result, so this waits for ever


if __name__ == "__main__":
    react(main)

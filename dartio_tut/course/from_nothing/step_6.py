"""
Step 6: a POST request, which carries content in its body, and changes something.
"""

from html import escape
from urllib.parse import parse_qs

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import react
from twisted.web.http import BAD_REQUEST, SEE_OTHER, UNSUPPORTED_MEDIA_TYPE
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

FORM = """\
<!DOCTYPE html>
<title>Guest book</title>
<form action="/guests" method="POST">
  <label>Your name: <input name="name"></label>
  <input type="submit" value="Sign the guest book">
</form>
"""

FORM_TYPE = b"application/x-www-form-urlencoded"


def html_page(request: Request, text: str) -> bytes:
    """Say that the content is HTML in UTF-8, and encode it so."""
    request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
    return text.encode()


def error(request: Request, code: int, text: str) -> bytes:
    """Answer with a status code that tells of an error, and say what to do."""
    request.setResponseCode(code)
    request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
    return text.encode()


class Home(Resource):
    """``/``: show the form."""

    def render_GET(self, request: Request) -> bytes:
        """Answer with the form."""
        return html_page(request, FORM)


class Guests(Resource):
    """``/guests``: a guest book, which is kept in memory."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def render_GET(self, request: Request) -> bytes:
        """Answer with everybody who has signed."""
        items = "".join(f"<li>{escape(name)}\n" for name in self.names)
        return html_page(request, f"<ul>\n{items}</ul>\n")

    def render_POST(self, request: Request) -> bytes:
        """Add a name, and send the client to the list."""
        kind = request.getHeader(b"Content-Type") or b""
        if kind.partition(b";")[0].strip().lower() != FORM_TYPE:
            return error(request, UNSUPPORTED_MEDIA_TYPE, "Send a form.\n")
        body = request.content.read() if request.content else b""
        print(body)
        names = parse_qs(body.decode("utf-8", "replace")).get("name")
        if names is None:
            return error(request, BAD_REQUEST, "Send a name.\n")
        self.names.append(names[0])
        request.setResponseCode(SEE_OTHER)
        request.setHeader(b"Location", b"/guests")
        return b""


def make_tree() -> Resource:
    """Make the resources of this server; return the root."""
    root = Resource()
    root.putChild(b"", Home())
    root.putChild(b"guests", Guests())
    return root


async def main(reactor: object) -> None:
    """Listen until Ctrl-C is pressed."""
    endpoint = serverFromString(reactor, "tcp:4040:interface=127.0.0.1")
    await endpoint.listen(Site(make_tree()))
    print("Listening on http://127.0.0.1:4040/")
    await Deferred()  # never gets a result, so this waits for ever


if __name__ == "__main__":
    react(main)

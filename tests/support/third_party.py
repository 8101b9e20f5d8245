"""
A tree of resources that others have written for `twisted.web`, and requests to it.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from klein import Klein
from prometheus_client import CollectorRegistry, Counter, disable_created_metrics
from prometheus_client.twisted import MetricsResource
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import IRealm, Portal
from twisted.internet import reactor
from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import LoopingCall, deferLater
from twisted.protocols.basic import FileSender
from twisted.web.guard import BasicCredentialFactory, HTTPAuthSessionWrapper
from twisted.web.proxy import ReverseProxyResource
from twisted.web.resource import EncodingResourceWrapper, IResource, Resource
from twisted.web.rewrite import RewriterResource
from twisted.web.script import PythonScript
from twisted.web.server import NOT_DONE_YET, GzipEncoderFactory
from twisted.web.static import Data, File
from twisted.web.util import Redirect
from twisted.web.vhost import NameVirtualHost, VHostMonsterResource
from twisted.web.wsgi import WSGIResource
from zope.interface import implementer

PARTS = [b"%d " % number * 1000 for number in range(30)]


class Steps(Resource):
    """A response that is written in three turns of the reactor."""

    isLeaf = True

    def render_GET(self, request: Any) -> int:
        left = [b"one, ", b"two, ", b"three"]

        def step() -> None:
            request.write(left.pop(0))
            if not left:
                call.stop()
                request.finish()

        call = LoopingCall(step)
        call.start(0.005, now=False)
        return NOT_DONE_YET


class Pulled(Resource):
    """A response that a pull producer of Twisted's sends."""

    isLeaf = True

    def render_GET(self, request: Any) -> int:
        sending = FileSender().beginFileTransfer(io.BytesIO(b"".join(PARTS)), request)
        sending.addCallback(lambda _: request.finish())
        return NOT_DONE_YET


@implementer(IPushProducer)
class Pushing:
    """A push producer, which waits while it is paused."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._left = list(PARTS)
        self._call = LoopingCall(self._push)
        request.registerProducer(self, True)
        self.resumeProducing()

    def _push(self) -> None:
        self._request.write(self._left.pop(0))
        if not self._left:
            self.stopProducing()
            self._request.unregisterProducer()
            self._request.finish()

    def resumeProducing(self) -> None:
        if not self._call.running and self._left:
            self._call.start(0, now=False)

    def pauseProducing(self) -> None:
        self.stopProducing()

    def stopProducing(self) -> None:
        if self._call.running:
            self._call.stop()


class Pushed(Resource):
    """A response that a push producer sends."""

    isLeaf = True

    def render_GET(self, request: Any) -> int:
        Pushing(request)
        return NOT_DONE_YET


class Echo(Resource):
    """Responds with what it was given: form, upload, cookies, user, addresses."""

    isLeaf = True

    def render_GET(self, request: Any) -> bytes:
        """Begin a session, and set two cookies."""
        session = request.getSession()
        session.visits = getattr(session, "visits", 0) + 1
        request.addCookie(b"mine", b"1", path=b"/", httpOnly=True)
        return b"visit %d, with %d cookies" % (
            session.visits,
            len(request.received_cookies),
        )

    def render_POST(self, request: Any) -> bytes:
        """Return the request body, and what was parsed from it."""
        told = [
            sorted(request.args.items()),
            request.content.read()[:60],
            request.getAllHeaders().get(b"content-type", b"")[:19],
            (request.getUser(), request.getPassword()),
            request.getRequestHostname(),
            request.getClientAddress().host,
            request.isSecure(),
            (request.path, request.prepath, request.postpath),
            str(request.URLPath()).partition(":")[0],
            sorted(request.received_cookies.items()),
        ]
        return repr(told).encode()


@implementer(IRealm)
class Realm:
    """Gives every user the same resource."""

    def requestAvatar(self, avatar: Any, mind: object, *interfaces: object) -> Any:
        """Return the resource for *avatar*."""
        return IResource, Data(b"secret of " + avatar, "text/plain"), lambda: None


def klein() -> Any:
    """An application on Klein."""
    app = Klein()

    @app.route("/")
    def home(request: Any) -> bytes:
        request.setHeader("X-Klein", "1")
        return b"home"

    @app.route("/item/<int:number>", methods=["GET", "POST"])
    def item(request: Any, number: int) -> str:
        content, cookie = request.content.read(), request.getCookie(b"c")
        return f"{number} {sorted(request.args.items())} {content!r} {cookie!r}"

    @app.route("/later")
    async def later(request: Any) -> bytes:
        await deferLater(reactor, 0.01)
        return b"later"

    @app.route("/fails")
    def fails(request: Any) -> bytes:
        request.setResponseCode(409)
        return b"conflict"

    return app.resource()


def application(environ: Any, start: Any) -> list[bytes]:
    """A WSGI application."""
    content = environ["wsgi.input"].read()
    start("201 Made", [("X-Wsgi", "1"), ("Content-Type", "text/plain")])
    names = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "HTTP_X")
    return [*(environ.get(name, "-").encode() + b" " for name in names), content]


def tree(folder: Path, behind: int, threads: Any) -> Resource:
    """
    All of it.

    :param behind: the port of a server to pass requests on to.
    """
    disable_created_metrics()  # the time is not the same twice
    registry = CollectorRegistry()
    Counter("asked", "Requests", registry=registry).inc(3)
    hosts = NameVirtualHost()
    hosts.default = Data(b"default", "text/plain")  # type: ignore[assignment]
    hosts.addHost(b"a.example", Data(b"a", "text/plain"))
    users = InMemoryUsernamePasswordDatabaseDontUse(u=b"p")
    basic = BasicCredentialFactory(b"realm")
    zipped = Data(b"".join(PARTS), "text/plain")

    def rewrite(request: Any) -> None:
        request.postpath[:1] = [b"file"]

    root = Resource()
    for name, branch in {
        b"auth": HTTPAuthSessionWrapper(Portal(Realm(), [users]), [basic]),
        b"echo": Echo(),
        b"file": File(str(folder)),
        b"gzip": EncodingResourceWrapper(zipped, [GzipEncoderFactory()]),
        b"host": hosts,
        b"klein": klein(),
        b"metrics": MetricsResource(registry),
        b"monster": VHostMonsterResource(),
        b"proxy": ReverseProxyResource("127.0.0.1", behind, b"/file"),
        b"pull": Pulled(),
        b"push": Pushed(),
        b"redirect": Redirect(b"/there"),
        b"script": PythonScript(str(folder / "page.rpy"), None),
        b"steps": Steps(),
        b"wsgi": WSGIResource(reactor, threads, application),
    }.items():
        root.putChild(name, branch)
    root.putChild(b"rewritten", RewriterResource(root, rewrite))
    return root


def fill(folder: Path) -> None:
    """Make the files that are served."""
    folder.mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"0123456789")
    (folder / "large").write_bytes(b"".join(PARTS) * 10)
    (folder / "inside").mkdir()
    (folder / "page.rpy").write_text("request.write(b'script')\n")


FORM = b"Content-Type: application/x-www-form-urlencoded"
UPLOAD = b"Content-Type: multipart/form-data; boundary=B"
PARTED = (
    b'--B\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nin the file\r\n"
    b'--B\r\nContent-Disposition: form-data; name="g"\r\n\r\nfield\r\n--B--\r\n'
)
USER = b"Authorization: Basic dTpw"


def ask(
    target: bytes, *lines: bytes, method: bytes = b"GET", body: bytes = b""
) -> bytes:
    """A request that is the last one on its connection."""
    first = b"%b %b HTTP/1.1\r\n" % (method, target)
    lines = (b"Host: a.example", b"Connection: close", *lines)
    if body:
        lines = (*lines, b"Content-Length: %d" % len(body))
    return first + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def post(target: bytes, body: bytes, *lines: bytes) -> bytes:
    """A POST request that is the last one on its connection."""
    return ask(target, *lines, method=b"POST", body=body)


CHUNKED = ask(
    b"/echo", UPLOAD, b"Transfer-Encoding: chunked", method=b"POST"
) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(PARTED), PARTED)

REQUESTS = [
    ask(b"/klein/"),
    ask(b"/klein/item/3?a=1&b=2&a=", b"Cookie: c=7; d=8"),
    post(b"/klein/item/4", b"hello"),
    ask(b"/klein/item/x"),
    ask(b"/klein/item/4", method=b"DELETE"),
    ask(b"/klein/later"),
    ask(b"/klein/fails"),
    ask(b"/metrics"),
    ask(b"/metrics?name[]=none"),
    ask(b"/metrics", b"Accept: application/openmetrics-text; version=1.0.0"),
    ask(b"/file/a.txt"),
    ask(b"/file/a.txt", method=b"HEAD"),
    ask(b"/file/a.txt", b"Range: bytes=2-4"),
    ask(b"/file/a.txt", b"Range: bytes=0-0,2-3"),
    ask(b"/file/a.txt", b"Range: bytes=99-"),
    ask(b"/file/a.txt", method=b"POST"),
    ask(b"/file/large"),
    ask(b"/file/"),
    ask(b"/file/inside"),
    ask(b"/file/none"),
    ask(b"/host"),
    ask(b"/host").replace(b"a.example", b"b.example"),
    ask(b"/monster/http/foo:80/echo", USER, method=b"POST"),
    ask(b"/proxy/a.txt", b"X: 1"),
    ask(b"/proxy/none"),
    ask(b"/auth"),
    ask(b"/auth", USER),
    ask(b"/auth", b"Authorization: Basic dTpx"),
    ask(b"/echo", b"Cookie: x=y"),
    ask(b"/echo", method=b"HEAD"),
    ask(b"/echo", method=b"PUT", body=b"x"),
    ask(b"/echo", method=b"OPTIONS"),
    ask(b"/echo", method=b"BREW"),
    post(b"/echo/deep/er?q=0", b"q=1&q=2&r=%20", FORM, USER, b"Cookie: k=v"),
    post(b"/echo", PARTED, UPLOAD),
    post(b"/echo", b"x" * 200_000),
    CHUNKED,
    ask(b"/pull"),
    ask(b"/push"),
    ask(b"/steps"),
    ask(b"/steps", method=b"HEAD"),
    ask(b"/script"),
    ask(b"/gzip"),
    ask(b"/gzip", b"Accept-Encoding: gzip"),
    ask(b"/gzip", b"Accept-Encoding: gzip", method=b"HEAD"),
    ask(b"/redirect"),
    ask(b"/rewritten/a.txt"),
    ask(b"/wsgi/a/b?c=d", b"X: 1"),
    post(b"/wsgi", b"content"),
    ask(b"/none"),
    ask(b"*", method=b"OPTIONS"),
]

_masks = [
    (rb"TWISTED_SESSION=\w+", b"TWISTED_SESSION=*"),
    (rb"boundary=\"?\w+", b"boundary=*"),
    (rb"--[0-9a-f]{8,}", b"--*"),
    (rb"0x[0-9a-f]+", b"0x*"),
    (rb" 416 [\w ]+", b" 416 *"),  # Twisted does not write it as RFC 9110 does
]


def masked(said: bytes) -> bytes:
    """*said* without what differs between responses, and with sorted fields."""
    head, _, body = said.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    kept = sorted(one for one in fields if not one.lower().startswith(b"date:"))
    text = b"\n".join([line, *kept, b"", body])
    for pattern, instead in _masks:
        text = re.sub(pattern, instead, text)
    return text

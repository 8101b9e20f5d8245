"""
One exchange of a client: redirects, cookies, time, and what is read of the environment.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Mapping
from typing import Any, cast

from treq import content
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from dartio_tut.clients.errors import ClientError
from dartio_tut.clients.web import WebURL
from dartio_tut.clients.web.connection import Connection
from dartio_tut.clients.web.exchange_timeout import SILENCE_SECONDS
from dartio_tut.clients.web.proxies import TunnelEndpoint, proxy_for
from dartio_tut.clients.web.routes import EndpointFactory
from dartio_tut.clients.web.trust import https_policy, verified_tls

from .support.memory_web import MemoryWeb

ROOT = WebURL.parse("http://u:p@h/")


class Scripted(Resource):
    """
    Answers ``/`` as *answers* say, one after the other, and any other path with itself.

    :ivar seen: method, path and content of each request; ``headers`` has their fields.
    """

    isLeaf = True

    def __init__(self, *answers: tuple[int, Mapping[str, Any]]) -> None:
        super().__init__()
        self.answers = list(answers)
        self.seen: list[tuple[bytes, bytes, bytes]] = []
        self.headers: list[Headers] = []
        self.open: list[Request] = []

    def render(self, request: Request) -> Any:
        """Answer."""
        asked: Any = request
        self.seen.append((asked.method, asked.path, asked.content.read()))
        self.headers.append(request.requestHeaders)
        if not self.answers:
            return b"here: " + request.path
        code, fields = self.answers.pop(0)
        if code == 0:
            self.open.append(request)
            return NOT_DONE_YET
        request.setResponseCode(code)
        for name, value in fields.items():
            request.responseHeaders.addRawHeader(name, value)
        return b"elsewhere"


class ExchangeCase(SynchronousTestCase):
    """Sends requests to a scripted resource."""

    timeout_seconds: float | None = None

    def send(self, resource: Scripted, method: str = "get", **options: Any) -> Any:
        self.clock = Clock()
        self.web = MemoryWeb(self.clock, resource, self.timeout_seconds)
        sending = getattr(self.web.client, method)(ROOT, **options)
        exchange: Deferred[bytes] = Deferred.fromCoroutine(_whole(sending))
        self.web.flush()
        return exchange

    def answer(self, resource: Scripted, method: str = "get", **options: Any) -> bytes:
        answer: bytes = self.successResultOf(self.send(resource, method, **options))
        return answer

    def error(self, exchange: Any) -> str:
        return str(self.failureResultOf(exchange, ClientError).value)


async def _whole(sending: Any) -> bytes:
    """The content of the response that *sending* waits for."""
    whole: bytes = await content(await sending)
    return whole


class FollowingTests(ExchangeCase):
    """Redirects are followed where that loses nothing."""

    def test_get_is_repeated_at_the_new_place(self) -> None:
        for code in (301, 302, 303, 307, 308):
            resource = Scripted((code, {"Location": "/there"}))
            self.assertEqual(self.answer(resource), b"here: /there")

    def test_post_is_repeated_with_its_content(self) -> None:
        for code in (307, 308):
            resource = Scripted((code, {"Location": "/there"}))
            self.answer(resource, "post", data=b"note")
            self.assertEqual(
                resource.seen, [(b"POST", b"/", b"note"), (b"POST", b"/there", b"note")]
            )

    def test_post_becomes_get_where_the_standard_says_so(self) -> None:
        resource = Scripted((303, {"Location": "/there"}))
        self.answer(resource, "post", data=b"note", headers={"Content-Type": "a/b"})
        self.assertEqual(resource.seen[1], (b"GET", b"/there", b""))
        self.assertFalse(resource.headers[1].hasHeader("Content-Type"))

    def test_post_is_never_turned_into_get_by_chance(self) -> None:
        for code in (301, 302):
            resource = Scripted((code, {"Location": "/there"}))
            said = self.error(self.send(resource, "post", data=b"note"))
            self.assertIn(f"answers {code} and points to http://h/there", said)
            self.assertEqual(len(resource.seen), 1)

    def test_query_is_for_the_first_request_only(self) -> None:
        resource = Scripted((302, {"Location": "/there"}))
        self.answer(resource, params={"q": "1"})
        self.assertEqual([path for _, path, _ in resource.seen], [b"/", b"/there"])

    def test_password_goes_to_its_origin_only(self) -> None:
        for location, kept in (("/there", True), ("http://other/", False)):
            resource = Scripted((302, {"Location": location}))
            self.answer(resource)
            first, second = resource.headers
            self.assertEqual(first.getRawHeaders("Authorization"), ["Basic dTpw"])
            self.assertEqual(second.hasHeader("Authorization"), kept)

    def test_second_url_is_named_where_it_leads_astray(self) -> None:
        for location in ("ftp://x/", "http://[::1/", "mailto:x", "/\x1b[2J", ""):
            said = self.error(self.send(Scripted((302, {"Location": location}))))
            self.assertIn(f"http://h/ redirects to {location!r}, which is no", said)

    def test_password_of_a_redirect_is_not_shown(self) -> None:
        resource = Scripted((302, {"Location": "http://u:secret@x/"}))
        self.assertNotIn("secret", self.error(self.send(resource)))

    def test_redirect_without_location_is_told(self) -> None:
        said = self.error(self.send(Scripted((302, {}))))
        self.assertEqual(said, "http://h/ answers 302 without a Location")

    def test_endless_redirects_are_left(self) -> None:
        resource = Scripted(*[(302, {"Location": "/x"})] * 30)
        said = self.error(self.send(resource))
        self.assertEqual(said, "more than 20 redirects, the last to http://h/x")
        self.assertEqual(len(resource.seen), 21)


class CookieTests(ExchangeCase):
    """Cookies last for the redirects of one command."""

    def test_cookie_is_sent_to_its_host_only(self) -> None:
        for location, kept in (("/there", True), ("http://other.example/", False)):
            fields = {"Location": location, "Set-Cookie": "a=b"}
            resource = Scripted((302, dict(fields)))
            self.answer(resource)
            self.assertEqual(resource.headers[1].hasHeader("Cookie"), kept)

    def test_cookie_that_is_not_ascii_is_left_out(self) -> None:
        resource = Scripted((200, {"Set-Cookie": "a=é".encode()}))
        self.assertEqual(self.answer(resource), b"elsewhere")


class CodingTests(ExchangeCase):
    """Only what can be decoded is asked for."""

    def test_offer(self) -> None:
        resource = Scripted()
        self.answer(resource)
        offered = resource.headers[0].getRawHeaders("Accept-Encoding")
        self.assertEqual(offered, ["gzip, deflate, br, zstd"])

    def test_large_content_is_decoded_in_turns_of_the_reactor(self) -> None:
        resource = Scripted((0, {}))
        exchange = self.send(resource)
        [request] = resource.open
        request.setHeader("Content-Encoding", "gzip")
        request.write(gzip.compress(b"\0" * (3 << 20)))
        request.finish()
        self.web.flush()
        self.assertNoResult(exchange)
        self.clock.pump([0] * 4)
        self.assertEqual(len(self.successResultOf(exchange)), 3 << 20)

    def test_end_does_not_overtake_what_is_being_decoded(self) -> None:
        resource = Scripted((0, {}))
        exchange = self.send(resource)
        [request] = resource.open
        request.setHeader("Content-Encoding", "gzip")
        request.write(gzip.compress(b"\0" * (3 << 20))[:-1])
        request.finish()
        self.web.flush()
        self.assertNoResult(exchange)
        self.clock.pump([0] * 4)
        self.assertIn("ends too early", self.error(exchange))


class SilenceTests(ExchangeCase):
    """Without a byte for a while, a client gives up."""

    def test_no_response(self) -> None:
        exchange = self.send(Scripted((0, {})))
        self.clock.advance(SILENCE_SECONDS - 1)
        self.assertNoResult(exchange)
        self.clock.advance(1)
        said = self.error(exchange)
        self.assertEqual(said, "no answer from http://h/ within 30 seconds")

    def test_each_piece_of_content_begins_a_new_wait(self) -> None:
        resource = Scripted((0, {}))
        exchange = self.send(resource)
        for _ in range(3):
            resource.open[0].write(b"piece")
            self.web.flush()
            self.clock.advance(SILENCE_SECONDS - 1)
        self.assertNoResult(exchange)
        self.clock.advance(1)
        said = self.error(exchange)
        self.assertEqual(said, "http://h/: not complete within 30 seconds")


class TimeoutTests(ExchangeCase):
    """``--timeout`` is for the whole exchange."""

    timeout_seconds = 2.0

    def test_server_that_drips(self) -> None:
        resource = Scripted((0, {}))
        exchange = self.send(resource)
        for _ in range(4):
            self.assertNoResult(exchange)
            resource.open[0].write(b"drop")
            self.web.flush()
            self.clock.advance(0.5)
        said = self.error(exchange)
        self.assertEqual(said, "http://h/: not complete within 2 seconds (--timeout)")

    def test_redirects_count(self) -> None:
        resource = Scripted((0, {}), (0, {}))
        exchange = self.send(resource)
        self.clock.advance(1.5)
        resource.open[0].redirect(b"/there")
        resource.open[0].finish()
        self.web.flush()
        self.clock.advance(0.5)
        said = self.error(exchange)
        self.assertIn("no answer from http://h/there within 2 seconds", said)

    def test_answer_in_time_leaves_nothing_behind(self) -> None:
        self.answer(Scripted())
        self.assertEqual(self.clock.getDelayedCalls(), [])


class ProxyTests(SynchronousTestCase):
    """Proxies are those that the environment names."""

    def setUp(self) -> None:
        self.patch(os, "environ", {})

    def proxy(self, scheme: str = "http", host: str = "h", port: int = 80) -> str:
        return str(proxy_for(scheme, host, port))

    def test_each_scheme_has_its_own(self) -> None:
        os.environ.update(http_proxy="http://u:p@a:1", HTTPS_PROXY="b:2")
        self.assertEqual(self.proxy(), "http://a:1")
        self.assertEqual(self.proxy("https"), "http://b:2")

    def test_all_proxy_is_for_the_others(self) -> None:
        os.environ.update(https_proxy="http://a:1", all_proxy="http://b:2")
        self.assertEqual(self.proxy(), "http://b:2")
        self.assertEqual(self.proxy("https"), "http://a:1")

    def test_no_proxy_names_exceptions(self) -> None:
        os.environ.update(http_proxy="http://a:1", no_proxy="x,.example.org,h:81,::1")
        for host, port, proxied in (
            ("x", 80, False), ("a.example.org", 80, False), ("h", 80, True),
            ("h", 81, False), ("::1", 80, False), ("y", 80, True),
        ):  # fmt: skip
            found = proxy_for("http", host, port)
            self.assertEqual(found is not None, proxied, host)
        os.environ["no_proxy"] = "*"
        self.assertEqual(self.proxy(), "None")

    def test_no_proxy_names_networks(self) -> None:
        no_proxy = "10.0.0.0/8, 192.0.2.1/32 2001:db8::/32,10.0.0.0/99,a/b"
        os.environ.update(http_proxy="http://a:1", no_proxy=no_proxy)
        for host, proxied in (
            ("10.1.2.3", False), ("11.1.2.3", True), ("192.0.2.1", False),
            ("192.0.2.2", True), ("2001:db8::1", False), ("::1", True), ("a", True),
        ):  # fmt: skip
            self.assertEqual(self.proxy(host=host) != "None", proxied, host)

    def test_none_without_the_environment(self) -> None:
        self.assertEqual(self.proxy(), "None")
        os.environ["http_proxy"] = ""
        self.assertEqual(self.proxy(), "None")

    def test_other_kinds_of_proxy_are_refused(self) -> None:
        os.environ["http_proxy"] = "socks5://u:secret@a:1"
        with self.assertRaises(ClientError) as caught:
            self.proxy()
        self.assertIn("http_proxy does not name an http", str(caught.exception))
        self.assertNotIn("secret", str(caught.exception))


class TunnelTests(SynchronousTestCase):
    """A tunnel through a proxy."""

    def setUp(self) -> None:
        reactor = MemoryReactorClock()
        endpoint = TunnelEndpoint(
            HostnameEndpoint(reactor, "127.0.0.1", 3128),
            WebURL.parse("http://u:p@proxy:3128"),
            "[::1]:443",
        )
        self.opening = endpoint.connect(Factory.forProtocol(Inner))
        factory = reactor.tcpClients[0][2]
        made: Any = factory.buildProtocol(None)
        self.protocol = made
        self.transport = StringTransport()
        self.protocol.makeConnection(self.transport)

    def refused(self) -> str:
        return str(self.failureResultOf(self.opening, ClientError).value)

    def test_proxy_is_asked_with_its_password(self) -> None:
        self.assertEqual(
            self.transport.value(),
            b"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n"
            b"Proxy-Authorization: Basic dTpw\r\n\r\n",
        )

    def test_connection_is_handed_over_behind_the_head(self) -> None:
        for byte in b"HTTP/1.1 200 Fine\r\nA: b\r\n\r":
            self.protocol.dataReceived(bytes([byte]))
        self.assertNoResult(self.opening)
        self.protocol.dataReceived(b"\nfirst")
        inner: Any = self.successResultOf(self.opening)
        self.protocol.dataReceived(b" second")
        self.assertEqual(inner.received, b"first second")

    def test_refusal_is_told(self) -> None:
        self.protocol.dataReceived(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        self.assertEqual(
            self.refused(),
            "the proxy http://proxy:3128 opens no tunnel to [::1]:443: 403 Forbidden",
        )

    def test_what_is_no_proxy_is_told(self) -> None:
        self.protocol.dataReceived(b"220 mail\r\n\r\n")
        self.assertIn("does not answer in HTTP", self.refused())

    def test_endless_head_is_left(self) -> None:
        self.protocol.dataReceived(b"HTTP/1.1 200 OK\r\nA: " + b"b" * (1 << 15))
        self.assertIn("does not answer in HTTP", self.refused())


class Inner(Protocol):
    """What is connected through a tunnel."""

    received = b""

    def dataReceived(self, data: bytes) -> None:
        self.received += data


class RouteTests(SynchronousTestCase):
    """The way to an IPv6 address with a zone."""

    def connected_to(self, url: WebURL) -> str:
        self.patch(os, "environ", {})
        reactor = MemoryReactorClock()
        routes = EndpointFactory(reactor, https_policy(None))
        routes.zone = url.zone
        uri = url.encoded.to_uri().to_text().encode("ascii")
        agent, _ = routes.agent_for(uri, Headers())
        agent.request(b"GET", uri)
        host: str = reactor.tcpClients[0][0]
        return host

    def test_zone_is_for_addresses_of_one_link(self) -> None:
        host = self.connected_to(WebURL.parse("http://[fe80::1%25lo]:1/"))
        self.assertEqual(host, "fe80::1%lo")
        host = self.connected_to(WebURL.parse("http://[::1%25lo]:1/"))
        self.assertNotIn("lo", host)


class ServerNameTests(SynchronousTestCase):
    """The name that a server is told in the handshake (RFC 6066, 3)."""

    def test_has_no_dot_at_its_end(self) -> None:
        for host in ("example.org", "example.org."):
            creator = verified_tls(https_policy(None), Connection(host, 443))
            factory = TLSMemoryBIOFactory(
                creator, True, Factory.forProtocol(Protocol), Clock()
            )
            transport = StringTransport()
            factory.buildProtocol(None).makeConnection(transport)
            hello = transport.value()
            self.assertIn(b"\x0bexample.org", hello)
            self.assertNotIn(b"example.org.", hello)


class OneAddress:
    """
    A resolver that knows one address, of every name.

    :ivar asked: the names.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []

    def resolveHostName(self, receiver: Any, name: str, port: int, *_: Any) -> Any:
        self.asked.append(name)
        receiver.resolutionBegan(self)
        receiver.addressResolved(IPv4Address("TCP", "192.0.2.1", port))
        receiver.resolutionComplete()
        return self


class OtherHostTests(SynchronousTestCase):
    """Hosts with names that DNS knows, and IDNA does not."""

    def setUp(self) -> None:
        self.patch(os, "environ", {})
        self.reactor = MemoryReactorClock()
        self.resolver = OneAddress()
        self.reactor.installNameResolver(cast("Any", self.resolver))
        self.routes = EndpointFactory(self.reactor, https_policy(None))

    def test_is_looked_up_as_it_is(self) -> None:
        for host in ("my_service", "r3---sn-a.x", "_a.b_c.x."):
            uri = WebURL.parse(f"http://{host}:81/").encoded.to_uri().to_text()
            agent, connection = self.routes.agent_for(uri.encode("ascii"), Headers())
            agent.request(b"GET", uri.encode("ascii"))
            self.assertEqual(self.resolver.asked.pop(), host)
            self.assertEqual(self.reactor.tcpClients.pop()[:2], ("192.0.2.1", 81))
            self.assertEqual(connection.host, host)

    def test_has_no_certificate_that_could_be_verified(self) -> None:
        with self.assertRaises(ClientError) as caught:
            self.routes.route_to(b"https://my_service/")
        self.assertIn("no TLS with my_service: ", str(caught.exception))

"""
The client that lessons are given: treq's, with redirects, content and errors as people
at a terminal need them.
"""

from __future__ import annotations

from typing import Any, cast

from treq.client import HTTPClient
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from ..errors import ClientError
from .codings import ACCEPT_ENCODING
from .connection import Connection
from .delivery import ContentResponse
from .exchange_timeout import ExchangeTimeout
from .reasons import failure_text
from .redirects import REDIRECTS_LIMIT, next_request
from .routes import EndpointFactory
from .status import check_status, unfinished
from .trust import https_policy
from .url import WebURL, url_for_messages


def web_client(
    reactor: Any,
    *,
    ca_file: str | None = None,
    timeout: float | None = None,
    server: str | None = None,
    server_url: WebURL | None = None,
) -> WebClient:
    """
    A client for real connections.

    :param ca_file: a PEM file with the certificates to trust; the system's without one.
    :param timeout: seconds for each exchange, None for as long as there is no silence.
    :param server: the plugin that is asked, to be named when nobody answers at its
        *server_url*.
    :raises ClientError: the *ca_file* cannot be used.
    """
    routes = EndpointFactory(reactor, https_policy(ca_file))
    patience = ExchangeTimeout(reactor, timeout)
    agent = ExchangeAgent(reactor, routes, patience, server, server_url)
    return WebClient(reactor, HTTPClient(agent), patience, routes)


class WebClient:
    """
    Sends requests with *treq*, one exchange at a time, and follows redirects.

    It takes what treq takes, but for URLs, which are `WebURL`.
    """

    def __init__(
        self, reactor: Any, treq: HTTPClient, patience: ExchangeTimeout, routes: Any
    ) -> None:
        self._reactor = reactor
        self._treq = treq
        self._patience = patience
        self._routes = routes

    async def get(self, url: WebURL, **options: Any) -> Any:
        """GET *url*; the response is there as soon as its header fields are."""
        return await self._request("GET", url, options)

    async def post(self, url: WebURL, **options: Any) -> Any:
        """POST to *url*."""
        return await self._request("POST", url, options)

    async def _request(self, method: str, url: WebURL, options: dict[str, Any]) -> Any:
        self._patience.start()
        for _ in range(REDIRECTS_LIMIT + 1):
            response = await self._send(method, url, options)
            following = next_request(method, url, response)
            if following is None:
                return response
            response.original.discard()
            if following.method != method:  # the content was for the first one
                options = {}
            method, url = following.method, following.url
            options = {name: options[name] for name in options if name != "params"}
        raise ClientError(f"more than {REDIRECTS_LIMIT} redirects, the last to {url}")

    async def _send(self, method: str, url: WebURL, options: dict[str, Any]) -> Any:
        self._routes.zone = url.zone
        sending = self._treq.request(
            method,
            url.encoded,
            auth=url.user,
            allow_redirects=False,
            unbuffered=True,
            reactor=self._reactor,
            **options,
        )
        self._patience.give_up = sending.cancel
        return await sending


@implementer(IAgent)
class ExchangeAgent:
    """
    Sends one request, and gives back one response, whose content is decoded.

    Whatever fails is a `ClientError` that names the URL.
    """

    def __init__(
        self,
        reactor: Any,
        routes: Any,
        patience: ExchangeTimeout,
        server: str | None = None,
        server_url: WebURL | None = None,
    ) -> None:
        self._reactor = reactor
        self._routes = routes
        self._patience = patience
        self._server = server
        self._server_url = server_url

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        """See `IAgent.request`."""
        headers = headers.copy() if headers else Headers()
        headers.setRawHeaders(b"Accept-Encoding", [ACCEPT_ENCODING])
        url = uri.decode("ascii")
        agent, connection = self._routes.agent_for(uri, headers)
        sending = maybeDeferred(agent.request, method, uri, headers, bodyProducer)
        sending.addCallback(self._received, url, connection)
        sending.addErrback(self._failed, url, connection)
        return sending

    def _received(
        self, response: IResponse, url: str, connection: Connection
    ) -> IResponse:
        connection.has_response = True
        self._patience.heard()
        check_status(response.code, url, connection)
        _drop_unreadable_cookies(response.headers)
        return ContentResponse(response, url, connection, self._patience, self._reactor)

    def _failed(self, failure: Failure, url: str, connection: Connection) -> None:
        if self._patience.reason:
            silent = connection.is_tls and not connection.first_bytes
            silent = silent and connection.proxy is None
            hint = "; does it speak TLS?" if silent else ""
            if said := unfinished(url, connection):
                raise ClientError(said)
            raise ClientError(f"no answer from {url} {self._patience.reason}{hint}")
        if self._server:
            url = url_for_messages(self._server_url, url)
        why = failure_text(cast("Exception", failure.value), url, connection)
        if self._server and why.startswith("no server answers"):
            why += f': is "twistd -n {self._server}" running?'
        raise ClientError(why) from None


def _drop_unreadable_cookies(headers: Headers) -> None:
    """
    Take cookies out of *headers* that are not ASCII, as all should be (RFC 6265,
    4.1.1): the cookie jar cannot read them.
    """
    cookies = headers.getRawHeaders(b"Set-Cookie", [])
    kept = [cookie for cookie in cookies if cookie.isascii()]
    if kept:
        headers.setRawHeaders(b"Set-Cookie", kept)
    elif cookies:
        headers.removeHeader(b"Set-Cookie")

"""
Sends a request of any bytes to a URL, and tells all that can be seen of what comes.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from twisted.python.failure import Failure
from twisted.web.http_headers import Headers

from ..errors import ClientError
from .exchange_timeout import ExchangeTimeout
from .raw_exchange import (
    ExchangeProtocol,
    RawExchange,
    Times,
    ended_well,
    exchange_over,
)
from .reasons import failure_text
from .redirects import REDIRECTS_LIMIT, Fields, fields_after, next_request
from .routes import EndpointFactory
from .timed_names import TimedNames
from .trust import https_policy
from .url import WebURL


@dataclass(frozen=True)
class Asked:
    """
    What to send.

    :ivar body: the content; ``None`` to send none.
    :ivar raw: bytes to send instead of all that.
    """

    method: str
    fields: Fields = ()
    body: bytes | None = None
    raw: bytes | None = None

    def request(self, url: WebURL, proxy_fields: Fields, is_proxied: bool) -> bytes:
        """The bytes of the request for *url*."""
        if self.raw is not None:
            return self.raw
        uri = url.encoded.to_uri()
        target = uri.to_text() if is_proxied else _target(uri.to_text())
        names = {name.lower() for name, _ in self.fields}
        fields = list(self.fields)
        if "host" not in names:
            fields.insert(0, ("Host", _netloc(uri.to_text())))
        if url.user and "authorization" not in names:
            token = b64encode(":".join(url.user).encode("utf-8")).decode("ascii")
            fields.append(("Authorization", f"Basic {token}"))
        if self.body is not None and not names & {
            "content-length",
            "transfer-encoding",
        }:
            fields.append(("Content-Length", str(len(self.body))))
        lines = [f"{self.method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in [*fields, *proxy_fields]]
        head = "\r\n".join([*lines, "", ""]).encode("utf-8")
        return head + (self.body or b"")


def _netloc(uri: str) -> str:
    return uri.partition("://")[2].partition("/")[0].partition("?")[0]


def _target(uri: str) -> str:
    rest = uri.partition("://")[2]
    target = rest[len(_netloc(uri)) :]
    return target if target.startswith("/") else f"/{target}"


class Inspector:
    """
    Inspects exchanges, one after the other.

    :param ca_file: a PEM file with the certificates to trust; the system's without one.
    :param trusts_all: whether a certificate that is not trusted will do.
    :param timeout: seconds for each exchange, None for as long as there is no silence.
    :raises ClientError: the *ca_file* cannot be used.
    """

    def __init__(
        self,
        reactor: Any,
        *,
        ca_file: str | None = None,
        trusts_all: bool = False,
        timeout: float | None = None,
        seconds: Callable[[], float] = perf_counter,
    ) -> None:
        self._reactor = reactor
        self._policy = https_policy(ca_file)
        self._trusts_all = trusts_all
        self._patience = ExchangeTimeout(reactor, timeout)
        self._seconds = seconds

    async def exchanges(
        self, url: WebURL, asked: Asked, follow: bool
    ) -> AsyncIterator[RawExchange]:
        """The exchange with *url*, and those that its redirects lead to."""
        for _ in range(REDIRECTS_LIMIT + 1):
            exchange = await self.exchange(url, asked)
            yield exchange
            if not follow or exchange.failure:
                return
            following = next_request(asked.method, url, _Head(exchange))
            if following is None:
                return
            fields = fields_after(asked.fields, asked.method, url, following)
            body = asked.body if following.method == asked.method else None
            asked = Asked(following.method, fields, body)
            url = following.url
        raise ClientError(f"more than {REDIRECTS_LIMIT} redirects, the last to {url}")

    async def exchange(self, url: WebURL, asked: Asked) -> RawExchange:
        """Send what is *asked* to *url*; what is returned tells what went wrong."""
        exchange = RawExchange(url, asked.method, b"", Times(self._seconds()))
        names = TimedNames(self._reactor, self._seconds)
        routes = EndpointFactory(names, self._policy, only_notes=True)
        routes.zone = url.zone
        route = routes.route_to(url.encoded.to_uri().to_text().encode("ascii"))
        connection = route.connection
        if route.is_proxied and asked.raw is not None:
            raise ClientError(
                f"bytes cannot be sent through a proxy; no_proxy={connection.host} "
                "goes without it"
            )
        exchange.proxy = str(connection.proxy or "")
        proxy_fields = [(a.decode(), b.decode()) for a, b in route.proxy_fields]
        exchange.request = asked.request(url, proxy_fields, route.is_proxied)
        protocol = ExchangeProtocol(
            exchange, connection, self._trusts_all, self._seconds, self._patience.heard
        )
        self._patience.start()
        try:
            reason = await exchange_over(route.endpoint, protocol, self._give_up_by)
        except Exception as error:  # noqa: BLE001  (each has a sentence in `reasons`)
            exchange.failure = self._unreached(error, exchange, connection)
        else:
            exchange.failure = self._failure(exchange, connection, reason)
        finally:
            self._patience.stop()
        exchange.times.resolved, exchange.addresses = names.resolved, names.addresses
        return exchange

    def _give_up_by(self, give_up: Callable[[], Any]) -> None:
        self._patience.give_up = give_up

    def _unreached(self, error: Exception, exchange: RawExchange, made: Any) -> str:
        if self._patience.reason:
            return f"no answer from {exchange.url} {self._patience.reason}"
        return failure_text(error, str(exchange.url), made)

    def _failure(
        self, exchange: RawExchange, connection: Any, reason: Failure | None
    ) -> str:
        """Why there is no whole response; empty if there is."""
        url, came = str(exchange.url), len(exchange.received)
        if connection.certificate_problem and not self._trusts_all:
            return f"certificate of {connection.host} {connection.certificate_problem}"
        if self._patience.reason:
            what = "no answer from" if not came else "no complete answer from"
            return f"{what} {url} {self._patience.reason}"
        if exchange.is_whole or exchange.is_cut:
            return ""
        if not exchange.was_closed:
            return f"{url} answers with header fields without an end"
        if not came and reason is not None:
            return failure_text(reason.value, url, connection)  # type: ignore[arg-type]
        if not ended_well(reason):
            exchange.broke_off = True
            return f"{url}: broken off after {came} bytes"
        return ""  # the message itself tells whether it is whole


class _Head:
    """As much of a response as `next_request` looks at."""

    def __init__(self, exchange: RawExchange) -> None:
        head = bytes(exchange.received)
        while head.startswith(b"HTTP/1.1 1") and not head.startswith(b"HTTP/1.1 101"):
            head = head.partition(b"\r\n\r\n")[2]
        lines = head.partition(b"\r\n\r\n")[0].split(b"\r\n")
        words = lines[0].split(b" ")
        code = words[1] if len(words) > 1 else b""
        self.code = int(code) if code.isdigit() and len(code) == 3 else 0
        self.headers = Headers()
        for line in lines[1:]:
            name, colon, value = line.partition(b":")
            if colon and name.lower() == b"location":
                self.headers.addRawHeader(b"Location", value.strip())

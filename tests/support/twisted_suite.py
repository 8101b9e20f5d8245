"""
Runs the tests that Twisted has for its own web server on our channel and request.

They find what they judge by name, so the names are given to ours before the tests are
imported. That lasts as long as the process, which is why this is a program of its own:

    python -P twisted_suite.py (stock | request | both) RESULT

It writes to the file RESULT, as JSON, how many tests ran and which went wrong, why.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.reporter import TestResult
from twisted.trial.runner import TestLoader, TrialRunner
from twisted.web import http, server
from twisted.web.resource import Resource

from dartio_tut.daemon import Site
from dartio_tut.wire import Channel, Limits, Request
from dartio_tut.wire.http1 import channel as channel_module
from dartio_tut.wire.http1 import request_fields

SUITE = "twisted.web.test."

MODULES = (
    "test_cgi",
    "test_distrib",
    "test_http",
    "test_http2",
    "test_httpauth",
    "test_proxy",
    "test_resource",
    "test_script",
    "test_static",
    "test_util",
    "test_vhost",
    "test_web",
    "test_websocket",
    "test_wsgi",
    "test_xmlrpc",
)


class LoneChannel(Channel):
    """A channel without a site: what a site hands in is made for each."""

    _site: Any

    def __init__(self) -> None:
        site = Site(Resource(), reactor=Clock())
        self._site = site
        super().__init__(site)
        self.requestFactory = http.Request

    @property
    def uses_our_request(self) -> bool:
        """As the site would say."""
        factory = self.requestFactory
        return isinstance(factory, type) and issubclass(factory, Request)

    @uses_our_request.setter
    def uses_our_request(self, value: bool) -> None:
        """It depends on the factory that a test sets later."""

    @property
    def site(self) -> Any:
        """The site, a stock one with what ours has beside."""
        return self._site

    @site.setter
    def site(self, site: Any) -> None:
        for name in (
            "head_reader",
            "is_draining",
            "observer",
            "refusal_fields",
            "request_log",
            "streaming",
        ):
            if site is not None and not hasattr(site, name):
                setattr(site, name, getattr(self._site, name))
        if site is not None and not hasattr(site, "connection_limit"):
            site.connection_limit = self._site.connection_limit
        self._site = site or self._site

    def makeConnection(self, transport: Any) -> None:
        """A client has connected."""
        super().makeConnection(transport)
        self.response_writer.log = self._log_by_factory

    def _log_by_factory(self, request: Any) -> None:
        log = getattr(self.factory, "log", None)
        if log is not None:
            log(request)

    # What some tests look at or set, under Twisted's own names.

    maxHeaders = Limits().header_count

    @property
    def _optimisticEagerReadSize(self) -> int:
        return self.limits.pipelined

    @_optimisticEagerReadSize.setter
    def _optimisticEagerReadSize(self, size: int) -> None:
        self.limits = replace(self.limits, pipelined=size)

    @property
    def _requestProducer(self) -> Any:
        return self.output.producer

    def setTimeout(self, period: float | None) -> None:
        """What a stock site sets: deadlines stand in for it."""


class PlainRequest(Request):
    """Stands for `twisted.web.http.Request`, which knows no site."""

    defaultContentType = None
    _parsePOSTFormSubmission = True

    def __init__(self, channel: Any, queued: Any = False, **more: Any) -> None:
        super().__init__(channel, queued, **{"parsePOSTFormSubmission": True} | more)

    # Ours asks the site how much it may be.
    handleContentChunk = http.Request.handleContentChunk

    def process(self) -> None:
        """Nobody answers."""


def replace_request() -> None:
    """Have the tests judge our request."""
    http.Request = PlainRequest  # type: ignore[misc,assignment]
    server.Request = Request  # type: ignore[misc,assignment]
    server.Site.requestFactory = Request  # type: ignore[assignment]


def replace_channel() -> None:
    """Have the tests judge our channel, which must forgive what they leave out."""
    http.HTTPChannel = LoneChannel  # type: ignore[misc,assignment]
    wire: Any = channel_module
    fields: Any = request_fields
    read_host = fields._read_host
    refusal = wire.refusal

    def read_host_if_any(framing: dict[bytes, Any], is_http11: bool) -> Any:
        return read_host(framing, is_http11 and b"host" in framing)

    def brief(code: int, *more: Any) -> Any:
        if code == http.BAD_REQUEST:
            return b"HTTP/1.1 400 Bad Request\r\n\r\n"
        return refusal(code, *more)

    fields._read_host = read_host_if_any
    wire.refusal = brief


class Result(TestResult):
    """What went wrong, by the name of the test."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: dict[str, str] = {}

    def addFailure(self, test: Any, fail: Any) -> None:
        """Note it."""
        super().addFailure(test, fail)
        self._note(test, self.failures[-1][1])

    def addError(self, test: Any, error: Any) -> None:
        """Note it."""
        super().addError(test, error)
        self._note(test, self.errors[-1][1])

    def _note(self, test: Any, failure: Any) -> None:
        name = test.id().removeprefix(SUITE)
        said = failure.getErrorMessage()
        kind = getattr(failure.type, "__name__", failure.type)
        self.wrong.setdefault(name, f"{kind}: {said}"[:400])

    def done(self) -> None:
        """All tests have run."""


def main(mode: str, path: str) -> None:
    """Run the tests in *mode*, and write what went wrong to *path*."""
    if mode in ("request", "both"):
        replace_request()
    if mode == "both":
        replace_channel()
    suite = TestLoader().loadByNames([SUITE + module for module in MODULES])
    runner = TrialRunner(lambda *_, **__: Result(), stream=StringIO())
    result: Any = runner.run(suite)
    found = {"ran": result.testsRun, "wrong": result.wrong}
    Path(path).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""
Errors as responses, and coroutines that end with one.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources import (
    ErrorResource,
    HTTPError,
    error_response,
    method_not_allowed,
    problem,
    respond_later,
)
from dartio_tut.testing import connect

from .support.function_resource import FunctionResource
from .support.memory_client import ask

GONE = HTTPError(410, "It <was> deleted.", ((b"X-Why", b"asked"),))


class FormTests(SynchronousTestCase):
    """The form in which a client is told of an error."""

    def test_error_is_text_or_an_object(self) -> None:
        tree = FunctionResource(lambda request: error_response(request, GONE))
        for accept in ("*/*", "text/html", "text/plain"):
            response = ask(tree, accept=accept)
            self.assertEqual(
                (response.code, response.body), (410, b"It <was> deleted.")
            )
            self.assertEqual(response.fields["x-why"], "asked")
        for accept in ("application/json", "application/problem+json"):
            response = ask(tree, accept=accept)
            said = json.loads(response.body)
            self.assertEqual((said["status"], said["detail"]), (410, GONE.text))
            self.assertEqual(response.fields["x-why"], "asked")

    def test_page_is_offered_by_resources_that_people_visit(self) -> None:
        for tree in (
            FunctionResource(lambda request: problem(request, 410, GONE.text)),
            ErrorResource(GONE),
        ):
            page = ask(tree, accept="text/html")
            self.assertIn(b"<p>It &lt;was&gt; deleted.</p>", page.body)
            self.assertEqual(page.fields["vary"], "Accept")
            self.assertIn("default-src", page.fields["content-security-policy"])
            self.assertEqual(ask(tree).body, b"It <was> deleted.\n")

    def test_405_is_text_with_allow_and_advice(self) -> None:
        for advice, said in [("", b""), ("Do it.", b"\nDo it.")]:
            render = partial(method_not_allowed, allow="GET", advice=advice)
            tree = FunctionResource(render)
            response = ask(tree, "PUT", accept="application/json")
            self.assertEqual(response.code, 405)
            self.assertEqual(response.body, b"Unsupported request: PUT." + said)
            self.assertEqual(response.fields["allow"], "GET")


class RespondLaterTests(SynchronousTestCase):
    """`respond_later`."""

    def test_other_results_than_text_and_bytes_are_500_and_logged(self) -> None:
        async def give(value: Any) -> Any:
            return value

        for result in (None, 5, {"a": 1}):

            def render(request: Any, value: object = result) -> int:
                return respond_later(request, give(value))

            response = ask(FunctionResource(render))
            self.assertEqual(response.code, 500)
            self.assertEqual(response.body, b"Something went wrong here.")
            (logged,) = self.flushLoggedErrors(TypeError)
            self.assertIn("must return str or bytes", str(logged.value))

    def test_coroutine_ends_after_the_client_has_gone(self) -> None:
        waiting: Deferred[None] = Deferred()
        done: list[bool] = []

        async def store() -> str:
            await waiting
            done.append(True)
            return "stored"

        tree = FunctionResource(lambda request: respond_later(request, store()))
        connection = connect(tree)
        connection.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.leave()
        waiting.callback(None)
        self.assertEqual(done, [True])
        self.assertEqual(connection.transport.value(), b"")

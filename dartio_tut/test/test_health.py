"""
`dartio_tut.daemon.health`: pages about a server on its own ports.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource

from dartio_tut.daemon import AllowedHosts, ServerOptions, Site
from dartio_tut.daemon.health import HealthPages
from dartio_tut.daemon.site_of_options import site_of
from dartio_tut.testing import CLIENT_ADDRESS, Connection, Response, read_response

from .support.function_resource import FunctionResource


class HealthTests(SynchronousTestCase):
    """A tree with these pages before it."""

    def setUp(self) -> None:
        self.asked: list[bytes] = []
        self.serve(HealthPages(AllowedHosts(FunctionResource(self.render), ["a"])))

    def serve(self, resource: IResource) -> None:
        """Ask *resource* from now on."""
        self.clock = Clock()
        self.site = Site(resource, reactor=self.clock)

    def render(self, request: object) -> bytes:
        """Answer, and note for what."""
        path: bytes = getattr(request, "path")  # noqa: B009
        self.asked.append(path)
        return b"the tree"

    def ask(self, path: str, method: str = "GET", host: str = "a") -> Response:
        """The response to a request."""
        connection = Connection(self.site.buildProtocol(CLIENT_ADDRESS), self.clock)
        head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"
        return read_response(connection.send(head.encode()), method)

    def test_pages_are_answered_before_the_tree_whatever_the_host_is(self) -> None:
        for path, body in (("/healthz", b"ok\n"), ("/readyz?x=1", b"ready\n")):
            for host in ("a", "10.0.0.7:4040", "elsewhere"):
                response = self.ask(path, host=host)
                self.assertEqual((response.code, response.body), (200, body))
                self.assertEqual(response.fields["Cache-Control"], "no-store")
        self.assertEqual(self.asked, [])
        self.assertEqual(self.ask("/readyz", "HEAD").code, 200)

    def test_all_other_paths_are_the_trees(self) -> None:
        for path in ("/", "/healthz/", "/healthz/x", "/x/healthz", "/Healthz", "/%72"):
            self.assertEqual(self.ask(path).body, b"the tree", path)
        self.assertEqual(self.ask("/", host="elsewhere").code, 421)
        self.assertEqual(len(self.asked), 6)

    def test_other_methods_are_refused(self) -> None:
        response = self.ask("/healthz", "POST")
        self.assertEqual(response.code, 405)
        self.assertEqual(response.body, b"Unsupported request: use GET.\n")
        self.assertEqual(response.fields["allow"], "GET, HEAD")
        self.assertEqual(response.fields["content-type"], "text/plain; charset=utf-8")
        self.assertIn("GET", response.fields["Allow"])
        self.assertEqual(self.asked, [])

    def test_site_that_drains_is_alive_and_not_ready(self) -> None:
        self.site.is_draining = True
        self.assertEqual(self.ask("/readyz").code, 503)
        self.assertEqual(self.ask("/readyz").body, b"not ready\n")
        self.assertEqual(self.ask("/healthz").code, 200)

    def test_without_the_option_the_tree_has_these_paths(self) -> None:
        options = ServerOptions()
        tree = FunctionResource(self.render)
        self.assertIs(site_of(tree, options, streaming=False).resource, tree)
        options["health"] = True
        self.assertIsInstance(site_of(tree, options, False).resource, HealthPages)

    def test_what_the_tree_wants_of_the_wire_is_passed_on(self) -> None:
        tree = FunctionResource(self.render)
        pages = HealthPages(tree)
        self.assertEqual((pages.streams_up_to, pages.refusal_fields), (0, ()))
        tree.streams_up_to = 10  # type: ignore[attr-defined]
        tree.refusal_fields = ((b"A", b"b"),)  # type: ignore[attr-defined]
        self.assertEqual(pages.streams_up_to, 10)
        self.assertEqual(pages.refusal_fields, ((b"A", b"b"),))

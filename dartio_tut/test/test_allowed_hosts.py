"""
Answering only requests for hosts that are known.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from dartio_tut.daemon import LOCAL_HOSTS, AllowedHosts
from dartio_tut.daemon.allowed_hosts import parse_allowed_host
from dartio_tut.testing import Response, connect, read_response


def ask_for(host: str, tree: IResource, method: str, target: str) -> Response:
    """The response of *tree* to a request for *host*."""
    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"
    return read_response(connect(tree).send(head.encode()), method)


class Greeting(Resource):
    """A leaf, as most lessons are."""

    isLeaf = True
    refusal_fields = ((b"Access-Control-Allow-Origin", b"*"),)

    def render(self, request: Request) -> bytes:
        return b"hello from " + request.path


class AllowsTests(SynchronousTestCase):
    """Which hosts may be asked for."""

    def test_names_of_this_machine(self) -> None:
        hosts = AllowedHosts(Resource(), LOCAL_HOSTS)
        for host in (
            "localhost", "localhost:8080", "LOCALHOST", "localhost.", "a.localhost:1",
            "a.b.localhost", "127.0.0.1", "127.0.0.1:80", "[::1]:8080", "[::1]",
            "192.168.1.5", "[::ffff:127.0.0.1]",
        ):  # fmt: skip
            self.assertTrue(hosts.allows(host.encode()), host)

    def test_names_that_lead_here_from_elsewhere(self) -> None:
        hosts = AllowedHosts(Resource(), LOCAL_HOSTS)
        for host in (
            "evil.example", "evil.example:8080", "localhost.evil.example",
            "127.0.0.1.evil.example", "notlocalhost", ".localhost", "", ":80",
            "localhost..", "x" * 300, "xn--", "a b", "\N{REPLACEMENT CHARACTER}",
            "[::1", "[evil.example]", "any-ip", "*.localhost",
        ):  # fmt: skip
            self.assertFalse(hosts.allows(host.encode()), host)

    def test_only_what_is_named_is_allowed(self) -> None:
        named = [
            parse_allowed_host(text)
            for text in ("Example.ORG", "*.b\xfccher.example", "192.0.2.1", "::1")
        ]
        hosts = AllowedHosts(Resource(), named)
        for host in (
            "example.org", "a.xn--bcher-kva.example", "a.b\xdcCHER.example",
            "192.0.2.1:80", "[0:0:0:0:0:0:0:1]", "[::ffff:192.0.2.1]",
        ):  # fmt: skip
            self.assertTrue(hosts.allows(host.encode()), host)
        for host in (
            "localhost", "a.example.org", "xn--bcher-kva.example", "192.0.2.2",
            "127.0.0.1", "[::2]",
        ):  # fmt: skip
            self.assertFalse(hosts.allows(host.encode()), host)

    def test_what_cannot_be_a_host_is_refused(self) -> None:
        for text in (
            "", "*", "*.", "*.127.0.0.1", "a:80", "http://a", "a/b", "a b", "-a",
            "a..b", "*.*.a", "x" * 300,
        ):  # fmt: skip
            self.assertRaises(ValueError, parse_allowed_host, text)


class AllowedHostsTests(SynchronousTestCase):
    """`AllowedHosts` before a tree."""

    def setUp(self) -> None:
        self.tree = AllowedHosts(Greeting(), LOCAL_HOSTS)

    def test_allowed_host_gets_the_tree(self) -> None:
        response = ask_for("localhost:4040", self.tree, "GET", "/a/b")
        self.assertEqual((response.code, response.body), (200, b"hello from /a/b"))

    def test_another_host_is_answered_421_whatever_the_path(self) -> None:
        for method, path in [("GET", "/"), ("POST", "/a/b"), ("DELETE", "/%00")]:
            response = ask_for("evil.example", self.tree, method, path)
            self.assertEqual(response.code, 421)
            self.assertIn(b"host evil.example.\n--allow-host NAME", response.body)
            self.assertEqual(response.fields["Access-Control-Allow-Origin"], "*")

    def test_request_without_a_host_gets_the_tree(self) -> None:
        response = read_response(connect(self.tree).send(b"GET / HTTP/1.0\r\n\r\n"))
        self.assertEqual((response.code, response.body), (200, b"hello from /"))

    def test_empty_host_is_another_host(self) -> None:
        self.assertEqual(ask_for("", self.tree, "GET", "/").code, 421)

    def test_head_has_no_content(self) -> None:
        response = ask_for("evil.example", self.tree, "HEAD", "/")
        self.assertEqual((response.code, response.body), (421, b""))

    def test_foreign_name_is_shown_as_harmless_text(self) -> None:
        response = ask_for("a!$&'()*" + "b" * 500, self.tree, "GET", "/")
        self.assertEqual(response.fields["content-type"], "text/plain; charset=utf-8")
        self.assertEqual(response.fields["x-content-type-options"], "nosniff")
        self.assertLess(len(response.body), 200)

    def test_fields_of_refusals_are_those_of_the_tree(self) -> None:
        self.assertEqual(self.tree.refusal_fields, Greeting.refusal_fields)
        self.assertEqual(AllowedHosts(Resource(), ["a"]).refusal_fields, ())

    def test_a_request_without_host_is_answered(self) -> None:
        said = connect(self.tree).send(b"GET / HTTP/1.0\r\n\r\n")
        self.assertTrue(said.endswith(b"hello from /"))

    def test_a_tree_with_children_is_walked(self) -> None:
        root = Resource()
        root.putChild(b"a", Greeting())
        tree = AllowedHosts(root, LOCAL_HOSTS)
        tree.putChild(b"b", Greeting())
        for path in ("/a", "/b"):
            response = ask_for("localhost", tree, "GET", path)
            self.assertEqual(response.body, b"hello from " + path.encode())

"""
Trees chosen by the name that was asked for.
"""

from __future__ import annotations

from typing import Any

import idna
from twisted.internet.address import UNIXAddress
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Request
from twisted.web.test.requesthelper import DummyChannel

from dartio_tut.resources import VirtualHosts, parse_host_name
from dartio_tut.testing import Response, connect, read_response


class Said(Resource):
    """Says its name, and where in its tree it was asked."""

    def __init__(self, name: str, leaf: bool = True) -> None:
        super().__init__()
        self.name = name
        self.isLeaf = leaf

    def render(self, request: Any) -> bytes:
        where = f"{self.name} {request.prepath} {request.postpath}"
        return where.encode()


def ask_host(hosts: VirtualHosts, host: str | None, target: str = "/") -> Response:
    """The response to a request for *host*; without one it is of HTTP/1.0."""
    lines = [f"GET {target} HTTP/1.{0 if host is None else 1}"]
    lines += [] if host is None else [f"Host: {host}"]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return read_response(connect(hosts).send(head))


class VirtualHostsTests(SynchronousTestCase):
    """`VirtualHosts`."""

    def setUp(self) -> None:
        self.hosts = VirtualHosts(Said("fallback"))

    def chosen(self, host: str | None) -> str:
        """The name of the tree that answers for *host*."""
        answered = ask_host(self.hosts, host)
        self.assertEqual(answered.code, 200)
        return answered.body.decode().partition(" ")[0]

    def test_name_may_be_written_in_any_way(self) -> None:
        self.hosts.add("www.Example.org", Said("www"))
        for host in [
            "www.example.org",
            "WWW.example.ORG",
            "www.example.org.",
            "www.example.org:8080",
            "www.example.org.:8080",
            "www.example.org:",
            "www.example.org.:",
        ]:
            self.assertEqual(self.chosen(host), "www", host)
        for host in [
            "example.org",
            "ww.example.org",
            "www.example.org.evil.test",
            "evil-www.example.org",
            "www-example.org",
            "www.example.org..",
        ]:
            self.assertEqual(self.chosen(host), "fallback", host)

    def test_longest_wildcard_below_the_exact_name_is_taken(self) -> None:
        self.hosts.add("*.example.org", Said("wide"))
        self.hosts.add("*.b.example.org", Said("long"))
        self.hosts.add("a.b.example.org", Said("exact"))
        for host, name in [
            ("www.example.org", "wide"),
            ("x.y.z.example.org", "wide"),
            ("b.example.org", "wide"),
            ("x.b.example.org", "long"),
            ("x.y.B.example.org.", "long"),
            ("a.b.example.org", "exact"),
            ("z.a.b.example.org", "long"),
            ("example.org", "fallback"),
            (".example.org", "fallback"),
            ("wwwexample.org", "fallback"),
        ]:
            self.assertEqual(self.chosen(host), name, host)

    def test_names_may_have_letters_of_any_script(self) -> None:
        self.hosts.add("Bücher.example", Said("books"))
        self.hosts.add("*.xn--mnchen-3ya.example", Said("below"))
        self.assertEqual(self.chosen("xn--bcher-kva.example"), "books")
        self.assertEqual(self.chosen("XN--BCHER-KVA.example"), "books")
        self.assertEqual(self.chosen("www.xn--mnchen-3ya.example"), "below")
        self.assertEqual(self.chosen("bucher.example"), "fallback")
        # As keyboards of the East may give it.
        wide = (
            "\N{FULLWIDTH LATIN CAPITAL LETTER M}ünchen\N{IDEOGRAPHIC FULL STOP}example"
        )
        self.hosts.add(wide, Said("wide"))
        self.assertEqual(self.chosen("xn--mnchen-3ya.example"), "wide")

    def test_host_field_may_be_utf8(self) -> None:
        self.hosts.add("xn--bcher-kva.example", Said("books"))
        for host, name in [
            ("bücher.example".encode(), "books"),
            ("BÜCHER.example:80".encode(), "books"),
            ("bücher.example".encode("latin-1"), "fallback"),
        ]:
            request = self.foreign_request()
            request.requestHeaders.setRawHeaders(b"Host", [host])
            request.prepath, request.postpath = [b"a"], [b"b"]
            found: Any = self.hosts.getChildWithDefault(b"a", request)
            self.assertEqual(found.name, name)

    def test_too_long_host_costs_no_work(self) -> None:
        self.patch(idna, "encode", lambda *args, **more: 1 / 0)
        request = self.foreign_request()
        request.requestHeaders.setRawHeaders(b"Host", ["ü".encode() * 5000])
        request.prepath, request.postpath = [b"a"], [b"b"]
        found: Any = self.hosts.getChildWithDefault(b"a", request)
        self.assertEqual(found.name, "fallback")

    def test_addresses_are_compared_in_one_form(self) -> None:
        self.hosts.add("127.0.0.1", Said("four"))
        self.hosts.add("[::1]", Said("six"))
        self.hosts.add("2001:DB8:0::1", Said("long six"))
        self.assertEqual(self.chosen("127.0.0.1:4040"), "four")
        self.assertEqual(self.chosen("[::ffff:127.0.0.1]"), "four")
        self.assertEqual(self.chosen("[::1]:4040"), "six")
        self.assertEqual(self.chosen("[::1]:"), "six")
        self.assertEqual(self.chosen("127.0.0.1:"), "four")
        self.assertEqual(self.chosen("[0:0::1]"), "six")
        self.assertEqual(self.chosen("[2001:db8::1]"), "long")
        self.assertEqual(self.chosen("[::2]"), "fallback")

    def test_request_without_host_asks_for_the_address(self) -> None:
        self.assertEqual(self.chosen(None), "fallback")
        # The fake transport's address.
        self.hosts.add("10.0.0.1", Said("address"))
        self.hosts.add("127.0.0.1", Said("address"))
        self.assertEqual(self.chosen(None), "address")

    def test_request_without_host_on_a_unix_socket_gets_the_fallback(self) -> None:
        request = self.foreign_request()
        request.host = UNIXAddress(b"/run/x")
        request.prepath, request.postpath = [b"a"], []
        found: Any = self.hosts.getChildWithDefault(b"a", request)
        self.assertEqual(found.name, "fallback")

    def foreign_request(self) -> Request:
        """A request as Twisted's own channel makes it, without a Host."""
        return Request(DummyChannel(), False)

    def test_other_names_are_421_without_a_fallback(self) -> None:
        hosts = VirtualHosts()
        hosts.add("a.example", Said("a"))
        self.assertEqual(ask_host(hosts, "a.example").code, 200)
        for target in (b"/", b"/a/b"):
            raw = connect(hosts).send(
                b"GET %b HTTP/1.1\r\nHost: b.example\r\n\r\n" % target
            )
            self.assertTrue(
                raw.startswith(b"HTTP/1.1 421 Misdirected Request\r\n"), raw
            )
            self.assertNotIn(b"b.example", raw)

    def test_tree_sees_the_path_as_if_it_were_the_root(self) -> None:
        tree = Said("tree", leaf=False)
        tree.putChild(b"", Said("index", leaf=False))
        inner = Said("inner", leaf=False)
        tree.putChild(b"a", inner)
        inner.putChild(b"b", Said("leaf"))
        self.hosts.add("tree.example", tree)
        self.hosts.add("leaf.example", Said("leaf"))
        for host, target, said in [
            ("tree.example", "/", "index [b''] []"),
            ("tree.example", "/a", "inner [b'a'] []"),
            ("tree.example", "/a/b/c/d", "leaf [b'a', b'b'] [b'c', b'd']"),
            ("leaf.example", "/", "leaf [] [b'']"),
            ("leaf.example", "/a/b", "leaf [] [b'a', b'b']"),
        ]:
            body = ask_host(self.hosts, host, target).body.decode()
            self.assertEqual(body, said, f"{host} {target}")
        self.assertEqual(ask_host(self.hosts, "tree.example", "/none").code, 404)

    def test_works_below_another_resource(self) -> None:
        root = Resource()
        root.putChild(b"sites", self.hosts)
        self.hosts.add("a.example", Said("a"))
        for target, said in [
            ("/sites", b"a [b'sites'] []"),
            ("/sites/x", b"a [b'sites'] [b'x']"),
        ]:
            raw = connect(root).send(
                f"GET {target} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode()
            )
            self.assertEqual(read_response(raw).body, said)

    def test_malformed_names_are_refused(self) -> None:
        for name in [
            "",
            ".",
            "*",
            "*.",
            "**.a.example",
            "a.*",
            "a.*.example",
            "*a.example",
            "a..example",
            "a b",
            "a/b",
            "a.example:80",
            "http://a.example",
            "-a.example",
            "a-.example",
            "☃.example",
            "ü" * 64,
            "a" * 64,
            ".".join(["a" * 60] * 5),
            ".".join(["a" * 60] * 4 + ["a" * 10]),
            "[::1]:80",
            "[::g]",
            "*.::1",
            "a\n",
        ]:
            self.assertRaises(ValueError, self.hosts.add, name, Said("x"))

    def test_port_or_scheme_in_an_option_is_told_in_plain_words(self) -> None:
        for wrong in ("a.example:80", "http://a.example", "[::1]:80", "1.2.3.4:80"):
            error = self.assertRaises(ValueError, parse_host_name, wrong)
            self.assertEqual(
                str(error),
                f"not the name of a host: {wrong!r}; write the name alone, without a "
                "port or http://",
            )
        for right in ("a.example", "[::1]", "::1", "1.2.3.4", "*.a.example"):
            self.assertEqual(parse_host_name(right), right)

    def test_same_name_twice_is_refused(self) -> None:
        self.hosts.add("a.example", Said("a"))
        self.hosts.add("*.a.example", Said("b"))
        self.assertRaises(ValueError, self.hosts.add, "A.example.", Said("c"))
        self.assertRaises(ValueError, self.hosts.add, "*.A.example.", Said("c"))
        self.assertEqual(self.chosen("a.example"), "a")

    def test_nothing_is_put_beside_the_trees(self) -> None:
        self.assertRaises(NotImplementedError, self.hosts.putChild, b"a", Said("a"))

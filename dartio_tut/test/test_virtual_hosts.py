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

from dartio_tut.resources import AllowedHosts, VirtualHosts, parse_allowed_host

from .support.memory_client import Connection, Response, parsed


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
    return parsed(Connection(hosts).send(head))


class VirtualHostsTests(SynchronousTestCase):
    """`VirtualHosts`."""

    def setUp(self) -> None:
        self.hosts = VirtualHosts(Said("fallback"))

    def chosen(self, host: str | None) -> str:
        """The name of the tree that answers for *host*."""
        answered = ask_host(self.hosts, host)
        self.assertEqual(answered.code, 200)
        return answered.body.decode().partition(" ")[0]

    def test_one_name_however_it_is_written(self) -> None:
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

    def test_wildcards(self) -> None:
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

    def test_letters_of_any_script(self) -> None:
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

    def test_letters_of_any_script_as_they_come(self) -> None:
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

    def test_a_long_name_is_not_looked_into(self) -> None:
        self.patch(idna, "encode", lambda *args, **more: 1 / 0)
        request = self.foreign_request()
        request.requestHeaders.setRawHeaders(b"Host", ["ü".encode() * 5000])
        request.prepath, request.postpath = [b"a"], [b"b"]
        found: Any = self.hosts.getChildWithDefault(b"a", request)
        self.assertEqual(found.name, "fallback")

    def test_addresses(self) -> None:
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

    def test_no_host(self) -> None:
        self.assertEqual(self.chosen(None), "fallback")
        # The fake transport's address.
        self.hosts.add("10.0.0.1", Said("address"))
        self.hosts.add("192.168.1.1", Said("address"))
        self.assertEqual(self.chosen(None), "address")

    def test_no_host_on_a_unix_socket(self) -> None:
        request = self.foreign_request()
        request.host = UNIXAddress(b"/run/x")
        request.prepath, request.postpath = [b"a"], []
        found: Any = self.hosts.getChildWithDefault(b"a", request)
        self.assertEqual(found.name, "fallback")

    def foreign_request(self) -> Request:
        """A request as Twisted's own channel makes it, without a Host."""
        return Request(DummyChannel(), False)

    def test_without_a_fallback(self) -> None:
        hosts = VirtualHosts()
        hosts.add("a.example", Said("a"))
        self.assertEqual(ask_host(hosts, "a.example").code, 200)
        for target in (b"/", b"/a/b"):
            raw = Connection(hosts).send(
                b"GET %b HTTP/1.1\r\nHost: b.example\r\n\r\n" % target
            )
            self.assertTrue(
                raw.startswith(b"HTTP/1.1 421 Misdirected Request\r\n"), raw
            )
            self.assertNotIn(b"b.example", raw)

    def test_the_tree_is_asked_as_if_it_were_the_root(self) -> None:
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

    def test_below_another_tree(self) -> None:
        root = Resource()
        root.putChild(b"sites", self.hosts)
        self.hosts.add("a.example", Said("a"))
        for target, said in [
            ("/sites", b"a [b'sites'] []"),
            ("/sites/x", b"a [b'sites'] [b'x']"),
        ]:
            raw = Connection(root).send(
                f"GET {target} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode()
            )
            self.assertEqual(parsed(raw).body, said)

    def test_what_can_be_no_name(self) -> None:
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

    def test_a_name_twice(self) -> None:
        self.hosts.add("a.example", Said("a"))
        self.hosts.add("*.a.example", Said("b"))
        self.assertRaises(ValueError, self.hosts.add, "A.example.", Said("c"))
        self.assertRaises(ValueError, self.hosts.add, "*.A.example.", Said("c"))
        self.assertEqual(self.chosen("a.example"), "a")

    def test_nothing_beside_the_trees(self) -> None:
        self.assertRaises(NotImplementedError, self.hosts.putChild, b"a", Said("a"))


class AllowedHostsTests(SynchronousTestCase):
    """`AllowedHosts`."""

    def codes(self, tree: Any, *hosts: str | None) -> list[int]:
        return [ask_host(tree, host).code for host in hosts]

    def test_other_hosts_are_421(self) -> None:
        names = ["example.org", "*.localhost", "[::1]", "B\u00fccher.example"]
        tree = AllowedHosts(Said("a"), names)
        allowed = (
            "example.org",
            "EXAMPLE.org.:4040",
            "example.org:",
            "a.localhost",
            "a.b.localhost:80",
            "[::1]:4040",
            "[0:0::1]",
            "xn--bcher-kva.example",
        )
        self.assertEqual(self.codes(tree, *allowed), [200] * len(allowed))
        refused = (
            "localhost",
            "127.0.0.1",
            "[::2]",
            "evil.test",
            "example.org.evil.test",
            "evilexample.org",
            "a.example.org",
            "evil-localhost",
            ".localhost",
        )
        self.assertEqual(self.codes(tree, *refused), [421] * len(refused))

    def test_every_address_is_allowed_when_asked_for(self) -> None:
        tree = AllowedHosts(Said("a"), ["localhost"], addresses=True)
        for host in ("127.0.0.1:4040", "192.0.2.1", "[2001:db8::1]:80", "localhost"):
            self.assertEqual(self.codes(tree, host), [200], host)
        for host in ("1.2.3.4.evil.test", "1.2.3", "1.2.3.456", "2130706433", "0x7f.1"):
            self.assertEqual(self.codes(tree, host), [421], host)

    def test_request_without_host_is_answered(self) -> None:
        self.assertEqual(self.codes(AllowedHosts(Said("a"), ["b"]), None), [200])

    def test_malformed_names_are_refused(self) -> None:
        for name in ("", "*", "a.*", "a:80", "http://a", "*.127.0.0.1", "a b"):
            self.assertRaises(ValueError, AllowedHosts, Said("a"), [name])
            self.assertRaises(ValueError, parse_allowed_host, name)
        for name in ("a", "*.a", "::1", "[::1]", "127.0.0.1"):
            self.assertEqual(parse_allowed_host(name), name)

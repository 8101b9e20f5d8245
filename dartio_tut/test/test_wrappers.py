"""
What goes around a tree: a prefix, pages of other origins.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from dartio_tut.resources import CORS, cors_fields, mounted

from .support.function_resource import FunctionResource
from .support.memory_client import ask
from .support.response_reader import Response


class Path(Resource):
    """Tells where it is."""

    isLeaf = True

    def render(self, request: object) -> bytes:
        return repr((request.prepath, request.postpath)).encode()  # type: ignore[attr-defined]


class MountedTests(SynchronousTestCase):
    """A tree further below."""

    def test_below_a_path(self) -> None:
        for prefix in ("/a/b/", "/a/b"):
            tree = mounted(Path(), prefix)
            self.assertEqual(ask(tree, "GET", "/a/b/c").body, b"([b'a', b'b'], [b'c'])")
            self.assertEqual(ask(tree, "GET", "/a/b/").body, b"([b'a', b'b'], [b''])")
            self.assertEqual(ask(tree, "GET", "/a/b").body, b"([b'a', b'b'], [])")

    def test_nothing_else(self) -> None:
        tree = mounted(Path(), "/a/b/")
        for target in ("/", "/a", "/a/", "/b", "/a/bc", "/c/a/b/"):
            self.assertEqual((target, ask(tree, "GET", target).code), (target, 404))

    def test_encoded(self) -> None:
        tree = mounted(Path(), "/a%20b/")
        self.assertEqual(ask(tree, "GET", "/a%20b/").code, 200)

    def test_at_the_root(self) -> None:
        tree = Path()
        self.assertIs(mounted(tree, "/"), tree)

    def test_no_paths(self) -> None:
        for prefix in ("", "a", "a/", "//", "/a//b", "/../", "/./a"):
            self.assertRaises(ValueError, mounted, Path(), prefix)


class CrossOriginTests(SynchronousTestCase):
    """Pages of other origins."""

    def asked(self, *origins: bytes, method: str = "GET", **fields: str) -> Response:
        tree = CORS(FunctionResource(lambda r: b"read"), origins)
        return ask(tree, method, "/", b"", **fields)

    def test_allowed(self) -> None:
        response = self.asked(b"https://a", b"https://b", origin="https://b")
        self.assertEqual(response.body, b"read")
        allowed = response.fields["access-control-allow-origin"]
        self.assertEqual((allowed, response.fields["vary"]), ("https://b", "Origin"))

    def test_not_allowed(self) -> None:
        for fields in ({}, {"origin": "https://c"}, {"origin": "null"}):
            response = self.asked(b"https://a", **fields)
            self.assertEqual(response.body, b"read")
            self.assertNotIn("access-control-allow-origin", response.fields)
            self.assertEqual(response.fields["vary"], "Origin")

    def test_any(self) -> None:
        response = self.asked(b"*", origin="https://c")
        self.assertEqual(response.fields["access-control-allow-origin"], "*")
        self.assertNotIn("vary", response.fields)

    def test_preflight(self) -> None:
        response = self.asked(
            b"https://a",
            method="OPTIONS",
            origin="https://a",
            access_control_request_method="GET",
            access_control_request_headers="range, x-y",
        )
        self.assertEqual((response.code, response.body), (204, b""))
        self.assertEqual(response.fields["access-control-allow-methods"], "GET, HEAD")
        self.assertEqual(response.fields["access-control-allow-headers"], "range, x-y")
        self.assertEqual(response.fields["access-control-max-age"], "7200")

    def test_no_preflight(self) -> None:
        for fields in (
            {"origin": "https://a"},
            {"access_control_request_method": "GET"},
            {"origin": "https://c", "access_control_request_method": "GET"},
        ):
            response = self.asked(b"https://a", method="OPTIONS", **fields)
            self.assertEqual(response.body, b"read")
            self.assertNotIn("access-control-allow-methods", response.fields)

    def test_for_what_is_nobodys_secret(self) -> None:
        fields = dict(cors_fields("POST"))
        self.assertEqual(fields[b"Access-Control-Allow-Origin"], b"*")
        self.assertEqual(fields[b"Access-Control-Allow-Methods"], b"POST")

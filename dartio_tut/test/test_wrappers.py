"""
Resources that wrap a tree: a prefix above it, fields on it, pages of other origins,
a password before it, and stacks of them.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from functools import reduce
from hashlib import sha1
from itertools import permutations
from typing import Any

from twisted.internet.defer import Deferred, execute
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import EncodingResourceWrapper, IResource, Resource
from twisted.web.server import GzipEncoderFactory

from dartio_tut.resources import (
    CORS,
    BasicAuth,
    HtpasswdFile,
    PathPrefix,
    ResponseFields,
    VirtualHosts,
    Wrapper,
    cors_fields,
    parse_path_prefix,
    respond_later,
    text_response,
)
from dartio_tut.testing import Response, connect, read_response

from .support.function_resource import FunctionResource
from .support.memory_client import ask

Wrap = Callable[[IResource], Wrapper]

PASSWORD = "Basic " + b64encode(b"han:secret").decode()


class Path(Resource):
    """Tells where it is."""

    isLeaf = True

    def render(self, request: object) -> bytes:
        return repr((request.prepath, request.postpath)).encode()  # type: ignore[attr-defined]


class Upload(Resource):
    """Notes whether the content is handed over as a stream."""

    isLeaf = True
    streams_up_to = 10
    refusal_fields = ((b"X-Tree", b"upload"),)

    def __init__(self) -> None:
        super().__init__()
        self.streamed: list[bool] = []

    def render(self, request: Any) -> bytes:
        self.streamed.append(request.body is not None)
        return b"streamed"


def on_host(tree: IResource) -> VirtualHosts:
    hosts = VirtualHosts()
    hosts.add("localhost", tree)
    return hosts


def run_now(function: Callable[..., Any], *args: Any) -> Deferred[Any]:
    return execute(function, *args)


class WrapperCase(SynchronousTestCase):
    """Offers each wrapper around a tree."""

    def setUp(self) -> None:
        path = self.mktemp()
        digest = b64encode(sha1(b"secret").digest()).decode()
        with open(path, "w") as file:
            file.write(f"han:{{SHA}}{digest}\n")
        self.passwords = HtpasswdFile(path)
        self.wraps: dict[str, Wrap] = {
            "auth": lambda tree: BasicAuth(tree, self.passwords, "a", run_now),
            "cors": lambda tree: CORS(tree, [b"https://a"]),
            "hosts": on_host,
            "prefix": lambda tree: PathPrefix(tree, "/p/"),
            "fields": lambda tree: ResponseFields(tree, [(b"X-Own", b"1")]),
        }

    def stacks(self, tree: IResource) -> dict[str, IResource]:
        """*tree* in each wrapper, in each pair, and in all of them in each order."""
        orders = [*permutations(self.wraps, 1), *permutations(self.wraps, 2)]
        orders += permutations(self.wraps, len(self.wraps))
        return {
            " ".join(order): reduce(lambda t, name: self.wraps[name](t), order, tree)
            for order in orders
        }


class WrapperTests(WrapperCase):
    """What every wrapper promises, alone and in stacks."""

    def send_upload(self, tree: IResource, path: str) -> bytes:
        connection = connect(tree, streaming=True)
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {PASSWORD}"
        return connection.send(f"{head}\r\nContent-Length: 9\r\n\r\n".encode())

    def test_streaming_leaf_streams_below_any_stack(self) -> None:
        endings = ("", "/", "/a", "/a/b")
        upload = Upload()
        stacks = self.stacks(upload)
        for turn, ending in enumerate(endings):
            for number, (name, tree) in enumerate(stacks.items()):
                # Of the many stacks of all wrappers, each has one of the endings.
                if name.count(" ") > 1 and (number + turn) % len(endings):
                    continue
                path = ("/p" if "prefix" in name else "") + ending or "/"
                self.assertIn(b"200 OK", self.send_upload(tree, path), (name, path))
                self.assertEqual(upload.streamed.pop(), True, (name, path))

    def test_child_that_was_put_streams_before_password_is_known(self) -> None:
        folder, upload = Resource(), Upload()
        folder.putChild(b"up", PathPrefix(upload, "/load"))
        tree = self.wraps["auth"](folder)
        self.assertIn(b"200 OK", self.send_upload(tree, "/up/load"))
        self.assertEqual(upload.streamed, [True])

    def test_no_code_of_the_tree_runs_before_password_is_known(self) -> None:
        class Folder(Resource):
            def getChild(self, path: bytes, request: object) -> Resource:
                raise AssertionError("it was asked")

        class Other(Folder):
            def getChildWithDefault(self, path: bytes, request: object) -> Resource:
                raise AssertionError("it was asked")

        for folder in (Folder(), Other()):
            tree = self.wraps["auth"](folder)
            wrong = ask(tree, authorization="Basic " + b64encode(b"a:b").decode())
            self.assertEqual(wrong.code, 401)

    def test_fields_for_refusals_come_through_any_stack(self) -> None:
        for name, tree in self.stacks(Upload()).items():
            fields: Any = tree
            self.assertIn((b"X-Tree", b"upload"), fields.refusal_fields, name)

    def test_fields_for_refusals_are_on_the_response_of_a_failure(
        self,
    ) -> None:
        def fail(request: Any) -> bytes:
            raise ZeroDivisionError

        response = ask(CORS(FunctionResource(fail), [b"*"]))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(response.code, 500)
        self.assertEqual(response.fields["Access-Control-Allow-Origin"], "*")

    def test_encoder_of_a_leaf_is_used(self) -> None:
        leaf = FunctionResource(lambda request: b"a" * 1000)
        encoded = EncodingResourceWrapper(leaf, [GzipEncoderFactory()])
        for name in ("cors", "hosts", "fields"):
            response = ask(self.wraps[name](encoded), accept_encoding="gzip")
            self.assertEqual(response.fields["content-encoding"], "gzip", name)

    def test_encoder_may_take_the_length_away_when_it_encodes(self) -> None:
        async def later() -> bytes:
            return b"a" * 9

        trees = (lambda r: b"a" * 9, lambda r: respond_later(r, later()))
        for tree in trees:
            leaf = FunctionResource(tree)
            response = ask(EncodingResourceWrapper(leaf, [Doubling()]))
            self.assertEqual(response.body, b"a" * 18 + b"!")

    def test_segments_reach_the_tree_as_if_it_were_the_root(self) -> None:
        for name, tree in self.stacks(Path()).items():
            if "prefix" not in name:
                response = ask(tree, "GET", "/a/b", authorization=PASSWORD)
                self.assertEqual(response.body, b"([], [b'a', b'b'])", name)

    def test_nothing_is_put_beside_the_tree(self) -> None:
        for wrap in self.wraps.values():
            with self.assertRaises(NotImplementedError):
                wrap(Path()).putChild(b"a", Path())


class Doubling:
    """Sends everything twice, and takes the length away only then."""

    def encoderForRequest(self, request: Any) -> Doubling:
        """This one."""
        self.request = request
        return self

    def encode(self, data: bytes) -> bytes:
        """The *data*, twice."""
        if not self.request.startedWriting:
            self.request.responseHeaders.removeHeader(b"content-length")
        return data * 2

    def finish(self) -> bytes:
        """The end."""
        return b"!"


class PathPrefixTests(SynchronousTestCase):
    """`PathPrefix`."""

    def test_tree_is_served_below_its_prefix(self) -> None:
        for prefix in ("/a/b/", "/a/b"):
            tree = PathPrefix(Path(), prefix)
            self.assertEqual(ask(tree, "GET", "/a/b/c").body, b"([b'a', b'b'], [b'c'])")
            self.assertEqual(ask(tree, "GET", "/a/b/").body, b"([b'a', b'b'], [b''])")
            self.assertEqual(ask(tree, "GET", "/a/b").body, b"([b'a', b'b'], [])")

    def test_other_paths_are_404(self) -> None:
        tree = PathPrefix(Path(), "/a/b/")
        for target in ("/", "/a", "/a/", "/b", "/a/bc", "/c/a/b/"):
            self.assertEqual((target, ask(tree, "GET", target).code), (target, 404))

    def test_prefix_may_be_percent_encoded(self) -> None:
        tree = PathPrefix(Path(), "/a%20b/")
        self.assertEqual(ask(tree, "GET", "/a%20b/").code, 200)

    def test_prefix_is_told_as_a_url_has_it(self) -> None:
        for text, path in [
            ("/a b/", "/a%20b/"),
            ("/a%20b", "/a%20b"),
            ("/\u00e9/", "/%C3%A9/"),
            ("/a?b#c%d\n", "/a%3Fb%23c%25d%0A"),
            ("/{odd}/", "/{odd}/"),
            ("/a%2Fb/", "/a%2Fb/"),
            ("/", "/"),
        ]:
            self.assertEqual(parse_path_prefix(text), path)
            self.assertEqual(ask(PathPrefix(Path(), path), "GET", path).code, 200)

    def test_slash_alone_is_the_root(self) -> None:
        tree = PathPrefix(Path(), "/")
        self.assertEqual(ask(tree, "GET", "/a").body, b"([], [b'a'])")

    def test_prefix_hangs_below_another_resource(self) -> None:
        root = Resource()
        root.putChild(b"x", PathPrefix(Path(), "/a"))
        root.putChild(b"y", PathPrefix(Path(), "/"))
        self.assertEqual(ask(root, "GET", "/x/a/b").body, b"([b'x', b'a'], [b'b'])")
        self.assertEqual(ask(root, "GET", "/x").code, 404)
        self.assertEqual(ask(root, "GET", "/y").body, b"([b'y'], [])")

    def test_malformed_prefixes_are_refused(self) -> None:
        for prefix in ("", "a", "a/", "//", "/a//b", "/../", "/./a"):
            self.assertRaises(ValueError, PathPrefix, Path(), prefix)


class VirtualHostsOffersTests(SynchronousTestCase):
    """What `VirtualHosts` offers the wire for several trees at once."""

    def setUp(self) -> None:
        self.hosts = VirtualHosts(Upload())
        self.hosts.add("a.example", Upload())

    def test_offers_what_all_trees_offer(self) -> None:
        self.assertEqual(self.hosts.refusal_fields, Upload.refusal_fields)
        self.assertEqual(self.hosts.streams_up_to, 10)

    def test_offers_nothing_that_one_tree_does_not(self) -> None:
        self.hosts.add("b.example", Path())
        self.assertEqual(self.hosts.refusal_fields, ())
        self.assertEqual(self.hosts.streams_up_to, 0)


class ResponseFieldsTests(WrapperCase):
    """`ResponseFields`."""

    def wrapped(self, tree: IResource, *fields: tuple[bytes, bytes]) -> ResponseFields:
        return ResponseFields(tree, fields or [(b"X-Frame-Options", b"DENY")])

    def test_field_is_on_every_response(self) -> None:
        tree: IResource = FunctionResource(lambda request: b"read")
        for name in ("prefix", "auth", "cors", "hosts"):
            tree = self.wraps[name](tree)
        tree = self.wrapped(tree)
        preflight = {"origin": "https://a", "access_control_request_method": "GET"}
        for code, method, target, fields in [
            (200, "GET", "/p/", {"authorization": PASSWORD}),
            (401, "GET", "/p/", {}),
            (404, "GET", "/q", {"authorization": PASSWORD}),
            (204, "OPTIONS", "/p/", preflight),
        ]:
            response = ask(tree, method, target, b"", **fields)
            self.assertEqual(response.code, code)
            self.assertEqual(response.fields["x-frame-options"], "DENY", code)
        elsewhere = connect(tree).send(b"GET / HTTP/1.1\r\nHost: b\r\n\r\n")
        self.assertIn(b" 421 ", elsewhere)
        self.assertIn(b"X-Frame-Options: DENY\r\n", elsewhere)

    def test_field_is_on_refusals_of_the_wire(self) -> None:
        tree = self.wrapped(Upload(), (b"X-Tree", b"own"), (b"X-No", b""))
        refusal = connect(tree).send(b"GET / HTTP/9.9\r\nHost: a\r\n\r\n")
        self.assertIn(b"X-Tree: own\r\n", refusal)
        self.assertNotIn(b"upload", refusal)
        self.assertNotIn(b"X-No", refusal)

    def test_field_takes_the_place_of_the_trees(self) -> None:
        def render(request: Any) -> bytes:
            request.setHeader(b"x-a", b"tree")
            request.responseHeaders.addRawHeader(b"X-A", b"tree")
            request.responseHeaders.addRawHeader("X-A", "tree")
            request.responseHeaders.removeHeader(b"X-A")
            request.responseHeaders.removeHeader(b"X-B")
            request.set_fields(((b"X-A", b"tree"), (b"X-B", b"tree"), (b"X-C", b"3")))
            return b""

        tree = self.wrapped(
            FunctionResource(render), (b"X-A", b"1"), (b"x-a", b"2"), (b"X-B", b"")
        )
        raw = connect(tree).send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual(raw.count(b"X-A: "), 2)
        self.assertIn(b"X-A: 1\r\nX-A: 2\r\n", raw)
        self.assertNotIn(b"X-B", raw)
        self.assertIn(b"X-C: 3\r\n", raw)
        self.assertNotIn(b"tree", raw)

    def test_vary_joins_the_trees(self) -> None:
        def set_vary(request: Any) -> bytes:
            request.setHeader(b"Vary", b"Accept")
            return b""

        def remove_vary(request: Any) -> bytes:
            request.responseHeaders.removeHeader(b"Vary")
            return b""

        for render, lines in [
            (set_vary, [b"Vary: Cookie", b"Vary: Accept"]),
            (remove_vary, [b"Vary: Cookie"]),
            (lambda request: b"", [b"Vary: Cookie"]),
        ]:
            tree = self.wrapped(FunctionResource(render), (b"Vary", b"Cookie"))
            raw = connect(tree).send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            found = [line for line in raw.split(b"\r\n") if line.startswith(b"Vary")]
            self.assertEqual(found, lines)

    def test_content_type_may_be_given(self) -> None:
        leaf = FunctionResource(lambda request: text_response(request, "a"))
        for value, expected in [(b"text/x", "text/x"), (b"", None)]:
            response = ask(self.wrapped(leaf, (b"Content-Type", value)))
            self.assertEqual(response.fields.get("content-type"), expected)

    def test_outer_wrapper_has_the_last_word(self) -> None:
        inner = self.wrapped(Path(), (b"X-A", b"inner"), (b"X-B", b"inner"))
        response = ask(self.wrapped(inner, (b"X-A", b"outer")))
        self.assertEqual(response.fields["x-a"], "outer")
        self.assertEqual(response.fields["x-b"], "inner")

    def test_fields_set_before_are_kept(self) -> None:
        tree = CORS(self.wrapped(Path()), [b"*"])
        self.assertEqual(ask(tree).fields["access-control-allow-origin"], "*")

    def test_fields_of_the_connection_are_refused(self) -> None:
        for name in (b"Content-Length", b"transfer-encoding", b"CONNECTION", b"Date"):
            self.assertRaises(ValueError, self.wrapped, Path(), (name, b"1"))


class CrossOriginTests(SynchronousTestCase):
    """`CORS`."""

    def asked(self, *origins: bytes, method: str = "GET", **fields: str) -> Response:
        tree = CORS(FunctionResource(lambda r: b"read"), origins)
        return ask(tree, method, "/", b"", **fields)

    def test_named_origin_may_read(self) -> None:
        response = self.asked(b"https://a", b"https://b", origin="https://b")
        self.assertEqual(response.body, b"read")
        allowed = response.fields["access-control-allow-origin"]
        self.assertEqual((allowed, response.fields["vary"]), ("https://b", "Origin"))

    def test_other_origins_may_not_read(self) -> None:
        for fields in ({}, {"origin": "https://c"}, {"origin": "null"}):
            response = self.asked(b"https://a", **fields)
            self.assertEqual(response.body, b"read")
            self.assertNotIn("access-control-allow-origin", response.fields)
            self.assertEqual(response.fields["vary"], "Origin")

    def test_star_is_any_origin(self) -> None:
        response = self.asked(b"*", origin="https://c")
        self.assertEqual(response.fields["access-control-allow-origin"], "*")
        self.assertNotIn("vary", response.fields)
        self.assertNotIn("access-control-allow-credentials", response.fields)

    def test_named_origins_may_send_credentials(self) -> None:
        for given in (b"https://a", b"https://a:443", b"https://*.a", b"*.a"):
            origin = "https://b.a" if b"*" in given else "https://a"
            response = self.asked(given, origin=origin)
            allowed = response.fields["access-control-allow-origin"]
            self.assertEqual(allowed, origin)
            credentials = response.fields["access-control-allow-credentials"]
            self.assertEqual(credentials, "true")
            other = self.asked(given, origin="https://c")
            self.assertNotIn("access-control-allow-credentials", other.fields)

    def test_refusals_of_the_wire_may_be_read(self) -> None:
        for given, field in [
            ([b"*"], (b"Access-Control-Allow-Origin", b"*")),
            ([b"https://a"], (b"Access-Control-Allow-Origin", b"https://a")),
        ]:
            self.assertIn(field, CORS(Path(), given).refusal_fields)
        for given in ([b"https://a", b"https://b"], [b"https://*.a"]):
            fields = dict(CORS(Path(), given).refusal_fields)
            self.assertEqual(fields, {b"Vary": b"Origin"})

    def test_tree_cannot_let_more_origins_read(self) -> None:
        def render(request: Any) -> bytes:
            request.set_fields(cors_fields("POST"))
            request.setHeader(b"Vary", b"Accept")
            return b""

        class Open(Resource):
            refusal_fields = cors_fields("POST")

        for origin, allowed in [("https://a", "https://a"), ("https://c", None)]:
            for given in ([b"https://a"], [b"https://a", b"https://b"]):
                tree = CORS(FunctionResource(render), given)
                head = f"GET / HTTP/1.1\r\nHost: a\r\nOrigin: {origin}\r\n\r\n"
                raw = connect(tree).send(head.encode())
                self.assertIn(b"Vary: Origin\r\n", raw)
                self.assertIn(b"Vary: Accept\r\n", raw)
                found = read_response(raw, "GET").fields.get(
                    "access-control-allow-origin"
                )
                self.assertEqual(found, allowed)
                refusal = CORS(Open(), given).refusal_fields
                self.assertNotIn(b"*", dict(refusal).values())

    def test_other_origins_are_refused_when_asked_for(self) -> None:
        asked: list[bytes] = []

        def do(request: Any) -> bytes:
            asked.append(request.method)
            return b"done"

        tree = CORS(FunctionResource(do), [b"https://a"], b"POST", refuse_others=True)
        for origin in ("https://b", "null", "https://a:443", "https://a.b"):
            for method in ("POST", "GET", "OPTIONS"):
                response = ask(tree, method, "/", b"", origin=origin)
                self.assertEqual(response.code, 403)
                self.assertNotIn("access-control-allow-origin", response.fields)
        self.assertEqual(asked, [])
        self.assertEqual(ask(tree, "POST").body, b"done")
        self.assertEqual(ask(tree, "POST", origin="https://a").body, b"done")

    def test_preflight_of_named_origin_is_answered(self) -> None:
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

    def test_other_options_requests_go_to_the_tree(self) -> None:
        for fields in (
            {"origin": "https://a"},
            {"access_control_request_method": "GET"},
            {"origin": "https://c", "access_control_request_method": "GET"},
        ):
            response = self.asked(b"https://a", method="OPTIONS", **fields)
            self.assertEqual(response.body, b"read")
            self.assertNotIn("access-control-allow-methods", response.fields)

    def test_fields_for_any_origin(self) -> None:
        fields = dict(cors_fields("POST"))
        self.assertEqual(fields[b"Access-Control-Allow-Origin"], b"*")
        self.assertEqual(fields[b"Access-Control-Allow-Methods"], b"POST")

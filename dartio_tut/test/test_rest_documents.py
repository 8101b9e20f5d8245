"""
Documents over HTTP.
"""

from __future__ import annotations

import errno
import json
from collections import defaultdict
from typing import Any
from urllib.parse import quote

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources import RestDocuments, used_up
from dartio_tut.servers.writer import Writer
from dartio_tut.store import (
    Conflict,
    Document,
    MemoryDocuments,
    StoreFailed,
    StoreFull,
    StoreUnavailable,
    version_of,
)
from dartio_tut.testing import Response, connect, read_response
from dartio_tut.wire import RepeatedLine

from .support.memory_client import ask
from .test_digests import CONTENT, SHORT, WRONG

JSON = "application/json"
CHANGING = "GET, HEAD, PUT, DELETE, POST, OPTIONS"


def etag(content: bytes) -> str:
    return f'"{version_of(content)}"'


class DocumentsCase(SynchronousTestCase):
    """Asks for documents that are kept in memory."""

    def setUp(self) -> None:
        self.use(MemoryDocuments())

    def use(self, documents: Any, required: bool = False) -> None:
        writer = Writer(documents, required)
        self.documents = documents
        self.resource = RestDocuments(documents, writer, required)

    def ask(
        self, method: str, target: str, body: bytes = b"", **fields: str
    ) -> Response:
        return ask(self.resource, method, target, body, **fields)

    def put(self, target: str, body: bytes = b"{}", **fields: str) -> Response:
        fields.setdefault("content_type", JSON)
        return self.ask("PUT", target, body, **fields)

    def post(self, target: str, body: bytes = b"{}", **fields: str) -> Response:
        fields.setdefault("content_type", JSON)
        return self.ask("POST", target, body, **fields)


class SeveralLinesTests(DocumentsCase):
    """Header fields that come in several lines (RFC 9110 section 5.3)."""

    def several(self, start: bytes, *lines: bytes, body: bytes = b"") -> Response:
        """The response to a request with these lines."""
        length = b"Content-Length: %d" % len(body)
        head = b"\r\n".join([start + b" HTTP/1.1", b"Host: a", length, *lines])
        said = connect(self.resource).send(head + b"\r\n\r\n" + body)
        return read_response(said, start.partition(b" ")[0].decode())

    def test_lines_of_accept_are_one_list(self) -> None:
        html = b"Accept: text/html;q=0.1"
        for lines in (
            [b"Accept: application/json", html],
            [html, b"Accept: */json, application/json"],
        ):
            kind = self.several(b"GET /", *lines).fields["content-type"]
            self.assertEqual(kind, "application/json")
        said = self.several(
            b"GET /none", b"Accept: application/json", b"Accept: image/png"
        )
        self.assertEqual(said.fields["content-type"], "application/problem+json")

    def test_a_body_has_one_type(self) -> None:
        types = [b"Content-Type: application/json", b"Content-Type: text/plain"]
        for lines in (types, types[::-1], types[:1] * 2):
            said = self.several(b"PUT /a", *lines, body=b"{}")
            self.assertEqual(said.code, 415)
            self.assertEqual(self.several(b"POST /a", *lines, body=b"{}").code, 405)
        self.assertEqual(self.ask("GET", "/a").code, 404)


class OneTests(DocumentsCase):
    """A document."""

    def test_document_comes_back_as_it_was_put(self) -> None:
        first = self.put("/a.json", b' {"a": 1}\n')
        self.assertEqual((first.code, first.body), (201, b""))
        second = self.put("/a.json", b"[1, 2.50]")
        self.assertEqual((second.code, second.body), (204, b""))
        got = self.ask("GET", "/a.json")
        self.assertEqual((got.code, got.body), (200, b"[1, 2.50]"))
        self.assertEqual(got.fields["etag"], etag(b"[1, 2.50]"))
        self.assertEqual(second.fields["etag"], got.fields["etag"])
        self.assertNotEqual(first.fields["etag"], got.fields["etag"])
        self.assertEqual(got.fields["content-type"], JSON)
        self.assertEqual(got.fields["x-content-type-options"], "nosniff")

    def test_head_has_the_fields_of_get(self) -> None:
        self.put("/a", CONTENT)
        got, head = self.ask("GET", "/a"), self.ask("HEAD", "/a")
        for response in (got, head):
            del response.fields["date"]  # the next second may have begun
        self.assertEqual((head.code, head.body), (200, b""))
        self.assertEqual(head.fields, got.fields)
        self.assertEqual(got.fields["repr-digest"], SHORT)

    def test_missing_document_is_404(self) -> None:
        for method in ("GET", "HEAD", "DELETE"):
            self.assertEqual(self.ask(method, "/a").code, 404)

    def test_deleted_document_is_404(self) -> None:
        self.put("/a")
        self.assertEqual(self.ask("DELETE", "/a").code, 204)
        self.assertEqual(self.ask("DELETE", "/a").code, 404)
        self.assertEqual(self.ask("GET", "/a").code, 404)

    def test_other_methods_are_405_with_allow(self) -> None:
        for target, allow in [
            ("/", "GET, HEAD, OPTIONS"),
            ("/openapi.json", "GET, HEAD, OPTIONS"),
            ("/a", CHANGING),
        ]:
            options = self.ask("OPTIONS", target)
            self.assertEqual((options.code, options.fields["allow"]), (204, allow))
            for method in ("PATCH", "TRACE", "get"):
                refused = self.ask(method, target)
                self.assertEqual((refused.code, refused.fields["allow"]), (405, allow))
        for method in ("PUT", "POST", "DELETE"):
            for target in ("/", "/openapi.json", "/open%61pi.json"):
                refused = self.ask(method, target, b"{}", content_type=JSON)
                self.assertEqual(refused.code, 405)

    def test_names_may_have_letters_of_any_script(self) -> None:
        for name in ("a b", "Ж-я_1.json", "木", "ü" * 127, "a..b"):
            target = "/" + quote(name)
            self.assertEqual(self.put(target, b"1").code, 201)
            self.assertEqual(self.ask("GET", target).body, b"1")
            self.assertEqual(self.ask("DELETE", target).code, 204)

    def test_impossible_names_are_refused(self) -> None:
        for target in (
            "/a/b",
            "/a%2Fb",
            "/..%2Fa",
            "/.hidden",
            "/%ff",
            "/a%00",
            "/a%0A",
            "/a%20",
            "/" + "a" * 256,
            "/%E2%98%83",
            "//",
        ):
            for method in ("GET", "HEAD", "DELETE"):
                self.assertEqual(self.ask(method, target).code, 404, target)
            refused = self.put(target)
            self.assertEqual(refused.code, 400)
            self.assertTrue(refused.body.startswith(b"Cannot store: "), refused.body)

    def test_description_is_served_and_cannot_be_replaced(self) -> None:
        got = self.ask("GET", "/openapi.json")
        self.assertEqual(json.loads(got.body)["openapi"], "3.1.0")
        self.assertEqual(got.fields["content-type"], JSON)
        self.assertEqual(self.ask("HEAD", "/openapi.json").body, b"")
        refused = self.post("/deep/openapi.json")
        self.assertEqual(refused.code, 400)
        self.assertEqual(json.loads(self.ask("GET", "/").body)["documents"], [])

    def test_other_types_than_json_are_415(self) -> None:
        for kind in ("application/ld+json", "Application/JSON; charset=utf-8"):
            self.assertEqual(self.put(f"/{len(kind)}", content_type=kind).code, 201)
        for kind in ("text/plain", "application/jsonx", "json", ""):
            self.assertEqual(self.put("/a", content_type=kind).code, 415)

    def test_malformed_json_and_parts_are_400(self) -> None:
        for body, where in [
            (b"", b"line 1, column 1"),
            (b"{\n1: 2}", b"line 2, column 1"),
            (b'{"a": NaN}', b"line 1, column 7"),
            (b"\xff", b"UTF-8 at line 1, column 1"),
        ]:
            refused = self.put("/a", body)
            self.assertEqual(refused.code, 400)
            self.assertIn(where, refused.body)
        refused = self.put("/a", content_range="bytes 0-1/5")
        self.assertEqual(refused.code, 400)
        self.assertEqual(self.ask("GET", "/a").code, 404)

    def test_errors_are_objects_for_clients_that_want_json(self) -> None:
        said = self.post("/a", b"[]", accept=JSON)
        title = json.loads(said.body)["title"]
        self.assertEqual((said.code, title), (422, "Unprocessable Content"))
        refused = self.put("/a", b'{"a": 1, "a": 2}', accept=JSON)
        self.assertEqual(refused.fields["content-type"], "application/problem+json")
        self.assertEqual(
            json.loads(refused.body),
            {
                "type": "about:blank",
                "title": "Bad Request",
                "status": 400,
                "detail": "Not JSON: The same name stands twice in one object"
                " at line 1, column 10.",
            },
        )
        refused = self.put("/a", b"x")
        self.assertEqual(refused.fields["content-type"], "text/plain; charset=utf-8")

    def test_wrong_digests_are_400(self) -> None:
        self.assertEqual(self.put("/a", CONTENT, repr_digest=SHORT).code, 201)
        for name in ("repr_digest", "content_digest"):
            for method in (self.put, self.post):
                fields = {name: WRONG}
                self.assertEqual(method("/b", CONTENT, **fields).code, 400)
        self.assertEqual(self.ask("GET", "/b").code, 404)


class DigestTests(DocumentsCase):
    """``Repr-Digest``, which the store has computed already."""

    def test_digest_is_the_version_and_is_not_computed_again(self) -> None:
        class Large(MemoryDocuments):
            """Has a document whose version no content has."""

            def get(self, name: str) -> Any:
                return succeed(Document(b"{}", "00" * 32))

        self.use(Large())
        digest = self.ask("GET", "/a").fields["repr-digest"]
        self.assertEqual(digest, f"sha-256=:{'A' * 43}=:")


class ConditionTests(DocumentsCase):
    """Changes that say what they expect, and reading what has changed."""

    def setUp(self) -> None:
        super().setUp()
        self.put("/a", b"1")

    def test_if_match_allows_only_that_version(self) -> None:
        for method in (self.put, self.post):
            self.put("/a", b"1")
            for wrong in (
                etag(b"2"),
                f"W/{etag(b'1')}",
                '"*"',
                "x",
                f"{etag(b'3')}, x",
            ):
                self.assertEqual(method("/a", b"{}", if_match=wrong).code, 412)
            self.assertEqual(self.ask("GET", "/a").body, b"1")
            right = f"{etag(b'2')}, {etag(b'1')}"
            self.assertIn(method("/a", b"{}", if_match=right).code, (200, 204))
            self.assertIn(method("/a", b"{}", if_match="*").code, (200, 204))
            self.assertEqual(method("/none", b"{}", if_match="*").code, 412)
            self.assertEqual(method("/none", b"{}", if_match=right).code, 412)

    def test_if_none_match_star_allows_only_a_new_document(self) -> None:
        for method in (self.put, self.post):
            self.assertEqual(method("/a", if_none_match="*").code, 412)
            self.assertEqual(method("/a", if_none_match=etag(b"1")).code, 400)
        created = self.put("/b", b"{}", if_none_match="*")
        self.assertEqual((created.code, created.fields["etag"]), (201, etag(b"{}")))
        self.assertEqual(self.post("/c", if_none_match="*").code, 200)

    def test_delete_keeps_its_condition(self) -> None:
        self.assertEqual(self.ask("DELETE", "/a", if_match=etag(b"2")).code, 412)
        self.assertEqual(self.ask("DELETE", "/a", if_none_match="*").code, 412)
        self.assertEqual(self.ask("DELETE", "/b", if_match="*").code, 412)
        self.assertEqual(self.ask("DELETE", "/a", if_match=etag(b"1")).code, 204)

    def test_conditions_of_get_are_answered_304_or_412(self) -> None:
        for method in ("GET", "HEAD"):
            for tag in (etag(b"1"), f"W/{etag(b'1')}", f'"x", {etag(b"1")}', "*"):
                same = self.ask(method, "/a", if_none_match=tag)
                self.assertEqual((same.code, same.body), (304, b""))
                self.assertEqual(same.fields["etag"], etag(b"1"))
                self.assertNotIn("content-type", same.fields)
            self.assertEqual(self.ask(method, "/a", if_none_match='"x"').code, 200)
            self.assertEqual(self.ask(method, "/a", if_match='"x"').code, 412)
            self.assertEqual(self.ask(method, "/a", if_match=etag(b"1")).code, 200)
            self.assertEqual(self.ask(method, "/b", if_match="*").code, 404)

    def test_change_without_a_condition_is_428_when_required(self) -> None:
        self.use(self.documents, required=True)
        for method in ("PUT", "POST", "DELETE"):
            for fields in ({}, {"accept": JSON}):
                refused = self.ask(method, "/a", b"{}", content_type=JSON, **fields)
                self.assertEqual(refused.code, 428)
        self.assertEqual(self.put("/b", if_none_match="*").code, 201)
        self.assertEqual(self.put("/b", if_match="*").code, 204)
        self.assertEqual(self.ask("DELETE", "/b", if_match="*").code, 204)
        self.assertEqual(self.ask("GET", "/a").code, 200)

    def test_put_goes_on_when_another_client_is_faster(self) -> None:
        outer = self

        class Racing(MemoryDocuments):
            """Somebody deletes, or stores, between two steps."""

            races = 3

            def get(self, name: str) -> Deferred[Document]:
                found = super().get(name)
                if self.races:
                    self.races -= 1
                    if name in self._contents:
                        del self._contents[name]
                    else:
                        self._contents[name] = b"theirs"
                return found

        for there, code in ((False, 204), (True, 201)):
            self.use(Racing())
            if there:
                self.documents._contents["a"] = b"0"
            answered = outer.put("/a", b"1")
            self.assertEqual((answered.code, self.documents.races), (code, 0))
            self.assertEqual(self.ask("GET", "/a").body, b"1")


class TokenTests(DocumentsCase):
    """Idempotency-Key, with and without the rest of it."""

    def test_post_with_the_same_key_stores_once(self) -> None:
        for alone in (False, True):
            self.use(MemoryDocuments())
            if alone:
                self.resource = Writer(self.documents)  # type: ignore[assignment]
            key = {"idempotency_key": "k"}
            first = self.post("/a", b'{"name": "x"}', **key)
            self.post("/a", b'{"name": "y"}')
            again = self.post("/a", b'{"name": "x"}', **key)
            self.assertEqual(first.body, b"Wrote data for x.")
            self.assertEqual((again.code, again.body), (200, first.body))
            there = self.successResultOf(self.documents.get("a"))
            self.assertEqual(there.content, b'{"name": "y"}')  # not stored again
            self.assertEqual(self.post("/a", b"{}", **key).code, 422)
            self.assertEqual(self.post("/b", b'{"name": "x"}', **key).code, 422)
            for wrong in ("", "k" * 256):
                refused = self.post("/a", idempotency_key=wrong)
                self.assertEqual(refused.code, 400)


class PostTests(DocumentsCase):
    """The tutorial's POST, beside the rest."""

    def test_post_answers_as_without_rest(self) -> None:
        said = self.post("/a/b.txt", b'{"name": "Han"}')
        self.assertEqual((said.code, said.body), (200, b"Wrote data for Han."))
        self.assertEqual(self.ask("GET", "/b.txt").body, b'{"name": "Han"}')
        self.assertEqual(self.post("/a", b"[]").code, 422)

    def test_post_of_another_type_is_405_with_all_methods(self) -> None:
        refused = self.post("/a", content_type="text/plain")
        self.assertEqual((refused.code, refused.fields["allow"]), (405, CHANGING))


class FailingTests(DocumentsCase):
    """A store that fails."""

    def test_every_method_tells_of_a_failing_store(self) -> None:
        for error, code in [
            (StoreFull("no room"), 507),
            (StoreUnavailable("10.0.0.1 is away", 5), 503),
            (OSError(5, "Input/output error", "/secret"), 500),
            (ZeroDivisionError("/secret"), 500),
        ]:

            class Failing(MemoryDocuments):
                """Fails."""

                def _fail(self, *_: Any, error: Exception = error) -> Any:
                    return fail(error)

                get = put = delete = list = _fail  # type: ignore[assignment]

            self.use(Failing())
            for method, target in [
                ("GET", "/a"),
                ("PUT", "/a"),
                ("DELETE", "/a"),
                ("POST", "/a"),
                ("GET", "/"),
            ]:
                said = self.ask(method, target, b"{}", content_type=JSON)
                self.assertEqual((method, said.code), (method, code))
                self.assertNotIn(b"secret", said.body)
                self.assertNotIn(b"10.0.0.1", said.body)
                self.assertEqual(said.fields.get("retry-after"), {503: "5"}.get(code))
        self.flushLoggedErrors(OSError, ZeroDivisionError)

    def test_503_and_one_line_where_memory_or_descriptors_are_used_up(self) -> None:
        for error, line in [
            (MemoryError(), "No memory is left"),
            (OSError(errno.ENOMEM, "Cannot allocate memory"), "No memory is left"),
            (OSError(errno.EMFILE, "Too many open files", "/secret"), "No file desc"),
            (StoreFailed(errno.ENFILE, "Too many open files"), "No file descriptor"),
        ]:
            store: Any = MemoryDocuments()
            for name in ("get", "put", "delete", "list"):
                setattr(store, name, lambda *_, error=error: fail(error))
            self.use(store)
            self.patch(used_up, "_told", defaultdict(RepeatedLine))
            with capturedLogs() as events:
                for method in ("GET", "PUT", "DELETE", "POST"):
                    said = self.ask(method, "/a", b"{}", content_type=JSON)
                    found = said.code, said.fields.get("retry-after")
                    self.assertEqual((method, *found), (method, 503, "1"))
            (event,) = events
            self.assertIn(line, str(formatEvent(event)))

    def test_failure_that_the_store_has_logged_is_not_logged_again(self) -> None:
        class Failing(MemoryDocuments):
            """Fails."""

            def get(self, name: str) -> Any:
                return fail(StoreFailed(5, "Input/output error", "/secret"))

        self.use(Failing())
        said = self.ask("GET", "/a")
        self.assertEqual(said.code, 500)
        self.assertEqual(said.body, b"Exception during file I/O: Input/output error.")
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_conflict_is_not_logged_as_a_failure(self) -> None:
        class Full(MemoryDocuments):
            """Takes nothing new."""

            def put(self, *_: Any) -> Any:
                return fail(Conflict("x"))

        self.use(Full())
        self.assertEqual(self.put("/a", if_match="*").code, 412)

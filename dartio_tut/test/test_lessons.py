"""
The lessons' resources, as ``contract.md`` has them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from dartio_tut.resources import RestDocuments
from dartio_tut.resources.rest.digests import digest_of
from dartio_tut.servers.basic_file import BasicFile
from dartio_tut.servers.hello import Hello
from dartio_tut.servers.mini_file import MiniFile
from dartio_tut.servers.notes import Notes
from dartio_tut.servers.thinker import Thinker
from dartio_tut.servers.writer import Writer
from dartio_tut.store import (
    Document,
    MemoryDocuments,
    MemoryNotes,
    StoreUnavailable,
    version_of,
)
from dartio_tut.testing import Response

from .support.memory_client import ask


class HelloTests(SynchronousTestCase):
    """The greeting."""

    def test_every_method_and_path_gets_the_greeting(self) -> None:
        for method, path in [("GET", "/"), ("PUT", "/a/b?c"), ("DELETE", "/%00")]:
            response = ask(Hello(), method, path)
            self.assertEqual((response.code, response.body), (200, b"Hello, world!"))
            self.assertEqual(
                response.fields["content-type"], "text/plain; charset=utf-8"
            )

    def test_head_has_the_fields_of_get(self) -> None:
        response = ask(Hello(), "HEAD")
        self.assertEqual(response.body, b"")
        self.assertEqual(response.fields["content-length"], "13")


class ThinkerTests(SynchronousTestCase):
    """Guessing a number."""

    def setUp(self) -> None:
        numbers = iter([6, 3])
        self.documents = MemoryDocuments()
        self.thinker = Thinker(lambda below: next(numbers), self.documents)

    def number(self, thinker: Thinker | None = None) -> int:
        current = Deferred.fromCoroutine((thinker or self.thinker).number.current())
        number: int = self.successResultOf(current)[0]
        return number

    def test_right_guess_is_true_and_changes_the_number(self) -> None:
        response = ask(self.thinker, "GET", "/?q=6")
        self.assertEqual(response.body, b"true\nI'm thinking of another number.\n")
        self.assertEqual(self.number(), 3)

    def test_other_guesses_are_false(self) -> None:
        for target in ("/?q=5", "/", "/?q=", "/?q=six", "/?q=06", "/?q=%ff"):
            self.assertEqual(ask(self.thinker, "GET", target).body, b"false\n")
        self.assertEqual(self.number(), 6)

    def test_head_never_changes_the_number(self) -> None:
        response = ask(self.thinker, "HEAD", "/?q=6")
        self.assertEqual((response.code, response.body), (200, b""))
        self.assertEqual(response.fields["content-length"], "37")
        self.assertEqual(self.number(), 6)

    def test_other_methods_are_405(self) -> None:
        response = ask(self.thinker, "PUT", "/?q=6")
        self.assertEqual(
            (response.code, response.body), (405, b"Unsupported request: PUT.")
        )
        self.assertEqual(response.fields["allow"], "GET, HEAD")

    def test_thinkers_with_one_store_share_the_number(self) -> None:
        other = Thinker(lambda below: 8, self.documents)
        self.assertEqual((self.number(), self.number(other)), (6, 6))
        self.assertIn(b"true", ask(other, "GET", "/?q=6").body)
        self.assertEqual((self.number(), self.number(other)), (8, 8))

    def test_only_the_first_of_two_guessers_is_right(self) -> None:
        class Slow(MemoryDocuments):
            """Where another guess is right between reading and writing."""

            def put(self, name: str, *args: Any, **more: Any) -> Deferred[str]:
                if raced:
                    super().put(name, b'{"number": 6, "thought": "of another"}')
                return super().put(name, *args, **more)

        raced: list[bool] = []
        thinker = Thinker(lambda below: 6, Slow())
        self.assertEqual(self.number(thinker), 6)
        raced.append(True)
        self.assertEqual(ask(thinker, "GET", "/?q=6").body, b"false\n")

    def test_damaged_number_is_replaced(self) -> None:
        for spoiled in (
            b"", b"{}", b"[1]", b'{"number": "6"}', b'{"number": 77}', b"\xff",
            b"[" * 100_000,
        ):  # fmt: skip
            self.documents.put("number", spoiled)
            thinker = Thinker(lambda below: 4, self.documents)
            self.assertEqual((spoiled, self.number(thinker)), (spoiled, 4))

    def test_store_that_is_away_is_503(self) -> None:
        class Away(MemoryDocuments):
            def get(self, name: str) -> Deferred[Document]:
                return fail(StoreUnavailable("gone", 3))

        response = ask(Thinker(documents=Away()), "GET", "/?q=6")
        self.assertEqual((response.code, response.fields["retry-after"]), (503, "3"))


class NotesTests(SynchronousTestCase):
    """Saving notes and getting them back."""

    def setUp(self) -> None:
        self.notes = Notes(MemoryNotes())

    def post(self, value: object) -> Response:
        return ask(self.notes, "POST", "/", json.dumps(value).encode())

    def test_saved_note_can_be_got_by_its_number(self) -> None:
        self.assertEqual(self.post({"myNote": "one"}).body, b"You have 1 notes.\n")
        self.assertEqual(self.post({"myNote": "two"}).body, b"You have 2 notes.\n")
        for number in (1, "1"):
            self.assertEqual(self.post({"getNote": number}).body, b"two\n")

    def test_number_may_be_written_in_any_way(self) -> None:
        for text in map(str, range(11)):
            self.post({"myNote": text})
        for number, note in [
            (1.0, b"1\n"),
            (1e1, b"10\n"),
            (-0.0, b"0\n"),
            ("1.0", b"1\n"),
            ("1.", b"1\n"),
            ("1e1", b"10\n"),
            ("10E-1", b"1\n"),
            ("00", b"0\n"),
        ]:
            self.assertEqual(self.post({"getNote": number}).body, note, number)

    def test_digest_and_coding_are_checked(self) -> None:
        body = b'{"myNote": "x"}'
        good = digest_of(Document(body, version_of(body))).decode()
        bad = digest_of(Document(b"other", version_of(b"other"))).decode()
        for fields, code in [
            ({"content_digest": bad}, 400),
            ({"repr_digest": bad}, 400),
            ({"content_digest": "sha-256=x"}, 400),
            ({"content_digest": f"{good}, {bad}"}, 400),
            ({"content_encoding": "gzip"}, 415),
            ({"content_encoding": "br", "content_digest": good}, 415),
        ]:
            self.assertEqual(ask(self.notes, "POST", "/", body, **fields).code, code)
        for fields in (
            {"content_digest": good, "repr_digest": good},
            {"content_digest": "md5=:AA==:"},
            {"content_encoding": "identity"},
        ):
            self.assertEqual(ask(self.notes, "POST", "/", body, **fields).code, 200)
        self.assertEqual(self.post({"myNote": "y"}).body, b"You have 4 notes.\n")

    def test_no_type_is_guessed_for_a_note(self) -> None:
        self.post({"myNote": "<script>"})
        for method in ("POST", "GET", "OPTIONS"):
            response = ask(self.notes, method, "/", b'{"getNote": 0}')
            self.assertEqual(response.fields["x-content-type-options"], "nosniff")

    def test_any_text_comes_back_unchanged(self) -> None:
        odd = ["a\nb", "tab\t", "☃ \N{PILE OF POO}", "", "\\n", "\r\n", "\0", "x" * 99]
        for number, note in enumerate(odd):
            self.post({"myNote": note})
            got = self.post({"getNote": number}).body
            self.assertEqual(got, note.encode() + b"\n")

    def test_bad_values_are_refused(self) -> None:
        self.post({"myNote": "only"})
        for value, code in [
            ({"getNote": 1}, 404),
            ({"getNote": "-1"}, 404),
            ({"getNote": "9" * 4300}, 404),
            ({"getNote": "9" * 4301}, 400),
            ({"getNote": "zero"}, 400),
            ({"getNote": ""}, 400),
            ({"getNote": "1_0"}, 400),
            ({"getNote": 0.5}, 400),
            ({"getNote": "0.5"}, 400),
            ({"getNote": "1e-1"}, 400),
            ({"getNote": "nan"}, 400),
            ({"getNote": "Infinity"}, 400),
            ({"getNote": " 0"}, 400),
            ({"getNote": "+0"}, 400),
            ({"getNote": "1e999"}, 400),
            ({"getNote": "1e-400"}, 400),
            ({"getNote": "-1e-400"}, 400),
            ({"getNote": "0.99999999999999999999"}, 400),
            ({"getNote": "0." + "0" * 398 + "1"}, 400),
            ({"getNote": 1e300}, 404),
            ({"getNote": "\u0660"}, 400),
            ({"getNote": None}, 422),
            ({"getNote": True}, 422),
            ({"getNote": [0]}, 422),
            ({"myNote": 5}, 422),
            ({"myNote": "\ud800"}, 400),
            ({"note": "x"}, 422),
            (["myNote"], 422),
            ("myNote", 422),
        ]:
            response = self.post(value)
            self.assertEqual((value, response.code), (value, code))
            self.assertEqual(response.fields["access-control-allow-origin"], "*")
        self.assertEqual(self.post({"myNote": "next"}).body, b"You have 2 notes.\n")

    def test_number_that_is_almost_0_is_not_note_0(self) -> None:
        self.post({"myNote": "only"})
        for number in (b"1e-400", b"-1e-400", b"0." + b"0" * 500 + b"1", b"0.01E-999"):
            response = ask(self.notes, "POST", "/", b'{"getNote": %b}' % number)
            self.assertEqual((number, response.code), (number, 400))
        for number in (b"0e-999", b"0.0", b"-0", b"0E999"):
            response = ask(self.notes, "POST", "/", b'{"getNote": %b}' % number)
            self.assertEqual((number, response.body), (number, b"only\n"))

    def test_number_that_is_almost_1_is_not_note_1(self) -> None:
        for text in ("first", "second"):
            self.post({"myNote": text})
        for number in (
            b"0." + b"9" * 20,
            b"1." + b"0" * 20 + b"1",
            b"9" * 40 + b"E-40",
        ):
            response = ask(self.notes, "POST", "/", b'{"getNote": %b}' % number)
            self.assertEqual((number, response.code), (number, 400))

    def test_malformed_json_is_400_with_its_place(self) -> None:
        response = ask(self.notes, "POST", "/", b'{"myNote":\n oops}')
        self.assertEqual(response.code, 400)
        self.assertIn(b"line 2, column 2", response.body)

    def test_preflight_has_the_fields_of_the_tutorial(self) -> None:
        response = ask(self.notes, "OPTIONS", "/", origin="http://localhost:8080")
        self.assertEqual((response.code, response.body), (204, b""))
        self.assertEqual(
            response.fields["access-control-allow-methods"], "POST, OPTIONS"
        )
        self.assertEqual(
            response.fields["access-control-allow-headers"],
            "Origin, X-Requested-With, Content-Type, Accept",
        )

    def test_preflight_allows_the_key_when_it_is_asked_for(self) -> None:
        for asked in ("idempotency-key", "content-type, Idempotency-Key"):
            response = ask(
                self.notes, "OPTIONS", "/", access_control_request_headers=asked
            )
            allowed = response.fields["access-control-allow-headers"]
            self.assertIn("Accept, Idempotency-Key", allowed)
        for asked in ("", "content-type", "x-idempotency-key"):
            response = ask(
                self.notes, "OPTIONS", "/", access_control_request_headers=asked
            )
            allowed = response.fields["access-control-allow-headers"]
            self.assertNotIn("Idempotency-Key", allowed)

    def test_other_requests_are_404(self) -> None:
        for method, path in [("GET", "/path"), ("PUT", "/"), ("POST", "/else")]:
            response = ask(self.notes, method, path)
            self.assertEqual(response.code, 404)
            self.assertEqual(response.body, f"Not found: {method}, {path}".encode())
            self.assertEqual(response.fields["access-control-allow-origin"], "*")

    def test_failing_store_is_500_without_its_reason(self) -> None:
        class Broken(MemoryNotes):
            def append(self, text: str, token: str | None = None) -> Deferred[int]:
                return fail(OSError(28, "No space left on device", "/secret"))

        self.notes = Notes(Broken())
        response = self.post({"myNote": "x"})
        self.assertEqual(response.code, 500)
        self.assertNotIn(b"secret", response.body)
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)


class WriterTests(SynchronousTestCase):
    """Storing documents."""

    def setUp(self) -> None:
        self.documents = MemoryDocuments()
        self.writer = Writer(self.documents)

    def post(
        self, body: bytes, path: str = "/file.txt", kind: str = "application/json"
    ) -> Response:
        return ask(self.writer, "POST", path, body, content_type=kind)

    def test_body_is_stored_exactly_as_sent(self) -> None:
        body = b' {"name" : "Han Solo",\r\n"x":1e5}\n'
        response = self.post(body)
        self.assertEqual(response.body, b"Wrote data for Han Solo.")
        got = self.successResultOf(self.documents.get("file.txt")).content
        self.assertEqual(got, body)

    def test_answer_has_the_name_member(self) -> None:
        for body, said in [
            (b"{}", b"null"),
            (b'{"name": null}', b"null"),
            (b'{"name": 5}', b"5"),
            ('{"name": "Zoë"}'.encode(), "Zoë".encode()),
        ]:
            self.assertEqual(self.post(body).body, b"Wrote data for " + said + b".")

    def test_content_type_may_have_parameters(self) -> None:
        for kind in ("application/json; charset=utf-8", "Application/JSON;x=y"):
            self.assertEqual(self.post(b"{}", kind=kind).code, 200)

    def test_other_methods_and_types_are_405_with_advice(self) -> None:
        advice = "\nSay Content-Type: application/json."
        for method, kind, more in [
            ("GET", "application/json", ""),
            ("PUT", "application/json", ""),
            ("PUT", "text/plain", ""),
            ("POST", "text/plain", advice),
            ("POST", "application/jsonp", advice),
            ("POST", "application/x-www-form-urlencoded", advice),
            ("POST", "", advice),
        ]:
            trees: list[Resource] = [self.writer]
            if method == "POST":  # the other methods work with --rest
                trees.append(RestDocuments(self.documents, self.writer))
            for tree in trees:
                response = ask(tree, method, "/f", b"{}", content_type=kind)
                self.assertEqual(response.code, 405)
                said = f"Unsupported request: {method}.{more}"
                self.assertEqual(response.body, said.encode())
                self.assertIn("POST", response.fields["allow"])

    def test_name_of_the_description_is_taken(self) -> None:
        for path in ("/openapi.json", "/a/openapi.json", "/openapi%2ejson"):
            response = self.post(b"{}", path)
            self.assertEqual(response.code, 400)
            self.assertIn(b"openapi.json is taken", response.body)
        self.assertEqual(self.successResultOf(self.documents.list()), [])

    def test_answer_has_the_version_as_etag(self) -> None:
        etag = self.post(b"{}").fields["etag"]
        version = self.successResultOf(self.documents.get("file.txt")).version
        self.assertEqual(etag, f'"{version}"')
        self.assertNotIn("etag", self.post(b"{").fields)

    def test_no_type_is_guessed_for_what_was_sent(self) -> None:
        for method, body in (("POST", b"{}"), ("POST", b"{"), ("GET", b"")):
            response = ask(
                self.writer, method, "/f", body, content_type="application/json"
            )
            self.assertEqual(response.fields["x-content-type-options"], "nosniff")

    def test_bad_json_is_not_stored(self) -> None:
        for body, code in [(b"", 400), (b"{", 400), (b"[]", 422), (b'{"a":NaN}', 400)]:
            self.assertEqual((body, self.post(body).code), (body, code))
        self.failureResultOf(self.documents.get("file.txt"), LookupError)

    def test_name_is_the_last_segment_and_must_be_allowed(self) -> None:
        for path, code in [
            ("/..", 400),
            ("/%2e%2e%2f", 400),
            ("/a%2fb", 400),
            ("/", 400),
            ("/.hidden", 400),
            ("/" + "x" * 300, 400),
            ("/a%00b", 400),
            ("/%ff", 400),
            ("/a/../b", 200),
            ("/two%20words.json", 200),
            ("/%D0%B6.json", 200),
        ]:
            self.assertEqual((path, self.post(b"{}", path).code), (path, code))
        for name in ("b", "two words.json", "ж.json"):
            self.successResultOf(self.documents.get(name))

    def test_failing_store_is_500_without_paths(self) -> None:
        class Broken(MemoryDocuments):
            def put(self, *args: Any, **more: Any) -> Deferred[str]:
                return fail(OSError(28, "No space left on device", "/secret"))

        self.writer = Writer(Broken())
        response = self.post(b"{}")
        self.assertEqual(response.code, 500)
        self.assertEqual(
            response.body, b"Exception during file I/O: No space left on device."
        )
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)


class OneFileTests(SynchronousTestCase):
    """``mini-file`` and ``basic-file`` beside each other."""

    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.index = folder / "index.html"
        self.servers = [MiniFile(self.index), BasicFile(self.index)]

    def test_every_path_is_the_file(self) -> None:
        self.index.write_bytes(b"<p>hello")
        for server in self.servers:
            for path in ("/", "/any/where.png", "/../.."):
                response = ask(server, "GET", path)
                self.assertEqual(response.code, 200)
                self.assertTrue(response.fields["content-type"].startswith("text/html"))
                self.assertIn(b"<p>hello", response.body)

    def test_head_promises_no_other_length_than_get_has(self) -> None:
        self.index.write_bytes(b"<p>hello")
        by_hand, by_resource = (ask(server, "HEAD").fields for server in self.servers)
        self.assertNotIn("content-length", by_hand)
        self.assertEqual(by_resource["content-length"], "8")

    def test_missing_file_is_404(self) -> None:
        for server in self.servers:
            self.assertEqual(ask(server).code, 404)

    def test_folder_in_the_place_of_the_file_is_404(self) -> None:
        self.index.mkdir()
        for server in self.servers:
            for path in ("/", "/any/?query", "//"):
                self.assertEqual((path, ask(server, "GET", path).code), (path, 404))

    def test_other_methods_than_get_and_head_are_405(self) -> None:
        self.index.write_bytes(b"<p>hello")
        for server in self.servers:
            self.assertEqual(ask(server, "HEAD").body, b"")
            response = ask(server, "POST", "/", b"x")
            self.assertEqual(response.code, 405)
            self.assertIn("GET, HEAD", response.fields["allow"])

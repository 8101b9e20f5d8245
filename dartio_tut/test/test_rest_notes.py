"""
Notes over HTTP.
"""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources import RestNotes
from dartio_tut.servers.notes import Notes
from dartio_tut.store import MemoryNotes, StoreFull, StoreUnavailable
from dartio_tut.testing import Response

from .support.memory_client import ask

JSON = "application/json"


class NotesCase(SynchronousTestCase):
    """Asks for notes that are kept in memory."""

    def setUp(self) -> None:
        self.use(MemoryNotes())

    def use(self, notes: Any) -> None:
        self.notes = notes
        self.resource = RestNotes(notes, Notes(notes), clock=Clock())

    def ask(
        self, method: str, target: str, body: bytes = b"", **fields: str
    ) -> Response:
        """Each answer may be read by pages of other origins."""
        answered = ask(self.resource, method, target, body, **fields)
        self.assertEqual(answered.fields["access-control-allow-origin"], "*")
        return answered

    def note(self, text: str, **fields: str) -> Response:
        return self.ask("POST", "/", json.dumps({"myNote": text}).encode(), **fields)


class OneTests(NotesCase):
    """A note."""

    def test_note_is_json_or_text(self) -> None:
        self.note("Buy\nmilk ☃")
        got = self.ask("GET", "/0")
        self.assertEqual(json.loads(got.body), {"number": 0, "text": "Buy\nmilk ☃"})
        self.assertEqual(got.fields["content-type"], JSON)
        text = self.ask("GET", "/0", accept="text/plain")
        self.assertEqual(text.body, "Buy\nmilk ☃\n".encode())
        self.assertEqual(text.fields["content-type"], "text/plain; charset=utf-8")
        self.assertEqual(text.fields["vary"], "Accept")

    def test_head_has_the_fields_of_get(self) -> None:
        self.note("x")
        got, head = self.ask("GET", "/0"), self.ask("HEAD", "/0")
        for response in (got, head):
            del response.fields["date"]  # the next second may have begun
        self.assertEqual((head.code, head.body, head.fields), (200, b"", got.fields))

    def test_each_representation_has_its_own_tag(self) -> None:
        self.note("x")
        tags = {}
        for accept in (JSON, "text/plain"):
            tags[accept] = tag = self.ask("GET", "/0", accept=accept).fields["etag"]
            same = self.ask("GET", "/0", accept=accept, if_none_match=tag)
            self.assertEqual((same.code, same.body), (304, b""))
            self.assertEqual(
                (same.fields["etag"], same.fields["vary"]), (tag, "Accept")
            )
            refused = self.ask("GET", "/0", accept=accept, if_match='"x"')
            self.assertEqual(refused.code, 412)
            self.assertNotEqual(refused.fields["content-type"], JSON)
        self.assertNotEqual(tags[JSON], tags["text/plain"])
        other = self.ask("GET", "/0", accept=JSON, if_none_match=tags["text/plain"])
        self.assertEqual(other.code, 200)

    def test_missing_note_is_404(self) -> None:
        self.note("x")
        for target in (
            "/1",
            "/-1",
            "/x",
            "/0/",
            "/0.0",
            "/+0",
            "/%D9%A0",
            "/" + "9" * 99,
        ):
            for method in ("GET", "HEAD"):
                self.assertEqual(self.ask(method, target).code, 404, target)
        self.assertEqual(self.ask("GET", "/%30").code, 200)

    def test_other_methods_are_405_with_allow(self) -> None:
        self.note("x")
        for target, allow in [
            ("/", "GET, HEAD, OPTIONS, POST"),
            ("/0", "GET, HEAD, DELETE, OPTIONS"),
            ("/openapi.json", "GET, HEAD, OPTIONS"),
        ]:
            options = self.ask("OPTIONS", target)
            self.assertEqual((options.code, options.fields["allow"]), (204, allow))
            for method in ("PUT", "DELETE", "PATCH", "TRACE"):
                if method in allow:
                    continue
                refused = self.ask(method, target)
                self.assertEqual((refused.code, refused.fields["allow"]), (405, allow))
        for target, code in (("/0", 405), ("/openapi.json", 405), ("/x", 404)):
            self.assertEqual(self.ask("POST", target, b"{}").code, code)

    def test_preflight_allows_what_pages_need(self) -> None:
        said = self.ask("OPTIONS", "/", origin="http://example.org")
        headers = said.fields["access-control-allow-headers"].split(", ")
        for name in ("Content-Type", "Idempotency-Key", "Last-Event-ID"):
            self.assertIn(name, headers)
        methods = said.fields["access-control-allow-methods"]
        self.assertEqual(methods, "GET, HEAD, POST, OPTIONS")

    def test_description_is_served(self) -> None:
        got = self.ask("GET", "/openapi.json")
        self.assertEqual(json.loads(got.body)["info"]["title"], "Notes")


class DeleteTests(NotesCase):
    """Deleting a note."""

    def setUp(self) -> None:
        super().setUp()
        for text in ("zero", "one", "two"):
            self.note(text)

    def test_deleted_note_is_gone_and_its_number_stays(self) -> None:
        deleted = self.ask("DELETE", "/1")
        self.assertEqual((deleted.code, deleted.body), (204, b""))
        for method in ("GET", "HEAD", "DELETE"):
            self.assertEqual(self.ask(method, "/1").code, 410)
        self.assertEqual(self.ask("POST", "/", b'{"getNote": 1}').code, 410)
        self.assertEqual(self.note("three").body, b"You have 4 notes.\n")
        page = json.loads(self.ask("GET", "/").body)
        self.assertEqual(
            page["notes"],
            [
                {"number": 0, "text": "zero"},
                {"number": 2, "text": "two"},
                {"number": 3, "text": "three"},
            ],
        )
        self.assertEqual(page["count"], 4)
        text = self.ask("GET", "/", accept="text/plain").body
        self.assertEqual(text, b"zero\ntwo\nthree\n")

    def test_note_that_never_was_is_404(self) -> None:
        for target in ("/3", "/" + "9" * 19, "/x", "/-1", "/1.0", "/1/"):
            self.assertEqual(self.ask("DELETE", target).code, 404)
        for target in ("/openapi.json", "/"):
            self.assertEqual(self.ask("DELETE", target).code, 405)

    def test_condition_is_kept(self) -> None:
        tags = [
            self.ask("GET", "/1", accept=accept).fields["etag"]
            for accept in (JSON, "text/plain")
        ]
        other = self.ask("GET", "/0").fields["etag"]
        for match in ('"x"', other, f"W/{tags[0]}", "x", ""):
            refused = self.ask("DELETE", "/1", if_match=match)
            self.assertEqual(refused.code, 412, match)
        for number, match in enumerate([f'"x", {tags[1]}', "*"], start=1):
            deleted = self.ask("DELETE", f"/{number}", if_match=match)
            self.assertEqual(deleted.code, 204)
        self.assertEqual(self.ask("DELETE", "/1", if_match="*").code, 410)

    def test_note_is_not_deleted_if_it_must_not_be_there(self) -> None:
        tag = self.ask("GET", "/1").fields["etag"]
        for none_match in ("*", f'"x", {tag}', f"W/{tag}"):
            refused = self.ask("DELETE", "/1", if_none_match=none_match)
            self.assertEqual(refused.code, 412, none_match)
        refused = self.ask("DELETE", "/1", if_match=tag, if_none_match=tag)
        self.assertEqual(refused.code, 412)
        self.assertEqual(self.ask("GET", "/1").code, 200)
        self.assertEqual(self.ask("DELETE", "/1", if_none_match='"x"').code, 204)

    def test_pages_step_over_deleted_notes(self) -> None:
        self.ask("DELETE", "/1")
        found, target = [], "/?limit=1"
        while target != "/":
            page = json.loads(self.ask("GET", target).body)
            found += [note["number"] for note in page["notes"]]
            target = "/" + (page["next"] or "")
        self.assertEqual(found, [0, 2])

    def test_pages_of_any_origin_may_not_delete(self) -> None:
        allowed = self.ask("OPTIONS", "/1").fields["access-control-allow-methods"]
        self.assertNotIn("DELETE", allowed)


class PageTests(NotesCase):
    """A page of notes."""

    def setUp(self) -> None:
        super().setUp()
        self.texts = [f"note {k}" for k in range(60)]
        for text in self.texts:
            self.notes.append(text)

    def page(self, query: str = "") -> Any:
        return json.loads(self.ask("GET", f"/{query}").body)

    def test_pages_lead_to_every_note_once(self) -> None:
        for limit in (1, 7, 25, 30, 59, 60, 61, 10**30):
            found, target = [], f"?limit={limit}"
            while target:
                got = self.ask("GET", f"/{target}")
                said = json.loads(got.body)
                self.assertEqual(said["count"], 60)
                self.assertLessEqual(len(said["notes"]), limit)
                found += said["notes"]
                target = said["next"] or ""
                link = f'<{target}>; rel="next"' if target else ""
                self.assertEqual(got.fields.get("link", ""), link)
            self.assertEqual([note["text"] for note in found], self.texts)
            self.assertEqual([note["number"] for note in found], list(range(60)))

    def test_last_page_has_no_next(self) -> None:
        for query in ("?limit=60", "?from=1", "?limit=0"):
            self.assertIsNone(self.page(query)["next"])

    def test_note_stored_during_the_request_is_counted(self) -> None:
        self.notes.count = lambda: succeed(59)
        said = self.page()
        self.assertEqual((len(said["notes"]), said["count"]), (60, 60))

    def test_from_begins_at_that_note(self) -> None:
        said = self.page("?from=58")
        self.assertEqual([note["number"] for note in said["notes"]], [58, 59])
        for start in ("60", "61", "9" * 99):
            said = self.page(f"?from={start}")
            self.assertEqual(said, {"notes": [], "count": 60, "next": None})
        self.assertEqual(self.page("?limit=0")["notes"], [])

    def test_page_of_text_has_a_note_a_line(self) -> None:
        got = self.ask("GET", "/?from=1&limit=2", accept="text/plain")
        self.assertEqual(got.body, b"note 1\nnote 2\n")

    def test_malformed_parameters_are_400(self) -> None:
        for query in ("from=-1", "from=x", "from=", "limit=1.5", "limit=1&limit=1"):
            self.assertEqual(self.ask("GET", f"/?{query}").code, 400, query)

    def test_page_of_long_notes_is_short(self) -> None:
        asked: list[int] = []

        class Long(MemoryNotes):
            """Keeps count."""

            def entries(self, start: int, limit: int) -> Any:
                asked.append(limit)
                return super().entries(start, limit)

        self.use(Long())
        for _ in range(100):
            self.notes.append("x" * 100_000)
        said = self.page("?limit=1000")
        self.assertLess(len(said["notes"]), 30)
        self.assertEqual(said["next"], f"?from={len(said['notes'])}&limit=1000")
        self.assertLessEqual(max(asked), 25)


class PostTests(NotesCase):
    """The tutorial's POST, beside the rest and alone."""

    def test_same_key_stores_once(self) -> None:
        for alone in (False, True):
            self.use(MemoryNotes())
            if alone:
                self.resource = Notes(self.notes)  # type: ignore[assignment]
            first = self.note("x", idempotency_key="k")
            self.note("y")
            again = self.note("x", idempotency_key="k")
            self.assertEqual((again.code, again.body), (200, first.body))
            self.assertEqual(self.successResultOf(self.notes.count()), 2)
            self.assertEqual(self.note("z", idempotency_key="k").code, 422)
            for wrong in ("", "k" * 256):
                self.assertEqual(self.note("z", idempotency_key=wrong).code, 400)
            self.assertEqual(self.successResultOf(self.notes.count()), 2)


class FailingTests(NotesCase):
    """A store that fails."""

    def test_every_method_tells_of_a_failing_store(self) -> None:
        for error, code in [
            (StoreFull("no room"), 507),
            (StoreUnavailable("10.0.0.1 is away", 5), 503),
            (OSError(5, "Input/output error", "/secret"), 500),
            (ZeroDivisionError("/secret"), 500),
        ]:

            class Failing(MemoryNotes):
                """Fails."""

                def _fail(self, *_: Any, error: Exception = error) -> Any:
                    return fail(error)

                append = entry = entries = count = _fail  # type: ignore[assignment]
                state = delete = _fail  # type: ignore[assignment]

            self.use(Failing())
            for method, target in [
                ("GET", "/"),
                ("GET", "/0"),
                ("POST", "/"),
                ("DELETE", "/0"),
                ("GET", "/?follow"),
            ]:
                said = self.ask(method, target, b'{"myNote": "x"}')
                self.assertEqual((method, said.code), (method, code))
                self.assertNotIn(b"secret", said.body)
                self.assertEqual(said.fields.get("retry-after"), {503: "5"}.get(code))
        self.flushLoggedErrors(OSError, ZeroDivisionError)

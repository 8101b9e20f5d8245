"""
The list of documents over HTTP.
"""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from dartio_tut.resources.rest import documents_list
from dartio_tut.store import (
    Document,
    DocumentInfo,
    MemoryDocuments,
    NoSuchEntry,
    StoreUnavailable,
    version_of,
)
from dartio_tut.testing import Connection, connect

from .test_rest_documents import JSON, DocumentsCase


class OneDocument(MemoryDocuments):
    """
    A store that has one document and, like a folder, does not know its version.

    :param modified: its time, which stays whatever its content is.
    """

    def __init__(self, modified: float) -> None:
        super().__init__()
        self.modified = modified
        self.content = b"[]"

    def get(self, name: str) -> Deferred[Document]:
        return succeed(Document(self.content, version_of(self.content)))

    def list(
        self, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Deferred[list[DocumentInfo]]:
        size, identity = len(self.content), (hash(self.content),)
        return succeed([DocumentInfo("one", size, self.modified, None, identity)])


class ListTests(DocumentsCase):
    """The list."""

    def setUp(self) -> None:
        super().setUp()
        self.names = sorted(
            [f"n{k:03}" for k in range(25)] + ["a b", "ä", "i", "木", "x"],
            key=str.encode,
        )
        for name in self.names:
            self.documents.put(name, b"[]")

    def walk(self, target: str, most: int) -> list[str]:
        found = []
        while target:
            got = self.ask("GET", "/" + target)
            said = json.loads(got.body)
            self.assertLessEqual(len(said["documents"]), most)
            found += [one["name"] for one in said["documents"]]
            for one in said["documents"]:
                self.assertEqual(self.ask("GET", "/" + one["url"]).body, b"[]")
            link = got.fields.get("link", "")
            target = said["next"] or ""
            self.assertEqual(link, f'<{target}>; rel="next"' if target else "")
        return found

    def test_pages_lead_to_every_document_once(self) -> None:
        for limit in (1, 2, 7, 30, 31, 5000):
            self.assertEqual(self.walk(f"?limit={limit}", limit), self.names)
        for query in ("limit=30", "limit=0", "after=x"):
            self.assertNotIn("link", self.ask("GET", f"/?{query}").fields)
        numbered = [n for n in self.names if n.startswith("n")]
        self.assertEqual(self.walk("?limit=10&prefix=n", 10), numbered)
        self.assertEqual(self.walk("?after=n020&prefix=n", 100), numbered[21:])
        self.assertEqual(self.walk("?prefix=%C3%A4", 100), ["ä"])
        self.assertEqual(self.walk("?limit=0", 0), [])

    def test_accept_chooses_the_media_type(self) -> None:
        for accept, kind, begin in [
            (JSON, JSON, b'{"documents": [{"name": "a b", "size": 2, "url": "a%20b"'),
            ("*/*", JSON, b"{"),
            ("application/xml", JSON, b"{"),
            ("text/plain", "text/plain; charset=utf-8", b"a b\ni\n"),
            ("text/html, */*;q=0.1", "text/html; charset=utf-8", b"<!DOCTYPE html>"),
            ("text/html;q=0, application/*;q=.5", JSON, b"{"),
        ]:
            got = self.ask("GET", "/", accept=accept)
            self.assertEqual((accept, got.fields["content-type"]), (accept, kind))
            self.assertTrue(got.body.startswith(begin), got.body[:99])
            self.assertEqual(got.fields["vary"], "Accept")

    def test_times_that_no_calendar_has_do_not_fail_the_list(self) -> None:
        for modified, said in (
            (9e11, "9999-12-31T23:59:59Z"),
            (-9e11, "0001-01-01T00:00:00Z"),
            (1700000000.75, "2023-11-14T22:13:20Z"),
        ):
            self.use(OneDocument(modified))
            got = json.loads(self.ask("GET", "/").body)
            self.assertEqual(got["documents"][0]["modified"], said)
            page = self.ask("GET", "/", accept="text/html").body.decode()
            self.assertIn(said[:16].replace("T", " "), page)

    def test_version_is_read_again_when_a_document_has_another_identity(self) -> None:
        self.use(OneDocument(5.0))
        for content in (b"[1]", b"[2]"):
            self.documents.content = content
            got = json.loads(self.ask("GET", "/").body)
            self.assertEqual(got["documents"][0]["version"], version_of(content))

    def test_html_page_escapes_and_leads_on(self) -> None:
        got = self.ask("GET", "/?limit=2&prefix=%22%3E%3Cx", accept="text/html")
        self.assertIn(b'value="&quot;&gt;&lt;x"', got.body)
        got = self.ask("GET", "/?limit=2&prefix=n", accept="text/html")
        self.assertIn(b'href="?prefix=n&amp;after=n001&amp;limit=2"', got.body)
        self.assertIn(b'<a href="n000">n000</a>', got.body)
        self.assertIn("default-src 'none'", got.fields["content-security-policy"])

    def test_malformed_parameters_are_400(self) -> None:
        for query in (
            "limit=-1",
            "limit=x",
            "limit=",
            "limit",
            "limit=1&limit=2",
            "limit=%D9%A1",
            "prefix=%ff",
            "after=%ff",
            "prefix=a&prefix=b",
        ):
            self.assertEqual((query, self.ask("GET", f"/?{query}").code), (query, 400))
        self.assertEqual(self.ask("GET", "/?limit=" + "9" * 5000).code, 200)

    def test_head_has_the_fields_of_get(self) -> None:
        got, head = self.ask("GET", "/?limit=1"), self.ask("HEAD", "/?limit=1")
        for fields in (got.fields, head.fields):
            fields.pop("date")  # a second may have passed
        self.assertEqual((head.body, head.fields), (b"", got.fields))

    def test_time_and_version_are_told(self) -> None:
        documents = MemoryDocuments(now=lambda: 86400.7)
        self.use(documents)
        documents.put("a", b"[]")
        (one,) = json.loads(self.ask("GET", "/").body)["documents"]
        self.assertEqual(one["modified"], "1970-01-02T00:00:00Z")
        etag = self.ask("GET", "/a").fields["etag"]
        self.assertEqual(f'"{one["version"]}"', etag)
        page = self.ask("GET", "/", accept="text/html").body
        self.assertIn(b"<td>1970-01-02 00:00<td>2", page)

    def test_file_that_hides_behind_the_description_is_left_out(self) -> None:
        self.use(MemoryDocuments())
        for name in ("a", "openapi.json", "z"):
            self.documents.put(name, b"[]")
        self.assertEqual(self.walk("?limit=3", 3), ["a", "z"])
        self.assertEqual(self.walk("?limit=1", 1), ["a", "z"])


class Unversioned(MemoryDocuments):
    """Documents of a store that does not know their versions."""

    def __init__(self) -> None:
        super().__init__(now=lambda: 7.0)
        self.read: list[str] = []

    def get(self, name: str) -> Deferred[Document]:
        self.read.append(name)
        return super().get(name)

    def list(self, *args: Any, **more: Any) -> Deferred[list[DocumentInfo]]:
        def without(found: list[DocumentInfo]) -> list[DocumentInfo]:
            return [document._replace(version=None) for document in found]

        return super().list(*args, **more).addCallback(without)


class UnversionedTests(DocumentsCase):
    """The list of a store that does not know versions."""

    def setUp(self) -> None:
        super().setUp()
        self.use(Unversioned())

    def versions(self) -> dict[str, str | None]:
        listed = json.loads(self.ask("GET", "/").body)["documents"]
        return {one["name"]: one["version"] for one in listed}

    def test_documents_are_read_once_for_their_versions(self) -> None:
        for name in "ab":
            self.documents.put(name, b"[]")
        for _ in range(3):
            version = version_of(b"[]")
            self.assertEqual(self.versions(), {"a": version, "b": version})
        self.assertEqual(self.documents.read, ["a", "b"])
        self.documents.put("a", b"[1]")
        self.assertEqual(self.versions()["a"], version_of(b"[1]"))
        self.assertEqual(self.documents.read, ["a", "b", "a"])

    def test_only_so_much_is_read(self) -> None:
        self.patch(documents_list, "MAX_READ_BYTES", 5)
        for name in "abc":
            self.documents.put(name, b"[]")
        self.assertEqual([*map(bool, self.versions().values())], [True, True, False])
        self.assertEqual([*map(bool, self.versions().values())], [True, True, True])

    def test_nothing_is_read_for_a_text_or_a_page(self) -> None:
        self.documents.put("a", b"[]")
        for accept in ("text/plain", "text/html"):
            self.ask("GET", "/", accept=accept)
        self.assertEqual(self.documents.read, [])

    def test_document_that_is_gone_meanwhile_has_no_version(self) -> None:
        self.documents.put("a", b"[]")
        self.documents.get = lambda name: fail(NoSuchEntry("gone"))
        self.assertEqual(self.versions(), {"a": None})

    def test_remembered_versions_are_bounded(self) -> None:
        self.patch(documents_list, "REMEMBERED_VERSIONS", 2)
        for name in "abc":
            self.documents.put(name, b"[]")
        self.versions()
        self.assertEqual(len(self.resource._list._versions), 2)


class RationTests(DocumentsCase):
    """Many clients that list at once."""

    def setUp(self) -> None:
        super().setUp()
        self.held: list[Deferred[list[DocumentInfo]]] = []
        self.documents.put("a", b"[]")
        self.documents.list = self.hold
        self.addCleanup(self.end_lists)

    def end_lists(self) -> None:
        """
        Let all lists end: a coroutine that is still waiting would be ended by the
        garbage collector, in the midst of another test, and wake those behind it.
        """
        for held in self.held:
            if not held.called:
                held.callback([])

    def hold(self, *args: Any) -> Deferred[list[DocumentInfo]]:
        self.held.append(Deferred())
        return self.held[-1]

    def connect(self) -> Connection:
        connection = connect(self.resource)
        connection.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        return connection

    def test_two_lists_are_made_at_a_time_and_some_wait(self) -> None:
        waiting = [self.connect() for _ in range(34)]
        self.assertEqual(len(self.held), 2)
        refused = self.ask("GET", "/")
        self.assertEqual((refused.code, refused.fields["retry-after"]), (503, "5"))
        for number in range(34):
            self.held[number].callback([])
        for connection in waiting:
            self.assertIn(b" 200 ", connection.transport.value())
        self.assertEqual(self.ask("GET", "/a").code, 200)

    def test_documents_are_read_meanwhile(self) -> None:
        for _ in range(40):
            self.connect()
        self.assertEqual(self.ask("GET", "/a").code, 200)
        self.assertEqual(self.put("/b").code, 201)

    def test_client_that_has_gone_is_left_out(self) -> None:
        first = [self.connect() for _ in range(4)]
        first[2].protocol.connectionLost(Failure(ConnectionDone()))
        for number in range(2):
            self.held[number].callback([])
        self.assertEqual(len(self.held), 3)

    def test_list_that_fails_gives_its_turn_back(self) -> None:
        for _ in range(3):
            self.connect()
        self.held[0].errback(Failure(StoreUnavailable("away")))
        self.assertEqual(len(self.held), 3)

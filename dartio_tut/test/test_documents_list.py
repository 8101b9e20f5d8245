"""
The list of documents over HTTP.
"""

from __future__ import annotations

import json

from .test_rest_documents import JSON, DocumentsCase


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

    def test_pages(self) -> None:
        for limit in (1, 2, 7, 30, 31, 5000):
            self.assertEqual(self.walk(f"?limit={limit}", limit), self.names)
        for query in ("limit=30", "limit=0", "after=x"):
            self.assertNotIn("link", self.ask("GET", f"/?{query}").fields)
        numbered = [n for n in self.names if n.startswith("n")]
        self.assertEqual(self.walk("?limit=10&prefix=n", 10), numbered)
        self.assertEqual(self.walk("?after=n020&prefix=n", 100), numbered[21:])
        self.assertEqual(self.walk("?prefix=%C3%A4", 100), ["ä"])
        self.assertEqual(self.walk("?limit=0", 0), [])

    def test_kinds(self) -> None:
        for accept, kind, begin in [
            (JSON, JSON, b'{"documents": [{"name": "a b", "size": 2, "url": "a%20b"}'),
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

    def test_the_page_leads_on(self) -> None:
        got = self.ask("GET", "/?limit=2&prefix=%22%3E%3Cx", accept="text/html")
        self.assertIn(b'value="&quot;&gt;&lt;x"', got.body)
        got = self.ask("GET", "/?limit=2&prefix=n", accept="text/html")
        self.assertIn(b'href="?prefix=n&amp;after=n001&amp;limit=2"', got.body)
        self.assertIn(b'<a href="n000">n000</a>', got.body)
        self.assertIn("default-src 'none'", got.fields["content-security-policy"])

    def test_refused(self) -> None:
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

    def test_head(self) -> None:
        got, head = self.ask("GET", "/?limit=1"), self.ask("HEAD", "/?limit=1")
        self.assertEqual((head.body, head.fields), (b"", got.fields))

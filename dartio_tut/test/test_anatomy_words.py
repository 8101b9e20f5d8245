"""
The word list: complete, plain, and right in its form.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http import RESPONSES
from twisted.web.resource import IResource

import dartio_tut
from dartio_tut.anatomy import PART_KINDS, Word, all_words, take_apart, word_for
from dartio_tut.anatomy.fields import UNKNOWN_FIELD
from dartio_tut.resources import CORS, RestDocuments, RestNotes
from dartio_tut.servers.hello import Hello
from dartio_tut.servers.notes import Notes
from dartio_tut.servers.thinker import Thinker
from dartio_tut.servers.writer import Writer
from dartio_tut.store import MemoryDocuments, MemoryNotes
from dartio_tut.testing import connect

from .support.file_case import FileCase
from .support.syntax_trees import sources, syntax_nodes

UNUSED_CODES = {306}
"""Codes that are reserved, and mean nothing."""

field_name = re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*|ETag|TE")
dashed_name = re.compile(r"[A-Z][A-Za-z0-9]*(-[A-Z][A-Za-z0-9]*)+")
field_line = re.compile(r"^([A-Z][A-Za-z0-9-]*): ", re.MULTILINE)

USUAL_METHODS = [
    *["GET", "HEAD", "POST", "PUT", "DELETE"],
    *["CONNECT", "OPTIONS", "TRACE", "PATCH"],
]

NO_FIELDS = {"GIF87a", "GIF89a", "UTF-8", "SHA-256"}
"""Texts of the source that look like the name of a field."""

BROWSER = (
    b"GET / HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: Mozilla/5.0\r\n"
    b"Accept: */*\r\nAccept-Language: en\r\nAccept-Encoding: gzip, br, zstd\r\n"
    b"Referer: http://localhost:8080/\r\nConnection: keep-alive\r\nCookie: a=b\r\n"
    b"Upgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\n"
    b"Sec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\nSec-Fetch-User: ?1\r\n"
    b"Priority: u=0, i\r\nPragma: no-cache\r\nCache-Control: no-cache\r\nDNT: 1\r\n"
    b'sec-ch-ua: "Chromium";v="140"\r\nsec-ch-ua-mobile: ?0\r\n'
    b'sec-ch-ua-platform: "Linux"\r\nOrigin: null\r\nTE: trailers\r\n\r\n'
)

QUESTIONS = (
    b"GET / HTTP/1.1\r\nHost: a\r\n",
    b"HEAD / HTTP/1.1\r\nHost: a\r\n",
    b"PUT /x HTTP/1.1\r\nHost: a\r\n",
    b"OPTIONS / HTTP/1.0\r\nOrigin: b\r\nAccess-Control-Request-Method: PUT\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n",
    b"GET /file.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n",
    b"GET /file.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=9-\r\n",
    b"GET /sub HTTP/1.1\r\nHost: a\r\n",
    b"GET /missing HTTP/1.1\r\nHost: a\r\n",
    b"GET /documents/x HTTP/1.1\r\nHost: a\r\n",
    b"GET / HTTP/1.0\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n",
)


def names_in(path: Path) -> Iterator[str]:
    """Whatever may be the name of a field in the texts of the module at *path*."""
    for node in syntax_nodes(path, ast.Constant):
        if isinstance(node.value, bytes):
            text = node.value.decode("latin-1")
            if field_name.fullmatch(text):
                yield text
            yield from field_line.findall(text)
        elif isinstance(node.value, str) and dashed_name.fullmatch(node.value):
            yield node.value


class ListTests(SynchronousTestCase):
    """What is in the list, and how it is written."""

    def fields(self) -> list[Word]:
        """The entries of fields."""
        return [word for word in all_words() if word.kind == "field"]

    def test_every_kind_of_part_has_an_entry_and_nothing_else(self) -> None:
        framing = [word.name for word in all_words() if word.kind == "framing"]
        self.assertEqual(sorted(framing), sorted(PART_KINDS))

    def test_every_status_code_in_use_has_an_entry(self) -> None:
        codes = {code.value for code in HTTPStatus} | set(RESPONSES)
        for code in codes - UNUSED_CODES:
            self.assertIsNotNone(word_for("status", str(code)), code)

    def test_every_usual_method_and_version_has_an_entry(self) -> None:
        for name in USUAL_METHODS:
            self.assertIsNotNone(word_for("method", name), name)
        for name in ("HTTP/1.1", "HTTP/1.0"):
            self.assertIsNotNone(word_for("version", name), name)

    def test_names_of_fields_are_found_in_any_case_and_others_are_not(self) -> None:
        self.assertGreater(len(self.fields()), 90)
        for name in ("ETag", "etag", "ETAG"):
            word = word_for("field", name)
            assert word is not None
            self.assertEqual(word.name, "ETag")
        self.assertIsNone(word_for("field", "X-Unheard-Of"))
        self.assertIsNone(word_for("method", "get"))

    def test_fields_are_in_the_order_of_the_alphabet(self) -> None:
        names = [word.name.lower() for word in self.fields()]
        self.assertEqual(names, sorted(set(names)))

    def test_each_entry_is_a_sentence_with_a_clause(self) -> None:
        for word in all_words():
            for text in (word.words, word.value):
                if text or text is word.words:
                    self.assertRegex(text, r"^\S.*[^.]\.$", word)
                    self.assertNotRegex(text, r"[.?!] [A-Z]", word)
                    self.assertLess(len(text), 130, word)
            if word.clause.startswith("RFC"):
                self.assertRegex(
                    word.clause,
                    r"^RFC \d{4} (section \d+|appendix [A-C])(\.\d+)*$",
                    word,
                )
            self.assertTrue(word.clause, word)


class CompleteTests(FileCase):
    """Whatever our servers send, and browsers send to them, has an entry."""

    def test_every_name_of_a_field_in_the_source_has_an_entry(self) -> None:
        house = Path(dartio_tut.__file__).parent
        found = set()
        for path in sources(house):
            if path.relative_to(house).parts[0] not in ("test", "anatomy"):
                found |= set(names_in(path))
        self.assertGreater(len(found), 40)
        missing = {name for name in found - NO_FIELDS if not word_for("field", name)}
        self.assertEqual(missing, set())

    def test_every_field_of_responses_of_the_lessons_has_an_entry(self) -> None:
        self.file("index.html")
        self.file("file.txt", b"text")
        self.file("sub/index.html")
        documents = MemoryDocuments()
        resources: list[IResource] = [
            Hello(),
            Notes(MemoryNotes()),
            Thinker(lambda below: 1, documents),
            Writer(documents),
            self.files(),
            CORS(RestDocuments(documents, Writer(documents)), [b"*"]),
            RestNotes(MemoryNotes(), Notes(MemoryNotes())),
        ]
        names = set()
        for resource in resources:
            for head in QUESTIONS:
                raw = connect(resource).send(head + b"Content-Length: 2\r\n\r\n{}")
                message = take_apart(raw, "server")
                for part in message.parts:
                    if part.kind == "field-name":
                        name = raw[part.start : part.end].decode("ascii")
                        names.add(name)
                        self.assertNotEqual(part.words, UNKNOWN_FIELD, name)
        self.assertGreater(len(names), 15)

    def test_every_field_of_a_browser_has_an_entry(self) -> None:
        message = take_apart(BROWSER, "client")
        self.assertEqual(message.fault, "")
        words = [part.words for part in message.parts if part.kind == "field-name"]
        self.assertEqual(len(words), BROWSER.count(b"\r\n") - 2)
        self.assertNotIn(UNKNOWN_FIELD, words)

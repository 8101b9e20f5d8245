"""
The glossary and the pictures are what the software says now, and anybody can read them.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.static import Data

from dartio_tut.anatomy import all_words, take_apart
from illustrations.__main__ import DOCS
from illustrations.glossary import glossary
from illustrations.pictures import PICTURES
from illustrations.recording import settled
from illustrations.sequence import Bar, Note, Sent, Sequence, message_lines
from illustrations.tree import Tree

from .support.recorded_servers import RecordingCase

SVG = "{http://www.w3.org/2000/svg}"

ADVICE = "make pictures makes it anew; look at it before you commit it."


PLACE = DOCS / "pictures"


def drawings() -> list[Path]:
    """The pictures that are made from messages; others are screenshots."""
    return sorted(PLACE.glob("*.svg"))


def small(*steps: Sent | Note | Bar) -> Sequence:
    """A sequence of two lanes."""
    return Sequence("small", "A title", {"a": "one", "b": "other"}, list(steps))


class CurrentTests(RecordingCase):
    """What stands in the documentation is what would be made today."""

    def test_the_glossary_is_that_of_the_word_list(self) -> None:
        kept = (DOCS / "glossary.md").read_text("utf-8")
        self.assertEqual(kept, glossary(), ADVICE)
        for word in all_words():
            self.assertIn(f"| `{word.name}` |", kept)

    def test_each_picture_is_that_of_a_run_of_today(self) -> None:
        names = set()
        for make in PICTURES:
            sequence = make()
            names.add(f"{sequence.name}.svg")
            kept = (PLACE / f"{sequence.name}.svg").read_text("utf-8")
            self.assertEqual(kept, sequence.draw(), f"{sequence.name}: {ADVICE}")
        there = {path.name for path in PLACE.iterdir() if path.is_file()}
        self.assertEqual(there, names)

    def test_each_picture_is_on_a_page_with_a_text_alternative(self) -> None:
        pages = "".join(path.read_text("utf-8") for path in DOCS.rglob("*.md"))
        for path in [*drawings(), *PLACE.glob("screens/*.png")]:
            found = re.search(rf"\{{image\}} \S*{path.name}\n---\nalt: >-\n  \w", pages)
            self.assertIsNotNone(found, path.name)


class FormTests(SynchronousTestCase):
    """Pictures are SVG that needs nothing else and runs nothing."""

    def test_pictures_have_words_and_no_script_and_load_nothing(self) -> None:
        for path in drawings():
            text = path.read_text("utf-8")
            root = ET.fromstring(text)
            title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
            assert title is not None and description is not None
            labels = root.attrib["aria-labelledby"].split()
            self.assertEqual([title.get("id"), description.get("id")], labels)
            self.assertGreater(len(description.text or ""), 200)
            self.assertEqual(root.attrib["role"], "img")
            tags = {element.tag.removeprefix(SVG) for element in root.iter()}
            self.assertEqual(
                tags - {"text", "tspan", "rect", "path"},
                {"svg", "title", "desc", "style"},
            )
            self.assertNotRegex(text, r"href|url\(|@import|\bon\w+=")
            self.assertIn("prefers-color-scheme: dark", text)

    def test_nothing_is_drawn_outside_of_a_picture(self) -> None:
        for path in drawings():
            root = ET.fromstring(path.read_text("utf-8"))
            width, height = (float(root.attrib[name]) for name in ("width", "height"))
            for mark in root.iter(f"{SVG}rect"):
                at = {name: float(mark.attrib[name]) for name in ("x", "y")}
                right = at["x"] + float(mark.attrib["width"])
                bottom = at["y"] + float(mark.attrib["height"])
                self.assertTrue(0 <= at["x"] < right <= width, path.name)
                self.assertTrue(0 <= at["y"] < bottom <= height, path.name)

    def test_texts_are_escaped(self) -> None:
        step = Sent("a", "b", "<&>", ((("<script>", "method"),),))
        drawn = small(step, Note("a", "a < b")).draw()
        root = ET.fromstring(drawn)
        self.assertIn("<script>", "".join(root.itertext()))
        self.assertNotIn("<script>", drawn)

    def test_the_words_tell_each_step_in_its_order(self) -> None:
        sequence = small(Sent("a", "b", "asks"), Note("b", "thinks"))
        self.assertEqual(
            sequence.description(), "a: one. b: other. a to b: asks. b: thinks."
        )

    def test_a_tree_has_the_resources_that_answer_and_what_they_answer(self) -> None:
        root = Resource()
        root.putChild(b"text", Data(b"la", "text/plain"))
        tree = Tree("tree", "A title", root, ("/text", "/text/a", "/other"))
        self.assertEqual([node.words for node in tree.nodes.values()], ["root", "Data"])
        told = [
            'Below root putChild has put up Data as b"text".',
            "GET /text is answered with 200: la.",
            "GET /other is answered with 404: Not Found.",
        ]
        for words in told:
            self.assertIn(words, tree.description())

    def test_a_message_is_drawn_line_by_line_and_long_lines_go_on(self) -> None:
        raw = b"GET / HTTP/1.1\r\nA: %b\r\n\r\nbody" % b"one two three"
        rows = message_lines(take_apart(raw, "client"), 14)
        texts = ["".join(piece for piece, _ in row) for row in rows]
        self.assertEqual(
            texts, ["GET / HTTP/1.1", "A: one two ", "    three", "", "body"]
        )

    def test_what_differs_from_run_to_run_is_replaced_in_heads_only(self) -> None:
        raw = b"HTTP/1.1 200 OK\r\nServer: A/1.2\r\nDate: today\r\n\r\nDate: x\r\n"
        self.assertEqual(
            settled(raw),
            b"HTTP/1.1 200 OK\r\nServer: A\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
            b"\r\nDate: x\r\n",
        )

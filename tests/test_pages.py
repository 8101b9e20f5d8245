"""
The pages of the course: what they explain, and how they are built.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from .support.course_pages import (
    DOCS,
    TUTORIAL,
    Shown,
    course_pages,
    notes_with_code,
    prose,
    shown_code,
)
from .support.readable import explained, imported_names, unexplained

RATCHET = Path(__file__).with_name("readable.toml")

GLOSSARY = DOCS / "glossary.md"

MAX_WORDS = 2400
"""What most people read in twelve minutes, at 200 words a minute, with the code."""

SECTIONS = (
    "What will happen?",
    "Run it",
    "The exchange",
    "The code",
    "The same, by other clients",
    "Change it",
    "What can go wrong",
    "Five questions",
    "What you can do now",
)
"""The headings of a lesson, in their order; others may stand between them."""

LESSONS = (
    "hello",
    "get",
    "pages",
    "thinker",
    "requests",
    "guess",
    "writer",
    "write",
    "notes",
    "files",
    "static",
    "hello_secure",
    "your_own",
)
"""Pages that are built so."""


class ReadableTests(SynchronousTestCase):
    """Each imported name that a page shows in code is explained, there or before."""

    def setUp(self) -> None:
        known = explained(prose(GLOSSARY))
        self.found = unexplained(course_pages(), known)
        self.kept: dict[str, list[str]] = tomllib.loads(RATCHET.read_text("utf-8"))

    def test_no_name_needs_an_explanation_but_those_that_are_listed(self) -> None:
        for page, names in self.found.items():
            new = set(names) - set(self.kept.get(page, []))
            self.assertEqual(
                new, set(), f"{page}.md: explain it there, or on a page before it"
            )

    def test_no_name_is_listed_that_is_explained(self) -> None:
        for page, names in self.kept.items():
            mended = set(names) - set(self.found.get(page, []))
            self.assertEqual(mended, set(), f"strike it out in {RATCHET.name}: {page}")

    def test_only_a_text_around_a_name_explains_it(self) -> None:
        self.assertEqual(explained("Like `Site`."), set())
        self.assertEqual(
            explained("`Site(tree)` makes a protocol for each connection that comes."),
            {"Site", "tree"},
        )
        self.assertEqual(
            explained("| `a` | b |\n| `c` | one two three four five six |"), {"c"}
        )

    def test_names_are_those_that_the_excerpt_uses_and_its_module_imports(self) -> None:
        module = (
            "from a import b, c as d\nimport e.f\n\ndef g():\n    return d\n\nb, e\n"
        )
        shown = Shown(
            module[module.index("def") : module.index("b, e")], module, RATCHET
        )
        self.assertEqual(imported_names(shown), {"d"})
        self.assertEqual(
            imported_names(Shown(module, module, RATCHET)), {"b", "d", "e"}
        )


class FormTests(SynchronousTestCase):
    """How pages are built."""

    def test_notes_quote_the_code_above_them_in_its_order(self) -> None:
        noted = {page.stem for page in course_pages() if any(notes_with_code(page))}
        self.assertEqual(set(LESSONS) - noted, set())
        for page in course_pages():
            for code, notes in notes_with_code(page):
                at = 0
                for note in notes:
                    found = code.find(note, at)
                    self.assertGreaterEqual(found, 0, f"{page.name}: no {note!r} here")
                    at = found

    def test_no_page_takes_more_than_twelve_minutes(self) -> None:
        for page in course_pages():
            words = prose(page, without_code=False).split()
            words += [
                word for shown in shown_code(page) for word in shown.excerpt.split()
            ]
            self.assertLessEqual(len(words), MAX_WORDS, page.name)

    def test_lessons_have_their_sections_in_order(self) -> None:
        for name in LESSONS:
            text = (TUTORIAL / f"{name}.md").read_text("utf-8")
            heads = re.findall(r"^## (.*)$", text, re.MULTILINE)
            self.assertEqual([h for h in heads if h in SECTIONS], list(SECTIONS), name)

    def test_lessons_ask_five_questions_and_answer_them(self) -> None:
        for name in (*LESSONS, "index", "mistakes"):
            text = (TUTORIAL / f"{name}.md").read_text("utf-8")
            asked = re.findall(r"^:::\{dropdown\} (\d)\. .*\?\n+\S", text, re.MULTILINE)
            self.assertEqual(asked, list("12345"), name)

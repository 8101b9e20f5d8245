"""
The files of the pages ``/wire/`` and ``/try/``: what is shown stays text.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOMS = ("wire_view", "laboratory")

# What makes markup, scripts or styles of text.
SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment"
    r"|DOMParser|srcdoc|setHTML|\beval\b|\bFunction\(|javascript:|cssText"
    r"|setTimeout\(\s*['\"`]|setAttribute\(\s*[\"']on|\.style\s*=[^=]"
)

MAX_LINES = 400


def files(*suffixes: str) -> list[Path]:
    """The files of both pages with one of *suffixes*."""
    found = []
    for room in ROOMS:
        folder = Path(str(resources.files("dartio_tut.resources") / room / "assets"))
        found += [path for path in sorted(folder.iterdir()) if path.suffix in suffixes]
    return found


class Page(HTMLParser):
    """What a page's HTML has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    @property
    def ids(self) -> list[str]:
        """The ids of its elements."""
        return [str(attrs["id"]) for _, attrs in self.tags if "id" in attrs]


class PageAssetsTests(SynchronousTestCase):
    """What every file of the pages keeps to."""

    def test_scripts_make_text_only(self) -> None:
        self.assertGreater(len(files(".js")), 8)
        for path in files(".js"):
            self.assertEqual(SINKS.findall(path.read_text()), [], path)

    def test_pages_have_no_script_or_style_of_their_own(self) -> None:
        for path in files(".html"):
            text = path.read_text()
            page = Page(text)
            self.assertNotIn("<style", text)
            self.assertEqual(re.findall(r"<script\b[^>]*>(?!</script>)", text), [])
            for tag, attributes in page.tags:
                names = [name for name in attributes if name.startswith("on")]
                self.assertEqual((names, attributes.get("style")), ([], None), tag)

    def test_nothing_is_loaded_from_elsewhere(self) -> None:
        for path in files(".html"):
            for tag, attributes in Page(path.read_text()).tags:
                for name in ("src", "href", "action"):
                    value = attributes.get(name) or ""
                    self.assertNotRegex(value, r"^[a-z]+:|^//", (path, tag))
                    if tag in ("script", "link"):
                        self.assertRegex(value, r"^(?:assets/[a-z.]+)?$", (path, tag))
        for path in files(".css"):
            self.assertNotRegex(path.read_text(), r"url\(|@import", path)
        for path in files(".js"):
            for name in re.findall(r'from "([^"]*)"', path.read_text()):
                self.assertRegex(name, r"^\./[a-z]+\.js$", path)

    def test_every_element_that_a_script_asks_for_is_there(self) -> None:
        for room, script in [("wire_view", "wire.js"), ("laboratory", "laboratory.js")]:
            folder = resources.files("dartio_tut.resources") / room / "assets"
            ids = Page((folder / "index.html").read_text()).ids
            asked = set(re.findall(r'\$\("([^"]+)"\)', (folder / script).read_text()))
            self.assertGreater(len(asked), 10)
            self.assertEqual(asked - set(ids), set())
            self.assertEqual(len(ids), len(set(ids)), "an id is there twice")

    def test_every_kind_of_part_has_a_look(self) -> None:
        from dartio_tut.anatomy import PART_KINDS

        (style,) = [p for p in files(".css") if p.name == "message.css"]
        looks = set(re.findall(r"\.k-([a-z]+(?:-[a-z]+)*)", style.read_text()))
        self.assertEqual(set(PART_KINDS) - looks, set(), "kinds without a look")
        self.assertEqual(looks - set(PART_KINDS), set(), "looks of no kind")

    def test_files_are_short(self) -> None:
        for path in files(".js", ".css", ".html"):
            self.assertLessEqual(len(path.read_text().splitlines()), MAX_LINES, path)

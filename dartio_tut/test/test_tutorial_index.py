"""
The index of ``tutorial``, and the course beside it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from dartio_tut.daemon import Daemon, Site
from dartio_tut.resources import Branches, Recorder
from dartio_tut.servers.built_course import BuiltCourse
from dartio_tut.servers.lessons import LESSONS
from dartio_tut.servers.pages import PAGES
from dartio_tut.servers.tutorial_index import fill_index
from dartio_tut.servers.tutorial_pages import TutorialPages

from .support.function_resource import FunctionResource
from .support.memory_client import ask

INDEX = Path(PAGES, "index.html")


def a_server(**members: Any) -> dict[str, Any]:
    """What ``/servers.json`` has of a server."""
    found: dict[str, Any] = {
        "name": "notes",
        "url": "http://localhost:4042/",
        "lesson": "docs/tutorial/notes.md",
        "source": "dartio_tut/servers/notes.py",
        "running": True,
        "store": None,
    }
    return found | members


class FillIndexTests(SynchronousTestCase):
    """What is put in the place of comments."""

    def filled(self, text: str, watching: bool | None = True, **members: Any) -> str:
        return fill_index(text, {"notes": a_server(**members)}, watching)

    def test_a_server_runs_or_does_not(self) -> None:
        place = "<!-- [state notes] -->"
        self.assertIn(">runs<", self.filled(place))
        self.assertIn(">does not run<", self.filled(place, running=False))

    def test_lesson_and_source_are_linked(self) -> None:
        said = self.filled("<!-- [more notes] -->")
        self.assertIn('<a href="/learn/tutorial/notes.html">', said)
        self.assertIn('<a href="/source/notes.py">dartio_tut/servers/notes.py<', said)
        self.assertNotIn("Store", said)

    def test_a_store_is_told_and_one_that_is_missing(self) -> None:
        place = "<!-- [more notes] -->"
        folder = Path(self.mktemp()).absolute()
        self.assertIn("is missing", self.filled(place, store=str(folder)))
        folder.mkdir()
        said = self.filled(place, store=str(folder))
        self.assertIn(f"<code>{folder}</code>", said.replace("<wbr>", ""))
        self.assertNotIn("missing", said)
        said = self.filled(place, store="postgresql://db.example/notes")
        self.assertIn("<wbr>db.example/<wbr>notes</code>", said)
        self.assertNotIn("missing", said)

    def test_names_of_stores_are_escaped(self) -> None:
        said = self.filled("<!-- [more notes] -->", store="/a<b>&c")
        self.assertIn("/<wbr>a&lt;b&gt;&amp;c", said)

    def test_the_ways_are_those_that_lead_somewhere(self) -> None:
        for watching, links in (
            (True, ["/learn/", "/wire/", "/try/"]),
            (False, ["/learn/"]),
            (None, ["/learn/"]),
        ):
            said = self.filled("<!-- [ways] -->", watching)
            self.assertEqual(re.findall(r'href="([^"]*)"', said), links)
            self.assertEqual("for a person at the" in said, watching is False)

    def test_what_is_not_known_stays_a_comment(self) -> None:
        text = "<!-- [state nobody] --> <!-- [more] --> <!-- [form] --> <!-- x -->"
        self.assertEqual(self.filled(text), text)

    def test_index_has_a_place_for_each_server(self) -> None:
        text = INDEX.read_text()
        for lesson in LESSONS:
            self.assertEqual(text.count(f'<li id="{lesson.name}">'), 1)
            address = rf"<dt>Address<dd>(<a [^>]*>)?localhost:{lesson.port}\b"
            self.assertRegex(text, address)
            for what in ("state", "more"):
                self.assertEqual(text.count(f"<!-- [{what} {lesson.name}] -->"), 1)
        servers = {one.name: a_server(lesson=one.guide) for one in LESSONS}
        self.assertNotIn("<!-- [", fill_index(text, servers, True))


class StoppedServersTests(SynchronousTestCase):
    """An index whose servers do not listen, as when they stop."""

    def test_they_do_not_run_and_are_where_they_usually_are(self) -> None:
        pages = next(lesson for lesson in LESSONS if lesson.name == "pages")
        around = TutorialPages(pages, Recorder(), self.mktemp())
        for lesson in LESSONS:
            site = Site(Resource(), reactor=Clock())
            around.add(lesson.name, Daemon(site, []), None)
        said = ask(around.beside(Resource()), "GET", "/").body.decode()
        self.assertEqual(said.count(">does not run<"), len(LESSONS))
        self.assertNotIn(">runs<", said)
        for address in ("http://localhost:4040/", "https://localhost:4047/"):
            self.assertIn(f'<a href="{address}">', said)


class BuiltCourseTests(SynchronousTestCase):
    """The course at ``/learn/``."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        pages = FunctionResource(lambda request: b"pages")
        self.tree = Branches(pages, {b"learn": BuiltCourse(str(self.folder))})

    def build(self) -> None:
        (self.folder / "tutorial").mkdir(parents=True)
        (self.folder / "index.html").write_text("the course")
        (self.folder / "tutorial" / "hello.html").write_text("hello")

    def test_it_says_how_it_is_built(self) -> None:
        for target, code in (("/learn/", 200), ("/learn", 200), ("/learn/x.html", 404)):
            response = ask(self.tree, "GET", target)
            self.assertEqual(response.code, code, target)
            self.assertIn(b"make docs", response.body)
            self.assertEqual(response.fields["Cache-Control"], "no-store")
        self.assertEqual(ask(self.tree, "POST", "/learn/").code, 405)

    def test_it_is_there_as_soon_as_it_is_built(self) -> None:
        ask(self.tree, "GET", "/learn/")
        self.build()
        self.assertEqual(ask(self.tree, "GET", "/learn/").body, b"the course")
        response = ask(self.tree, "GET", "/learn/tutorial/hello.html")
        self.assertEqual(response.body, b"hello")
        response = ask(self.tree, "GET", "/learn")
        self.assertEqual(response.code, 301)
        self.assertEqual(response.fields["Location"], "./learn/")
        self.assertEqual(ask(self.tree, "GET", "/learn/none.html").code, 404)
        self.assertEqual(ask(self.tree, "GET", "/learn/..%2f..%2fx").code, 404)

    def test_it_may_go_away_again(self) -> None:
        self.build()
        (self.folder / "index.html").unlink()
        self.assertIn(b"make docs", ask(self.tree, "GET", "/learn/").body)

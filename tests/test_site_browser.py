"""
The index, the form, the note taker and the way to the course, in a browser: for
everybody, with a keyboard, a screen reader, a phone, in light and dark.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select
from twisted.trial.unittest import SkipTest

from .support.browsing import needed
from .support.harness import CHECKOUT, ask
from .support.wire_pages import DESKTOP, PHONE, WirePageCase


class SiteCase(WirePageCase):
    """A person at the pages of a tutorial."""

    shares_tutorial = True

    def opened(self, path: str) -> Any:
        """A tab with the page *path*."""
        tab = self.tab()
        self.open(tab, path)
        return tab

    def tabbed(self, tab: Any, count: int) -> list[str]:
        """What Tab leads to from the beginning of the page, each with an outline."""
        tab.execute_script("document.activeElement.blur()")
        reached = []
        self.one(tab, "body").send_keys(Keys.TAB)
        for _ in range(count):
            now = tab.switch_to.active_element
            outline = now.value_of_css_property("outline-style")
            self.assertNotEqual(outline, "none", now.get_attribute("outerHTML"))
            name = now.accessible_name
            self.assertTrue(name, now.get_attribute("outerHTML"))
            reached.append(name)
            now.send_keys(Keys.TAB)
        return reached


class EverybodyTests(SiteCase):
    """All pages."""

    def test_axe_finds_nothing_in_light_and_dark(self) -> None:
        for path in ("/", "/make_a_guess.html", "/note_taker.html", "/learn/"):
            tab = self.opened(path)
            self.is_fit_for_everybody(tab, path)
            self.nothing_was_refused(tab)

    def test_axe_finds_nothing_in_answers(self) -> None:
        guess = self.opened("/make_a_guess.html")
        self.one(guess, "[value=Guess]").click()
        self.is_fit_for_everybody(guess, "a guess")
        notes = self.opened("/note_taker.html")
        self.one(notes, "[name=note]").send_keys("long" * 100, Keys.ENTER)
        self.until(notes, lambda: self.text(notes, "#answer").startswith("You have"))
        self.one(notes, "#list button").click()
        self.until(notes, lambda: self.text(notes, "#answer").startswith("Listed"))
        self.is_fit_for_everybody(notes, "notes that are listed")

    def test_pages_fit_a_phone(self) -> None:
        for path in ("/", "/make_a_guess.html", "/note_taker.html", "/learn/"):
            tab = self.opened(path)
            self.shown_on(tab, PHONE)
            width = tab.execute_script("return document.documentElement.scrollWidth")
            self.assertEqual(width, 360, path)
            self.shown_on(tab, DESKTOP)

    def test_keys_reach_everything(self) -> None:
        index = self.tabbed(self.opened("/"), 8)
        self.assertEqual(index[:3], ["The course", "The wire", "The laboratory"])
        self.assertIn("dartio_tut/servers/hello.py", index)
        self.assertIn("make a guess", index)
        guess = self.tabbed(self.opened("/make_a_guess.html"), 3)
        self.assertEqual(guess, ["All servers", "Your guess", "Guess"])
        notes = self.tabbed(self.opened("/note_taker.html"), 7)
        self.assertEqual(
            notes,
            ["All servers", "Note", "Save Note", "Number of the note", "Get Note",
             "The request", "List Notes"],
        )  # fmt: skip


@functools.cache
def built_course() -> str:
    """
    Build the documentation as it is now, once for all tests; the folder that it is in.

    Only the first time takes long: then Sphinx builds what has changed. What it does
    not notice by itself makes it build all.

    :raise SkipTest: when there is no Sphinx.
    """
    if not find_spec("sphinx"):
        raise SkipTest("NOT TESTED: the built course; make .venv/.docs installs Sphinx")
    docs, folder = CHECKOUT / "docs", Path(sys.prefix, "_course")
    versions = [
        f"{name} {version(name)}\n" for name in ("sphinx", "furo", "myst-parser")
    ]
    made_by = "".join([str(docs), *versions, (docs / "conf.py").read_text()])
    stamp = folder / "made_by"
    if not stamp.exists() or stamp.read_text() != made_by:
        shutil.rmtree(folder, ignore_errors=True)
    built = folder / "html"
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-b", "html"]
        + ["-d", str(folder / "trees"), str(docs), str(built)],
        check=True,
    )
    stamp.write_text(made_by)
    return str(built)


class CourseTests(WirePageCase):
    """The built course."""

    shares_tutorial = True

    def setUp(self) -> None:
        needed("the built course")
        self.options = ("--course", built_course())
        super().setUp()

    def test_axe_finds_nothing_in_light_and_dark(self) -> None:
        tab = self.tab()
        for page in (
            "", "tutorial/index.html", "tutorial/hello.html", "behaviour.html",
            "tutorial/before/resources.html", "tutorial/from_nothing/step_3.html",
            "tutorial/hello_secure.html",
        ):  # fmt: skip
            self.open(tab, f"/learn/{page}")
            self.is_fit_for_everybody(tab, page)

    def test_lessons_of_the_index_are_there(self) -> None:
        tab = self.tab()
        self.open(tab, "/")
        for link in self.every(tab, "dd a[href^='/learn/']"):
            path = link.get_dom_attribute("href")
            self.assertEqual(ask(self.ports[8080], target=path).code, 200, path)


class GuessTests(SiteCase):
    """The form."""

    def guessed(self, tab: Any, number: int) -> str:
        """What the frame says to a guess; the page around it stays."""
        Select(self.one(tab, "[name=q]")).select_by_value(str(number))
        self.one(tab, "[value=Guess]").click()
        self.assertTrue(tab.current_url.endswith("/make_a_guess.html"))
        frame = self.one(tab, "iframe")
        self.assertEqual(frame.accessible_name, "What the thinker says")
        tab.switch_to.frame(frame)

        def said() -> str:
            asked: str = tab.execute_script("return location.search")
            # The one that was there before the answer is gone when that has come.
            text: str = self.one(tab, "body").text if asked == f"?q={number}" else ""
            return text

        try:
            return str(self.until(tab, said))
        finally:
            tab.switch_to.default_content()

    def guesses(self, tab: Any) -> None:
        """Guess until right."""
        self.open(tab, "/make_a_guess.html")
        for number in range(10):
            said = self.guessed(tab, number)
            if said.startswith("true"):
                self.assertIn("I'm thinking of another number.", said)
                return
            self.assertEqual(said, "false")
        self.fail("ten guesses, none right")

    def test_answer_is_shown_in_a_frame(self) -> None:
        self.guesses(self.tab())

    def test_no_script_is_needed(self) -> None:
        self.guesses(self.tab(scripts=False))

    def test_there_is_a_way_back(self) -> None:
        tab = self.opened("/make_a_guess.html")
        tab.find_element(By.LINK_TEXT, "All servers").click()
        self.until(tab, lambda: self.one(tab, "#servers"))
        self.assertEqual(tab.current_url, self.pages + "/")


class NoteTakerTests(SiteCase):
    """The script."""

    shares_tutorial = False  # the notes are counted

    def answered(self, tab: Any, wanted: str) -> None:
        self.until(tab, lambda: self.text(tab, "#answer") == wanted)

    def test_request_is_shown_and_notes_are_listed(self) -> None:
        tab = self.opened("/note_taker.html")
        for number, note in enumerate(("Buy milk", "<b>Call Ann</b>"), start=1):
            self.one(tab, "[name=note]").send_keys(note, Keys.ENTER)
            self.answered(tab, f"You have {number} notes.")
        sent = self.text(tab, "#request")
        lines = sent.splitlines()
        self.assertEqual(lines[0], "POST / HTTP/1.1")
        self.assertEqual(lines[1], f"Host: localhost:{self.ports[4042]}")
        self.assertEqual(lines[-2:], ["", '{"myNote":"<b>Call Ann</b>"}'])
        self.one(tab, "#list button").click()
        self.answered(tab, "Listed below: 2")
        listed = [(one.get_property("value"), one.text) for one in
                  self.every(tab, "#notes li")]  # fmt: skip
        self.assertEqual(listed, [(0, "Buy milk"), (1, "<b>Call Ann</b>")])
        self.assertIn('{"getNote":2}', self.text(tab, "#request"))

    def test_what_is_shown_is_what_the_server_was_sent(self) -> None:
        tab = self.opened("/note_taker.html")
        self.one(tab, "[name=note]").send_keys("Buy milk", Keys.ENTER)
        self.until(tab, lambda: self.text(tab, "#answer"))
        shown = self.text(tab, "#request").splitlines()
        self.open(tab, "/wire/")
        self.until(tab, lambda: self.every(tab, "#list > li"))
        next(r for r in self.every(tab, "#list > li") if "POST" in r.text).click()
        self.until(tab, lambda: self.every(tab, ".from-client .parts"))
        sent = self.text(tab, ".from-client .parts").replace("·", " ")
        for line in shown:
            if not line.startswith("Idempotency-Key"):  # which is masked there
                self.assertIn(line, sent)

    def test_a_list_of_no_notes_and_of_no_server(self) -> None:
        tab = self.opened("/note_taker.html")
        self.one(tab, "#list button").click()
        self.answered(tab, "Listed below: 0")
        self.tutorial.stop()
        self.one(tab, "#list button").click()
        self.answered(tab, "No server")
        self.assertTrue(self.one(tab, "#list button").is_enabled())


class WithoutScriptTests(SiteCase):
    """Scripts are turned off."""

    def test_index_is_complete_and_the_note_taker_says_what_it_needs(self) -> None:
        plain = self.tab(scripts=False)
        self.open(plain, "/")
        self.assertEqual(self.text(plain, "#hello .state"), "runs")
        self.open(plain, "/note_taker.html")
        self.assertIn("needs a script", plain.find_element(By.TAG_NAME, "main").text)

"""
A folder's listing in a real browser, headless.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from .support.browsing import an_empty_tab, needed
from .support.harness import PATIENCE, Case

NEW_YEAR = 1767225600
"""2026-01-01T00:00:00Z"""

FILES = {"file2.txt": 30, "file10.txt": 2000, "Notes.md": 100, "<b>&.html": 1}
FOLDERS = ("docs", "src")
BY_NAME = ["docs/", "src/", "<b>&.html", "file2.txt", "file10.txt", "Notes.md"]
BY_SIZE = ["docs/", "src/", "<b>&.html", "file2.txt", "Notes.md", "file10.txt"]
BY_SIZE_DOWN = ["docs/", "src/", "file10.txt", "Notes.md", "file2.txt", "<b>&.html"]


class ListingTests(Case):
    """A person at a listing."""

    scripts = True

    def setUp(self) -> None:
        super().setUp()
        needed("listings")
        self.root = self.folder / "root"
        for name in FOLDERS:
            (self.root / name).mkdir(parents=True)
        for name, size in FILES.items():
            (self.root / name).write_bytes(b"x" * size)
            os.utime(self.root / name, (NEW_YEAR, NEW_YEAR))
        self.url = self.served()
        self.browser = an_empty_tab(scripts=self.scripts)

    def served(self) -> str:
        return self.serve("static", "--root", str(self.root), "--listing").url

    def look(self, query: str = "") -> None:
        self.browser.get(self.url + query)

    def until(self, condition: Callable[[], object]) -> None:
        # While one page gives way to the next, what was found may be gone. There is an
        # exception for that, but the driver also says "unknown error".
        wait = WebDriverWait(self.browser, PATIENCE, 0.02, (WebDriverException,))
        wait.until(lambda _: condition())

    def links(self) -> list[Any]:
        found = self.browser.find_elements(By.CSS_SELECTOR, "#entries a")
        return [link for link in found if link.is_displayed()]

    def names(self) -> list[str]:
        return [link.text for link in self.links()]

    def filter(self) -> Any:
        return self.browser.find_element(By.ID, "filter")

    def sort_by(self, head: str) -> None:
        self.browser.find_element(By.LINK_TEXT, head).click()

    def sorted_as(self) -> list[tuple[str, str]]:
        """Which heads say that they are sorted, and how."""
        heads = self.browser.find_elements(By.CSS_SELECTOR, "[aria-sort]")
        return [
            (head.text.split()[0], head.get_dom_attribute("aria-sort"))
            for head in heads
        ]

    def sort_and_filter(self) -> None:
        """What works with a script and without."""
        self.look()
        self.assertEqual(self.names(), BY_NAME)
        self.assertEqual(self.sorted_as(), [("Name", "ascending")])
        self.sort_by("Size")
        self.until(lambda: self.names() == BY_SIZE_DOWN)
        self.assertEqual(self.sorted_as(), [("Size", "descending")])
        self.sort_by("Size")
        self.until(lambda: self.names() == BY_SIZE)
        self.assertEqual(self.sorted_as(), [("Size", "ascending")])
        self.sort_by("Name")
        self.until(lambda: self.names() == BY_NAME)
        self.sort_by("Name")
        self.until(lambda: self.names()[:2] == ["src/", "docs/"])
        self.look("?filter=FILE&sort=size&order=desc")
        self.assertEqual(self.names(), ["file10.txt", "file2.txt"])
        self.sort_by("Name")
        self.until(lambda: self.names() == ["file2.txt", "file10.txt"])


class WithoutScriptTests(ListingTests):
    """Scripts are turned off."""

    scripts = False

    def test_sort_and_filter(self) -> None:
        self.sort_and_filter()

    def test_filter_by_form_keeps_the_order(self) -> None:
        self.look("?sort=size&order=desc")
        self.filter().send_keys("file")
        self.assertEqual(self.names(), BY_SIZE_DOWN)
        self.browser.find_element(By.TAG_NAME, "button").click()
        self.until(lambda: self.names() == ["file10.txt", "file2.txt"])
        self.assertEqual(self.filter().get_dom_attribute("value"), "file")
        self.assertEqual(self.sorted_as(), [("Size", "descending")])

    def test_times_are_in_utc_without_script(self) -> None:
        self.look()
        said = self.browser.find_element(By.TAG_NAME, "table").text
        self.assertIn("2026-01-01 00:00", said)
        self.assertIn("UTC", said)


class WithScriptTests(ListingTests):
    """Scripts run, as the content security policy lets them."""

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.nothing_was_refused)

    def nothing_was_refused(self) -> None:
        said = [entry["message"] for entry in self.browser.get_log("browser")]
        self.assertEqual([line for line in said if "favicon" not in line], [])

    def active(self) -> Any:
        return self.browser.switch_to.active_element

    def press(self, *keys: str) -> None:
        for key in keys:
            self.active().send_keys(key)

    def count(self) -> str:
        text: str = self.browser.find_element(By.ID, "count").text
        return text

    def test_sort_and_filter(self) -> None:
        self.sort_and_filter()

    def test_filter_while_typing(self) -> None:
        self.look()
        self.assertFalse(
            self.browser.find_element(By.TAG_NAME, "button").is_displayed()
        )
        told = self.count()
        self.filter().send_keys("FILE")
        self.assertEqual(self.names(), ["file2.txt", "file10.txt"])
        self.assertEqual(self.count(), "2 of 6 shown")
        self.filter().send_keys("x")
        self.assertEqual((self.names(), self.count()), ([], "0 of 6 shown"))
        self.filter().send_keys(Keys.ESCAPE)
        self.assertEqual((self.names(), self.count()), (BY_NAME, told))
        self.filter().send_keys("<b>&")
        self.assertEqual(self.names(), ["<b>&.html"])

    def test_sorting_keeps_the_filter(self) -> None:
        self.look("?sort=size&order=desc")
        self.filter().send_keys("file")
        self.until(lambda: "filter=file" in self.browser.current_url)
        self.sort_by("Name")
        self.until(lambda: self.sorted_as() == [("Name", "ascending")])
        self.assertEqual(self.names(), ["file2.txt", "file10.txt"])
        self.assertEqual(self.filter().get_property("value"), "file")

    def test_wider_filter_is_asked_of_the_server(self) -> None:
        self.look("?filter=file2&sort=size&order=desc")
        self.assertEqual(self.names(), ["file2.txt"])
        self.filter().send_keys(Keys.BACKSPACE)
        self.until(lambda: self.names() == ["file10.txt", "file2.txt"])
        self.until(lambda: self.browser.current_url.endswith("&filter=file"))
        self.assertEqual(self.active(), self.filter())
        self.press("1")
        self.assertEqual(self.names(), ["file10.txt"])

    def test_keys_move_and_filter(self) -> None:
        self.look()
        self.press("/")
        self.assertEqual(self.active(), self.filter())
        self.assertEqual(self.filter().get_property("value"), "")
        self.press("f", "i", Keys.ARROW_DOWN)
        self.assertEqual(self.active().text, "file2.txt")
        self.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
        self.assertEqual(self.active().text, "file10.txt")
        self.press(Keys.ARROW_UP, Keys.ARROW_UP)
        self.assertEqual(self.active(), self.filter())
        self.press(Keys.ENTER)
        self.assertEqual(self.active().text, "file2.txt")
        self.press(Keys.ESCAPE)
        self.assertEqual((self.active(), self.names()), (self.filter(), BY_NAME))
        self.press("/")
        self.assertEqual(self.filter().get_property("value"), "/")
        self.assertEqual(self.names(), ["docs/", "src/"])

    def test_link_leads_to_its_entry(self) -> None:
        self.look()
        self.press(Keys.ARROW_DOWN)
        outline = self.active().value_of_css_property("outline-style")
        self.assertEqual(outline, "solid")
        self.press(Keys.ENTER)
        self.until(lambda: self.browser.current_url == self.url + "docs/")
        self.assertEqual(self.count(), "This folder is empty.")
        self.browser.find_element(By.LINK_TEXT, "Parent folder").click()
        self.until(lambda: self.names() == BY_NAME)

    def test_times_are_local_with_script(self) -> None:
        zone = {"timezoneId": "Asia/Kolkata"}
        self.browser.execute_cdp_cmd("Emulation.setTimezoneOverride", zone)
        self.look()
        said = self.browser.find_element(By.TAG_NAME, "table").text
        self.assertIn("2026-01-01 05:30", said)
        self.assertNotIn("UTC", said)
        times = self.browser.find_elements(By.TAG_NAME, "time")
        told = {time.get_dom_attribute("title") for time in times}
        self.assertIn("2026-01-01 00:00 UTC", told)

    def test_contrast_in_light_and_dark(self) -> None:
        for scheme, grounds in [("light", "255, 255, 255"), ("dark", "20, 23, 26")]:
            feature = {"name": "prefers-color-scheme", "value": scheme}
            wanted = {"features": [feature]}
            self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", wanted)
            self.look()
            body = self.browser.find_element(By.TAG_NAME, "body")
            self.assertIn(grounds, body.value_of_css_property("background-color"))
            for selector in ("#count", "#entries a", "thead a", "#entries td"):
                shown = self.browser.find_element(By.CSS_SELECTOR, selector)
                contrast = between(
                    body.value_of_css_property("background-color"),
                    shown.value_of_css_property("color"),
                )
                # WCAG 2.2, 1.4.3: what text needs at least.
                self.assertGreater(contrast, 4.5, (scheme, selector))

    def test_page_fits_a_phone(self) -> None:
        (self.root / ("n" * 255)).touch()
        phone = {"width": 320, "height": 640, "deviceScaleFactor": 2, "mobile": True}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
        self.look()
        width = self.browser.execute_script("return document.body.scrollWidth")
        self.assertEqual(width, 320)
        for link in self.links():
            # What a finger needs at least, in CSS pixels: WCAG 2.2, 2.5.5.
            self.assertGreaterEqual(link.size["height"], 44)


def between(*colours: str) -> float:
    """The contrast of two colours, as WCAG defines it."""
    lightness = []
    for colour in colours:
        parts = colour.partition("(")[2].rstrip(")").split(",")[:3]
        channels = [int(part) / 255 for part in parts]
        red, green, blue = (
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in channels
        )
        lightness.append(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    return (max(lightness) + 0.05) / (min(lightness) + 0.05)

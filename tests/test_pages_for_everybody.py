"""
The pages ``/wire/`` and ``/try/`` for everybody: with a keyboard, a screen reader, a
phone, in light and dark, and without script.
"""

from __future__ import annotations

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from .support.harness import ask
from .support.wire_pages import (
    DESKTOP,
    PHONE,
    Client,
    LaboratoryCase,
    WirePageCase,
    WireViewCase,
)


class WireViewTests(WireViewCase):
    """At ``/wire/``."""

    def test_axe_finds_nothing_in_light_and_dark(self) -> None:
        self.is_fit_for_everybody(self.wire, "empty")
        ask(self.ports[4042], "POST", "/", body='{"myNote": "Milk"}')
        ask(self.ports[4048], target="/nothing")
        client = Client(self, self.ports[4040])
        client.send(b"GET / HTTP/1.1\nHost: localhost\n\n")
        client.read_all()
        self.chosen("refused")
        self.is_fit_for_everybody(self.wire, "refused")
        self.chosen("POST /")
        for button in self.every(self.wire, ".message button"):
            if button.is_displayed():
                button.click()
        self.one(self.wire, ".from-server .k-field-name").click()
        self.is_fit_for_everybody(self.wire, "with hexadecimal and key")

    def test_keys_reach_everything(self) -> None:
        ask(self.ports[4040], target="/one")
        self.row("/one")  # by itself the page chooses the first that it draws
        ask(self.ports[4040], target="/two")
        self.row("/two")
        self.wire.execute_script("document.activeElement.blur()")
        reached: list[str] = []
        body = self.one(self.wire, "body")
        body.send_keys(Keys.TAB)
        self.assertEqual(self.active().text, "Go to the exchanges")
        for _ in range(40):
            self.active().send_keys(Keys.TAB)
            now = self.active()
            outline = now.value_of_css_property("outline-style")
            self.assertNotEqual(outline, "none", now.get_dom_attribute("class"))
            reached.append(now.get_dom_attribute("id") or now.tag_name)
            if now.get_dom_attribute("role") == "option" and now.tag_name == "li":
                break
        for wanted in ("pause", "lines", "server", "method"):
            self.assertIn(wanted, reached)
        self.assertIn("/one", self.active().text)
        self.active().send_keys(Keys.ARROW_UP)
        self.assertIn("/two", self.active().text)
        self.assertIn("/two", self.text(self.wire, "#details h2"))
        self.active().send_keys(Keys.ENTER)
        self.assertEqual(self.active().tag_name, "h2")
        self.one(self.wire, ".block.selected").send_keys(Keys.ARROW_LEFT)
        self.assertIn("/one", self.text(self.wire, "#details h2"))

    def test_new_exchanges_are_said_but_do_not_flood(self) -> None:
        self.wire.execute_script(
            """window.said = [];
            new MutationObserver(() =>
              said.push(document.querySelector("#announcement").textContent)
            ).observe(document.querySelector("#announcement"), {childList: true});"""
        )
        client = Client(self, self.ports[4040])
        for number in range(50):
            client.send(b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % number)
            client.read_until(b"\r\n\r\n")
        self.row("/49")
        self.until(self.wire, lambda: self.wire.execute_script("return said.length"))
        self.assertLess(self.wire.execute_script("return said.length"), 4)

    def test_page_fits_a_phone(self) -> None:
        self.shown_on(self.wire, PHONE)
        ask(self.ports[4040], target="/" + "long" * 100)
        self.chosen("/long")
        width = self.wire.execute_script("return document.documentElement.scrollWidth")
        self.assertEqual(width, 360)
        self.shown_on(self.wire, DESKTOP)


class LaboratoryTests(LaboratoryCase):
    """At ``/try/``."""

    def test_axe_finds_nothing_in_light_and_dark(self) -> None:
        self.is_fit_for_everybody(self.lab, "at first")
        self.one(self.lab, "#broken button").click()
        self.expect("200")
        self.sent()
        for button in self.every(self.lab, ".message button"):
            if button.is_displayed():
                button.click()
        self.one(self.lab, ".from-client .k-method").click()
        self.is_fit_for_everybody(self.lab, "with an answer")
        self.raw("GET / \\q")
        self.is_fit_for_everybody(self.lab, "with a mistake")

    def test_request_is_written_and_sent_with_keys_only(self) -> None:
        self.choose_server("thinker")
        method = self.one(self.lab, "[name=method]")
        method.send_keys(Keys.CONTROL, "a")
        method.send_keys("GET", Keys.TAB)
        active = self.lab.switch_to.active_element
        self.assertEqual(active.get_dom_attribute("name"), "target")
        active.send_keys(Keys.CONTROL, "a")
        active.send_keys("/?q=5")
        self.one(self.lab, "#expected").send_keys("200", Keys.TAB, Keys.ENTER)
        self.until(self.lab, lambda: "As you expected: 200." in self.said())
        heading = self.lab.switch_to.active_element
        self.assertEqual(heading.text, "4. What came of it")

    def test_page_fits_a_phone(self) -> None:
        self.shown_on(self.lab, PHONE)
        self.raw("GET /" + "long" * 100 + " HTTP/1.1\nHost: localhost\n\n")
        self.sent()
        width = self.lab.execute_script("return document.documentElement.scrollWidth")
        self.assertEqual(width, 360)


class WithoutScriptTests(WirePageCase):
    """Scripts are turned off."""

    def test_without_script_the_page_leads_to_the_list(self) -> None:
        ask(self.ports[4040], target="/seen")
        plain = self.tab(scripts=False)
        self.open(plain, "/wire/")
        plain.find_element(By.LINK_TEXT, "a list of the exchanges").click()
        self.until(plain, lambda: "/wire/list" in plain.current_url)
        self.assertIn("/seen", plain.find_element(By.TAG_NAME, "body").text)

    def test_without_script_the_laboratory_says_what_to_do(self) -> None:
        plain = self.tab(scripts=False)
        self.open(plain, "/try/")
        self.assertIn("needs scripts", plain.find_element(By.TAG_NAME, "body").text)

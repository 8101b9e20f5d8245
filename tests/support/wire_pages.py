"""
The pages ``/wire/`` and ``/try/`` of a running tutorial, in a browser.
"""

from __future__ import annotations

import atexit
import json
import shutil
import socket
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from selenium.common.exceptions import NoSuchElementException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from .axe import COLOUR_RULES, violations
from .browsing import a_browser, an_empty_tab, needed
from .harness import IN_FULL, PATIENCE, TWISTD, Case, Daemon, ask

PORTS = (4040, 4041, 4042, 4044, 4046, 4047, 4048, 4049, 8080)
"""Where the servers of the tutorial listen by themselves, in their order."""

DESKTOP: dict[str, Any] = {
    "width": 1360,
    "height": 900,
    "deviceScaleFactor": 1,
    "mobile": False,
}
PHONE: dict[str, Any] = {
    "width": 360,
    "height": 780,
    "deviceScaleFactor": 2,
    "mobile": True,
}


TUTORIAL = ("tutorial", "--port", "0", "--store", "data")


def ports_of(tutorial: Daemon) -> dict[int, int]:
    """Wait for *tutorial*; where each server listens, by where it listens by itself."""
    return {port: tutorial.ready().port for port in PORTS}


END_TRANSITIONS = """
for (const each of document.getAnimations()) {
  try { each.finish() } catch { each.cancel() }
}
"""
"""Ends what changes colours little by little: until then they are of no scheme."""

TEXTS = """
return [...document.querySelectorAll(arguments[0])].map(each => each.textContent)
"""
"""The texts of all elements that a selector finds."""


class SharedTutorials:
    """
    A tutorial for each set of options, until all tests have run; if a test stops it,
    the next has a new one.
    """

    def __init__(self) -> None:
        self._running: dict[tuple[str, ...], tuple[Daemon, dict[int, int]]] = {}

    def tutorial(self, options: tuple[str, ...]) -> tuple[Daemon, dict[int, int]]:
        """The one with *options*, and its ports."""
        found = self._running.get(options)
        if found is None or found[0].stopped:
            folder = Path(tempfile.mkdtemp())
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            daemon = Daemon(folder, folder, *TWISTD, *TUTORIAL, *options)
            atexit.register(daemon.stderr.close)
            atexit.register(daemon.stop)
            found = self._running[options] = daemon, ports_of(daemon)
        return found

    def is_fine(self, case: Case) -> None:
        """See that none has failed while *case* ran."""
        for daemon, _ in self._running.values():
            case.assertEqual(daemon.errors(), "")
            case.assertTrue(daemon.stopped or daemon.process.poll() is None)


SHARED = SharedTutorials()


class WirePageCase(Case):
    """
    A person at one of the pages.

    The servers listen where the system lets them.

    :cvar options: further options of the tutorial.
    :cvar shares_tutorial: whether the tests share the servers, for those that do not
        mind what was asked before: see `SharedTutorials`.
    :cvar shared_names: names of other sites that lead to this machine.
    """

    options: tuple[str, ...] = ()
    shares_tutorial = False
    shared_names: tuple[str, ...] = ()

    def setUp(self) -> None:
        super().setUp()
        needed("the pages /wire/ and /try/")
        if self.shares_tutorial:
            self.tutorial, self.ports = SHARED.tutorial(self.options)
            self.addCleanup(SHARED.is_fine, self)
        else:
            self.tutorial = self.daemon(*TUTORIAL, *self.options)
            self.ports = ports_of(self.tutorial)
        self.pages = f"http://localhost:{self.ports[8080]}"

    def tab(self, *, scripts: bool = True) -> Any:
        """
        A tab of the browser that the tests share.

        :param scripts: whether it runs the scripts of pages.
        """
        rules = ",".join(f"MAP {name} 127.0.0.1" for name in self.shared_names)
        arguments = [f"--host-resolver-rules={rules}"] * bool(rules)
        browser = an_empty_tab(*arguments, scripts=scripts)
        self.shown_on(browser, DESKTOP)
        return browser

    def browser(self, *arguments: str, first_rule: str = "") -> Any:
        """
        A browser of this test's own, in which the pages' links to the ports of the
        tutorial lead to the servers; *first_rule* says where other names lead, or the
        same ones.
        """
        mapped = [first_rule] * bool(first_rule)
        mapped += [
            f"MAP localhost:{page} localhost:{real}"
            for page, real in self.ports.items()
        ]
        joined = f"--host-resolver-rules={','.join(mapped)}"
        browser = a_browser(self, joined, *arguments)
        self.shown_on(browser, DESKTOP)
        return browser

    def shown_on(self, browser: Any, screen: dict[str, Any], scheme: str = "") -> None:
        """Show pages on a *screen*, in a *scheme* of colours: light or dark."""
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        features = [{"name": "prefers-reduced-motion", "value": "reduce"}]
        features += [{"name": "prefers-color-scheme", "value": scheme or "light"}]
        wanted = {"features": features}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", wanted)

    def open(self, browser: Any, path: str) -> None:
        """Go to the page *path*."""
        browser.get(self.pages + path)

    def until(self, browser: Any, condition: Callable[[], object]) -> Any:
        """Wait until *condition* holds; what is drawn anew meanwhile is no fault."""
        wait = WebDriverWait(browser, PATIENCE, 0.03, (WebDriverException,))
        return wait.until(lambda _: condition())

    def one(self, browser: Any, selector: str) -> Any:
        """The first element that *selector* finds."""
        return browser.find_element(By.CSS_SELECTOR, selector)

    def every(self, browser: Any, selector: str) -> list[Any]:
        """All elements that *selector* finds."""
        found: list[Any] = browser.find_elements(By.CSS_SELECTOR, selector)
        return found

    def texts(self, browser: Any, selector: str) -> list[str]:
        """
        The texts of all elements that *selector* finds, shown or not, at one moment: a
        page that is live may draw them anew between two questions.
        """
        found: list[str] = browser.execute_script(TEXTS, selector)
        return found

    def text(self, browser: Any, selector: str) -> str:
        """The text of the first element that *selector* finds, shown or not."""
        found = self.texts(browser, selector)
        if not found:
            raise NoSuchElementException(selector)
        return found[0]

    def is_fit_for_everybody(self, browser: Any, what: str) -> None:
        """
        See that axe-core finds nothing wrong in light and dark, big and small. Only
        colours differ between light and dark, and they are the same on any screen:
        to look at them takes most of the time.
        """
        for scheme, screen, rules, left_out in (
            ("light", DESKTOP, (), ()),
            ("light", PHONE, (), () if IN_FULL else COLOUR_RULES),
            ("dark", DESKTOP, COLOUR_RULES, ()),
        ):
            self.shown_on(browser, screen, scheme)
            browser.execute_script(END_TRANSITIONS)
            width = screen["width"]
            wrong = violations(browser, rules, left_out)
            self.assertEqual(wrong, [], f"{what}, {scheme}, {width}")
            shown = browser.execute_script("return document.body.scrollWidth")
            self.assertLessEqual(shown, width, f"{what} is too wide")
        self.shown_on(browser, DESKTOP)

    def nothing_was_refused(self, browser: Any) -> None:
        """See that the browser complains of nothing: no script, no style, no file."""
        said = [entry["message"] for entry in browser.get_log("browser")]
        self.assertEqual([line for line in said if "favicon" not in line], [])


class WireViewCase(WirePageCase):
    """
    A person at ``/wire/``, which is open and live.

    :ivar asked_before: the number of the last exchange that is another test's.
    """

    def setUp(self) -> None:
        super().setUp()
        kept = json.loads(ask(self.ports[8080], target="/wire/exchanges.json").body)
        self.asked_before = max((one["id"] for one in kept["exchanges"]), default=-1)
        self.wire = self.tab()
        self.open(self.wire, "/wire/")
        self.until(self.wire, lambda: self.text(self.wire, "#state") == "Live")

    def rows(self) -> list[str]:
        """The exchanges that are listed, the newest first."""
        rows = self.texts(self.wire, "#list > li")
        return [" ".join(row.split()) for row in rows]

    def row(self, text: str) -> Any:
        """Wait for the newest exchange of this test's with *text* in its line."""

        def found() -> Any:
            for row in self.every(self.wire, "#list > li"):
                if text in row.get_property("textContent"):
                    number = int(row.get_dom_attribute("data-exchange"))
                    return row if number > self.asked_before else None
            return None

        return self.until(self.wire, found)

    def chosen(self, text: str) -> None:
        """Click the exchange with *text* in its line, and wait for it to be shown."""

        def clicked() -> str:
            # A newer one may come, and stand above it, between two looks.
            row = self.row(text)
            row.click()
            number: str = row.get_dom_attribute("data-exchange")
            return number

        number = self.until(self.wire, clicked)
        self.until(
            self.wire,
            lambda: self.text(self.wire, "#details h2 .number").strip() == number,
        )

    def message(self, who: str) -> str:
        """The text of the request (client) or response (server) that is shown."""
        return self.text(self.wire, f".from-{who} .parts")

    def panel(self, title: str) -> str:
        """The text of the panel with that *title*."""
        for panel in self.every(self.wire, ".panel"):
            if panel.find_element(By.TAG_NAME, "h3").text == title:
                text: str = panel.text
                return text
        self.fail(f"no panel {title!r}")

    def active(self) -> Any:
        return self.wire.switch_to.active_element

    def explained(self) -> str:
        text: str = self.one(self.wire, "#explanation").text
        return text

    def blocks(self) -> dict[str, dict[str, float]]:
        """Where the exchanges are on the lines of time, by their targets."""
        script = """
        return [...document.querySelectorAll(".block")].map((block) => {
          const {left, right, top, bottom} = block.getBoundingClientRect();
          const lane = block.parentElement.getBoundingClientRect();
          return [block.querySelector(".asked").textContent,
                  {left, right, top, bottom, lane: lane.top}];
        });"""
        return dict(self.wire.execute_script(script))


class LaboratoryCase(WirePageCase):
    """A person at ``/try/``, where nothing was sent before."""

    shares_tutorial = True

    def setUp(self) -> None:
        super().setUp()
        origin = {"Origin": self.pages, "Content-Type": "application/json"}
        port = self.ports[8080]
        fields = origin | {"Host": f"localhost:{port}"}
        self.assertEqual(ask(port, "POST", "/try/reset", "{}", fields).code, 200)
        self.lab = self.tab()
        self.open(self.lab, "/try/")
        self.until(self.lab, lambda: self.every(self.lab, "#broken button"))

    def choose_server(self, name: str) -> None:
        """Pick the server *name*."""
        Select(self.one(self.lab, "#server")).select_by_value(name)

    def preset(self, number: int = 0) -> None:
        """Choose one of the server's requests."""
        self.every(self.lab, "#presets button")[number].click()

    def raw(self, text: str | None = None) -> str:
        """What stands in the field of bytes; *text* is put there first."""
        field = self.one(self.lab, "#raw")
        if text is not None:
            self.lab.execute_script(
                """arguments[0].value = arguments[1];
                arguments[0].dispatchEvent(new Event("input", {bubbles: true}));""",
                field,
                text,
            )
        found: str = field.get_property("value")
        return found

    def expect(self, value: str) -> None:
        """Say that the status code *value* is expected."""
        Select(self.one(self.lab, "#expected")).select_by_value(value)

    def said(self) -> str:
        """What the page has said last."""
        return self.text(self.lab, "#said")

    def sent(self) -> str:
        """Send; return what the page says of it."""
        self.one(self.lab, "#send").click()
        self.until(self.lab, lambda: "answer:" in self.said())
        return self.said()

    def answers(self) -> list[str]:
        """The text of each response."""
        return self.texts(self.lab, ".from-server .parts")


class Client:
    """A client that sends what it is told, on one connection."""

    def __init__(self, case: Case, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        case.addCleanup(self.socket.close)

    @property
    def port(self) -> int:
        """Its own port."""
        port: int = self.socket.getsockname()[1]
        return port

    def send(self, data: bytes) -> None:
        """Send *data*."""
        self.socket.sendall(data)

    def read_until(self, end: bytes) -> bytes:
        """Read until *end* has come."""
        data = b""
        while end not in data:
            more = self.socket.recv(65536)
            assert more, f"the connection ended without {end!r}: {data!r}"
            data += more
        return data

    def read_all(self) -> bytes:
        """Read until the server closes the connection."""
        data = b""
        with suppress(ConnectionResetError):
            while more := self.socket.recv(65536):
                data += more
        return data

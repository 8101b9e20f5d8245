"""
Pages of other sites that try to read the view of the wire, in a real browser.
"""

from __future__ import annotations

import json
from typing import Any

from dartio_tut.servers.lessons import LESSONS

from .support.browsing import a_browser, needed
from .support.harness import PATIENCE, Case, Daemon, ask

TRIES = """
const [url, done] = arguments;
const first = (...ways) => Promise.race(
    [...ways, new Promise(end => setTimeout(end, 5000, "no answer"))]);
const read = mode => fetch(url + "exchanges.json", {mode, credentials: "include"})
    .then(answer => answer.text()).catch(() => "refused");
const events = new Promise(end => {
    const source = new EventSource(url + "events");
    source.onopen = () => end("opened");
    source.onmessage = event => end(event.data);
    source.onerror = () => { source.close(); end("refused"); };
});
const element = (name, address) => new Promise(end => {
    const made = document.createElement(name);
    made.onload = () => {
        let text = "loaded";
        try { text = made.contentDocument.body.textContent; } catch (error) {}
        end(text);
    };
    made.onerror = () => end("refused");
    try { made[name === "link" ? "href" : "src"] = address; }
    catch (error) { end("refused"); }
    made.rel = "stylesheet";
    document.head.append(made);
});
(async () => done({
    cors: await first(read("cors")),
    "no-cors": await first(read("no-cors")),
    events: await first(events),
    script: await first(element("script", url + "exchanges.json")),
    link: await first(element("link", url + "assets/list.css")),
    image: await first(element("img", url + "list")),
    frame: await first(element("iframe", url + "list")),
}))();
"""
"""Every way that a page has to read something of another site."""

REFUSED = ("refused", "no answer", "")
"""What comes of a try that fails; a page that is refused leaves an empty frame."""


class HostilePageTests(Case):
    """What other pages get of the view."""

    def setUp(self) -> None:
        super().setUp()
        needed("that other sites cannot read the view of the wire")
        (self.here / "www").mkdir()
        (self.here / "www" / "page.html").write_text("<!DOCTYPE html><title>x</title>")
        self.tutorial = self.daemon("tutorial", "--port", "0", "--store", "data")
        ports = [self.tutorial.ready().port for _ in LESSONS]
        self.hello, self.pages = ports[0], ports[-1]
        self.other: Daemon = self.serve("static", "--root", "www")
        ask(self.hello, target="/private")
        # As a site does that has its name lead to this machine.
        self.browser = a_browser(
            self, "--host-resolver-rules=MAP evil.example 127.0.0.1"
        )
        self.browser.set_script_timeout(PATIENCE * 2)

    def tries(self, page: str) -> dict[str, Any]:
        """What a *page* gets that tries every way to read the view."""
        self.browser.get(page)
        url = f"http://localhost:{self.pages}/wire/"
        found: dict[str, Any] = self.browser.execute_async_script(TRIES, url)
        return found

    def assert_nothing_read(self, page: str) -> None:
        """A *page* of another site gets nothing, whatever it tries."""
        found = self.tries(page)
        self.assertEqual(len(found), 7)
        for way, got in found.items():
            self.assertNotIn("private", got, (page, way))
            if way != "frame":  # an error page of the browser is loaded, too
                self.assertIn(got, REFUSED, (page, way))

    def text(self, url: str) -> str:
        """The text of the page at *url*."""
        self.browser.get(url)
        text: str = self.browser.find_element("tag name", "body").text
        return text

    def test_nobody_else_can_read_it(self) -> None:
        port = self.other.port
        self.assert_nothing_read(f"http://evil.example:{port}/page.html")
        self.assert_nothing_read(f"http://localhost:{port}/page.html")
        for page in ("", "list", "exchanges.json", "exchanges/1.json"):
            said = self.text(f"http://evil.example:{self.pages}/wire/{page}")
            self.assertIn("does not answer for the host evil.example", said)
            self.assertNotIn("private", said)
        self.browser.get(f"http://evil.example:{port}/page.html")
        self.browser.execute_script(
            "location.href = arguments[0]", f"http://localhost:{self.pages}/wire/list"
        )
        self.assertNotIn("private", self.browser.page_source)

    def test_a_person_can_read_it(self) -> None:
        listed = self.text(f"http://localhost:{self.pages}/wire/list")
        self.assertIn("GET /private", listed)
        found = self.browser.execute_async_script(
            "const done = arguments[0];"
            "fetch('exchanges.json').then(answer => answer.text()).then(done)"
        )
        (one,) = [
            one for one in json.loads(found)["exchanges"] if one["server"] == "hello"
        ]
        self.assertEqual(one["program"]["uri"], "/private")
        # What hostile pages try works where it may.
        tried = self.tries(f"http://localhost:{self.pages}/wire/list")
        self.assertIn("private", tried["cors"])
        self.assertIn("private", tried["no-cors"])
        self.assertEqual((tried["events"], tried["link"]), ("opened", "loaded"))
        self.browser.get_log("browser")  # which tells of the tries that may not work
        page = self.text(f"http://localhost:{self.pages}/wire/exchanges/{one['id']}")
        self.assertIn("␍␊", page)
        faults = [
            entry
            for entry in self.browser.get_log("browser")
            if "favicon" not in entry["message"]
        ]
        self.assertEqual(faults, [])

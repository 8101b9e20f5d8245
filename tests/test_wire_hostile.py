"""
Pages of others that try to read ``/wire/`` or to use ``/try/``, in a real browser: they
get nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from .support.harness import PATIENCE, ask
from .support.wire_pages import WirePageCase

SECRET = "/what-nobody-else-may-read"

TRIES = """
const [url, done] = arguments;
const first = (...ways) => Promise.race(
    [...ways, new Promise(end => setTimeout(end, 5000, "no answer"))]);
const read = options => fetch(url + "exchanges.json", options)
    .then(answer => answer.text()).catch(() => "refused");
const events = new Promise(end => {
    const source = new EventSource(url + "events");
    source.onopen = () => end("opened");
    source.onmessage = event => end(event.data);
    source.addEventListener("exchange", event => end(event.data));
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
    "without credentials": await first(read({})),
    cors: await first(read({mode: "cors", credentials: "include"})),
    "no-cors": await first(read({mode: "no-cors", credentials: "include"})),
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

READ = """
const [url, done] = arguments;
fetch(url).then(
  async (answer) => done([answer.status, answer.ok ? "read" : await answer.text()]),
  (fault) => done([0, String(fault)]));
"""

SEND = """
const [url, done] = arguments;
const note = JSON.stringify({myNote: "evil"});
const request = ["POST / HTTP/1.1", "Host: localhost", "Content-Type: application/json",
  `Content-Length: ${note.length}`, "", note].join("\\r\\n");
const body = JSON.stringify({server: "notes", base64: btoa(request)});
const send = (mode, type) =>
  fetch(url, {method: "POST", body, mode, headers: {"Content-Type": type}}).then(
    async (answer) => `${answer.type} ${answer.status} ${await answer.text()}`,
    () => "refused");
Promise.all([
  send("cors", "application/json"), send("cors", "text/plain"),
  send("no-cors", "text/plain"),
]).then(done);
"""


class Elsewhere:
    """A server of somebody else's, with an empty page."""

    def __init__(self) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = b"<!DOCTYPE html><title>Elsewhere</title><body>"
                self.send_response_only(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class HostilePageTests(WirePageCase):
    """Somebody has the tutorial running, and visits a page that means harm."""

    shares_tutorial = True
    # The pages of the tutorial answer to this name, but not those that show the wire.
    options = ("--allow-host", "rebound.example")
    shared_names = ("evil.example", "rebound.example")

    def setUp(self) -> None:
        super().setUp()
        ask(self.ports[4040], target=SECRET)
        elsewhere = Elsewhere()
        self.addCleanup(elsewhere.close)
        self.elsewhere = elsewhere.port
        self.visitor = self.tab()
        self.visitor.set_script_timeout(PATIENCE * 2)

    def origins(self) -> Iterator[str]:
        """Where a page of others may come from: another port, another site."""
        yield f"http://localhost:{self.elsewhere}"
        yield f"http://127.0.0.1:{self.elsewhere}"
        yield f"http://evil.example:{self.elsewhere}"

    def tries(self, place: str) -> dict[str, str]:
        """What the page that is shown gets if it tries every way to read *place*."""
        found: dict[str, str] = self.visitor.execute_async_script(TRIES, place)
        self.assertEqual(len(found), 8)
        return found

    def page_text(self, url: str) -> str:
        """The text of the page at *url*."""
        self.visitor.get(url)
        return self.text(self.visitor, "body")

    def test_page_of_another_origin_gets_nothing(self) -> None:
        for origin in self.origins():
            for host in ("localhost", "127.0.0.1"):
                self.visitor.get(origin)
                found = self.tries(f"http://{host}:{self.ports[8080]}/wire/")
                for way, got in found.items():
                    self.assertNotIn(SECRET, got, (origin, host, way))
                    if way != "frame":  # an error page of the browser is loaded, too
                        self.assertIn(got, REFUSED, (origin, host, way))

    def test_what_hostile_pages_try_works_where_it_may(self) -> None:
        self.open(self.visitor, "/wire/list")
        tried = self.tries(self.pages + "/wire/")
        for way in ("without credentials", "cors", "no-cors"):
            self.assertIn(SECRET, tried[way], way)
        self.assertEqual((tried["events"], tried["link"]), ("opened", "loaded"))
        self.visitor.execute_script(
            """new EventSource("/wire/events").addEventListener(
              "exchange", (event) => { window.got = event.data; });"""
        )

        def got() -> Any:
            # Each would be an event that is read.
            ask(self.ports[4040], target=SECRET)
            return self.visitor.execute_script("return window.got")

        self.assertEqual(json.loads(self.until(self.visitor, got))["server"], "hello")

    def test_person_can_read_it(self) -> None:
        listed = self.page_text(self.pages + "/wire/list")
        self.assertIn(f"GET {SECRET}", listed)
        found = self.visitor.execute_async_script(
            "const done = arguments[0];"
            "fetch('exchanges.json').then(answer => answer.text()).then(done)"
        )
        one = json.loads(found)["exchanges"][-1]
        self.assertEqual((one["server"], one["program"]["uri"]), ("hello", SECRET))
        page = self.page_text(f"{self.pages}/wire/exchanges/{one['id']}")
        self.assertIn("␍␊", page)
        self.nothing_was_refused(self.visitor)

    def test_name_that_leads_here_gets_nothing(self) -> None:
        port = self.ports[8080]
        for page in ("", "list", "exchanges.json", "exchanges/1.json"):
            said = self.page_text(f"http://evil.example:{port}/wire/{page}")
            self.assertIn("does not answer for the host evil.example", said)
            self.assertNotIn(SECRET, said)

    def test_link_of_another_site_leads_to_nothing(self) -> None:
        self.visitor.get(f"http://evil.example:{self.elsewhere}")
        self.visitor.execute_script(
            "location.href = arguments[0]", self.pages + "/wire/list"
        )
        self.until(self.visitor, lambda: self.pages in self.visitor.current_url)
        said = self.text(self.visitor, "body")
        self.assertIn("does not answer what another site", said)
        self.assertNotIn(SECRET, self.visitor.page_source)

    def test_name_that_is_led_here_afterwards_gets_nothing(self) -> None:
        # DNS rebinding: for the browser, page and servers have the same origin.
        place = f"http://rebound.example:{self.ports[8080]}"
        self.visitor.get(place)
        self.assertIn("HTTP clients and servers", self.visitor.title)
        self.visitor.get(place + "/wire/")
        self.assertNotIn(SECRET, self.visitor.page_source)
        for path in ("exchanges.json", "events", "list", "", "assets/wire.js"):
            answer = self.visitor.execute_async_script(READ, f"{place}/wire/{path}")
            self.assertIn(answer[0], (403, 421), (path, answer))
            self.assertNotIn(SECRET, answer[1])

    def test_page_of_another_origin_cannot_send(self) -> None:
        place = self.pages + "/try/send"
        for origin in self.origins():
            self.visitor.get(origin)
            found = self.visitor.execute_async_script(SEND, place)
            self.assertLessEqual(set(found), {"refused", "opaque 0 "}, origin)
        # A page of ours can, so the tries can succeed; it is the first that does.
        self.open(self.visitor, "/try/")
        answer = self.visitor.execute_async_script(SEND, place)[0]
        kind, status, text = answer.split(" ", 2)
        self.assertEqual((kind, status), ("basic", "200"), text)
        self.assertEqual(json.loads(text)["stored"]["total"], 1)

    def test_nothing_may_frame_the_pages(self) -> None:
        for path in ("/wire/", "/wire/list", "/try/"):
            self.visitor.get(f"http://localhost:{self.elsewhere}")
            self.visitor.execute_script(
                """const frame = document.createElement("iframe");
                frame.src = arguments[0];
                frame.addEventListener("load", () => { window.loaded = true; });
                document.body.append(frame);""",
                self.pages + path,
            )
            self.until(
                self.visitor,
                lambda: self.visitor.execute_script("return window.loaded"),
            )
            self.visitor.switch_to.frame(0)
            self.assertNotIn(self.pages + path, self.visitor.current_url or "")
            shown = self.visitor.execute_script("return document.title")
            self.assertNotIn(shown, ("The wire", "The laboratory"))
            self.visitor.switch_to.default_content()

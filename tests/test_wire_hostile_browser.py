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

from .support.harness import ask
from .support.wire_pages import WirePageCase

SECRET = "/what-nobody-else-may-read"

TRIES = """
// Tries to read what is at *place*; window.got has what came of each way.
window.got = {};
const place = arguments[0];
async function read(name, options) {
  try {
    const answer = await fetch(place + "exchanges.json", options);
    got[name] = `${answer.type} ${await answer.text()}`;
  } catch { got[name] = "refused"; }
}
read("fetch", {});
read("fetch with credentials", {credentials: "include"});
read("opaque fetch", {mode: "no-cors"});
const events = new EventSource(place + "events");
events.addEventListener("exchange", (event) => { got.events = event.data; });
events.addEventListener("error", () => { got.events ??= "refused"; });
const script = document.createElement("script");
script.addEventListener("load", () => { got.script = "ran, and gave nothing"; });
script.addEventListener("error", () => { got.script = "refused"; });
script.src = place + "exchanges.json";
document.head.append(script);
const frame = document.createElement("iframe");
frame.addEventListener("load", () => {
  try { got.frame = frame.contentDocument?.body?.textContent ?? "refused"; }
  catch { got.frame = "refused"; }
});
frame.src = place + "list";
document.body.append(frame);
"""

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

WAYS = {
    "fetch", "fetch with credentials", "opaque fetch", "events", "script", "frame",
}  # fmt: skip


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

    # The pages of the tutorial answer to this name, but not those that show the wire.
    options = ("--allow-host", "rebound.example")

    def setUp(self) -> None:
        super().setUp()
        ask(self.ports[4040], target=SECRET)
        elsewhere = Elsewhere()
        self.addCleanup(elsewhere.close)
        self.elsewhere = elsewhere.port
        rules = "MAP evil.example 127.0.0.1,MAP rebound.example 127.0.0.1"
        self.visitor = self.browser(first_rule=rules)

    def origins(self) -> Iterator[str]:
        """Where a page of others may come from: another port, another site."""
        yield f"http://localhost:{self.elsewhere}"
        yield f"http://127.0.0.1:{self.elsewhere}"
        yield f"http://evil.example:{self.elsewhere}"

    def got(self, place: str) -> dict[str, str]:
        """Try to read *place* from the page that is shown; what came of each way."""
        self.visitor.execute_script(TRIES, place)

        def everything() -> dict[str, str] | None:
            # Each event would be one that is read.
            ask(self.ports[4040], target=SECRET)
            found: dict[str, str] = self.visitor.execute_script("return window.got")
            return found if found.keys() >= WAYS else None

        found: dict[str, str] = self.until(self.visitor, everything)
        return found

    def test_page_of_ours_can_read_so_the_tries_can_succeed(self) -> None:
        self.open(self.visitor, "/wire/list")
        self.visitor.execute_script(
            """window.got = {};
            fetch("/wire/exchanges.json").then((answer) => answer.text())
              .then((text) => { got.fetch = text; });
            new EventSource("/wire/events").addEventListener(
              "exchange", (event) => { got.events = event.data; });"""
        )

        def both() -> bool:
            ask(self.ports[4040], target=SECRET)
            found = self.visitor.execute_script("return window.got")
            return {"fetch", "events"} <= set(found)

        self.until(self.visitor, both)
        found = self.visitor.execute_script("return window.got")
        self.assertIn('"server"', found["fetch"])
        self.assertIn('"server"', found["events"])

    def test_page_of_another_origin_gets_nothing(self) -> None:
        for origin in self.origins():
            for host in ("localhost", "127.0.0.1"):
                self.visitor.get(origin)
                found = self.got(f"http://{host}:{self.ports[8080]}/wire/")
                for way, text in found.items():
                    allowed = ("refused", "opaque ", "ran, and gave nothing", "")
                    self.assertIn(text, allowed, (origin, host, way))

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

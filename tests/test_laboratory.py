"""
The laboratory of a running tutorial: who may use it, and what it leaves alone.
"""

from __future__ import annotations

import json
import os
import time
from base64 import b64decode, b64encode
from typing import Any

from dartio_tut.servers.lessons import LESSONS

from .support.harness import Case, ask

NOTE = b"""POST / HTTP/1.1\r
Host: a\r
Content-Type: application/json\r
Content-Length: 22\r
\r
{"myNote": "Buy milk"}"""


class LaboratoryTests(Case):
    """A running tutorial."""

    def begin(self, *options: str) -> None:
        """Start the tutorial with *options*."""
        (self.here / "www").mkdir()
        tutorial = self.daemon(
            "tutorial", "--port", "0", "--store", "data", "--root", "www", *options
        )
        ports = [tutorial.ready().port for _ in LESSONS]
        names = [lesson.name for lesson in LESSONS]
        self.ports = dict(zip(names, ports, strict=True))
        self.pages = self.ports["pages"]

    def post(self, target: str, body: Any, **fields: str) -> Any:
        """POST *body* as the page does, but for *fields*."""
        own = {
            "Content-Type": "application/json",
            "Origin": f"http://127.0.0.1:{self.pages}",
            "Sec-Fetch-Site": "same-origin",
        }
        given = own | {name.replace("_", "-"): value for name, value in fields.items()}
        wanted = {name: value for name, value in given.items() if value}
        return ask(self.pages, "POST", target, json.dumps(body), wanted)

    def asked(self, raw: bytes, server: str) -> dict[str, str]:
        """What the page sends for a try."""
        return {"server": server, "base64": b64encode(raw).decode()}

    def test_a_try_reaches_no_server_and_no_disk(self) -> None:
        self.begin()
        kept_in = self.here / "data" / "notes"
        before = sorted(os.walk(kept_in))
        for number in (1, 2):
            response = self.post("/try/send", self.asked(NOTE, "notes"))
            self.assertEqual(response.code, 200, response.body)
            told = json.loads(response.body)
            self.assertEqual(told["stored"]["total"], number)
            (made,) = told["exchanges"]
            answer = b64decode(made["response"]["base64"])
            self.assertTrue(answer.endswith(b"You have %d notes.\n" % number), answer)
            url = f"http://localhost:{self.ports['notes']}/"
            self.assertIn(url, made["copies"]["curl"])
        self.assertEqual(sorted(os.walk(kept_in)), before)
        kept = json.loads(ask(self.pages, target="/wire/exchanges.json").body)
        self.assertEqual(kept["exchanges"], [])
        fields = {"Content-Type": "application/json"}
        real = ask(self.ports["notes"], "POST", "/", '{"myNote": "x"}', fields)
        self.assertEqual(real.body, b"You have 1 notes.\n")

    def test_waiting_for_a_minute_takes_no_time(self) -> None:
        self.begin()
        began = time.monotonic()
        told = json.loads(
            self.post("/try/send", self.asked(b"GET / HTTP/1.1\r\n", "hello")).body
        )
        self.assertEqual(told["exchanges"][0]["first_byte"], 20)
        self.assertLess(time.monotonic() - began, 15)

    def test_pages_of_other_sites_cannot_use_it(self) -> None:
        self.begin()
        for target, body in (
            ("/try/send", self.asked(NOTE, "notes")),
            ("/try/reset", {}),
        ):
            for fields, code in (
                ({"Origin": "http://evil.example"}, 403),
                ({"Origin": "null"}, 403),
                ({"Origin": ""}, 403),
                ({"Origin": f"http://127.0.0.1:{self.ports['static']}"}, 403),
                ({"Sec_Fetch_Site": "cross-site"}, 403),
                ({"Sec_Fetch_Site": "same-site"}, 403),
                ({"Host": "evil.example"}, 421),
                ({"Content_Type": "text/plain"}, 415),
                ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
                ({}, 200),
            ):
                response = self.post(target, body, **fields)
                self.assertEqual(response.code, code, fields)
                self.assertNotIn("access-control-allow-origin", response.fields)
        for target in ("/try/servers.json", "/try/broken.json", "/try/"):
            evil = {"Sec-Fetch-Site": "cross-site"}
            self.assertEqual(ask(self.pages, target=target, fields=evil).code, 403)

    def test_without_the_view_there_is_no_laboratory(self) -> None:
        self.begin("--no-wire")
        for target in ("/try/", "/try/servers.json"):
            self.assertEqual(ask(self.pages, target=target).code, 404)
        response = self.post("/try/send", self.asked(NOTE, "notes"))
        self.assertIn(response.code, (404, 405))

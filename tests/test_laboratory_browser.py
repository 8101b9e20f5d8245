"""
The page ``/try/`` in a real browser, headless: any bytes can be sent, and their answer
is taken apart.
"""

from __future__ import annotations

import json
import random
from base64 import b64decode, b64encode

from selenium.webdriver.support.ui import Select

from .support.harness import ask
from .support.wire_pages import LaboratoryCase

REQUEST = "POST / HTTP/1.1\nHost: localhost\nContent-Length: 4\n\nMilk"

ROUND_TRIPS = """
const [given, done] = arguments;
Promise.all([import("/try/assets/raw.js"), import("/try/assets/bytes.js")]).then(
  ([{read, written}, {fromBase64, toBase64}]) => {
    // A field of text may change line ends: what it holds is what counts.
    const field = document.createElement("textarea");
    done(given.map((one) => {
      field.value = written(fromBase64(one));
      return [field.value, toBase64(read(field.value))];
    }));
  }, (fault) => done(String(fault)));
"""


class WritingTests(LaboratoryCase):
    """The form and the bytes: each follows the other."""

    def field(self, name: str) -> str:
        found: str = self.one(self.lab, f"#form [name={name}]").get_property("value")
        return found

    def fields(self) -> list[tuple[str, str]]:
        inputs = self.every(self.lab, "#fields input")
        values = [one.get_property("value") for one in inputs]
        return list(zip(values[::2], values[1::2], strict=True))

    def test_form_follows_the_bytes(self) -> None:
        self.raw(REQUEST)
        self.assertEqual((self.field("method"), self.field("target")), ("POST", "/"))
        self.assertEqual(
            self.fields(), [("Host", "localhost"), ("Content-Length", "4")]
        )
        self.assertEqual(self.field("body"), "Milk")
        self.assertEqual(self.text(self.lab, "#raw-length"), "59 bytes")

    def test_bytes_follow_the_form_and_the_length_is_counted(self) -> None:
        self.raw(REQUEST)
        body = self.one(self.lab, "#form [name=body]")
        body.send_keys(" ☃")
        self.assertTrue(self.raw().endswith("Content-Length: 8\n\nMilk ☃"))
        self.assertEqual(self.fields()[1], ("Content-Length", "8"))
        self.one(self.lab, "#add-field").click()
        active = self.lab.switch_to.active_element
        active.send_keys("X-New")
        self.assertIn("\nX-New:\n", self.raw())
        self.one(self.lab, "#form [name=counts]").click()
        body.send_keys("!")
        self.assertTrue(self.raw().endswith("Content-Length: 8\nX-New:\n\nMilk ☃!"))

    def test_wrong_length_that_was_typed_is_kept(self) -> None:
        self.raw(REQUEST.replace("4", "9"))
        self.one(self.lab, "#form [name=target]").send_keys("x")
        self.assertIn("POST /x HTTP/1.1", self.raw())
        self.assertIn("Content-Length: 9", self.raw())

    def test_bytes_that_are_no_request_turn_the_form_off(self) -> None:
        parts = self.one(self.lab, "#form-parts")
        for text in (
            "GET / HTTP/1.1\\n\nHost: localhost\\n\n\\n\n", "GET / HTTP/1.1",
            "GET  / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\nHost : a\n\n",
            "GET / HTTP/1.1\nHost: a\n b\n\n", "GET / HTTP/1.1\n\nGET /",
            "\\x16\\x03\\x01", "",
        ):  # fmt: skip
            self.raw(REQUEST)
            self.assertFalse(parts.get_property("disabled"))
            self.raw(text)
            self.assertTrue(parts.get_property("disabled"), text)
            self.assertTrue(self.one(self.lab, "#form-note").is_displayed())
            self.assertEqual(self.raw(), text)

    def test_every_byte_can_be_written_and_is_read_again(self) -> None:
        some = random.Random(11)
        pieces = [b"\r", b"\n", b"\r\n", b"\\", b"\\n", b"\t", b"a", b"\xef\xbb\xbf",
                  "\u202e☃".encode(), b"\xff", b"\0", b"\\\n"]  # fmt: skip
        given = [bytes([byte]) for byte in range(256)] + [bytes(range(256))]
        given += [
            b"".join(some.choices(pieces, k=some.randrange(9))) for _ in range(400)
        ]
        given += [some.randbytes(some.randrange(40)) for _ in range(200)]
        encoded = [b64encode(one).decode() for one in given]
        found = self.lab.execute_async_script(ROUND_TRIPS, encoded)
        self.assertIsInstance(found, list, found)
        for raw, (text, again) in zip(given, found, strict=True):
            self.assertEqual(b64decode(again), raw, text)
            self.assertRegex(text, r"\A[\n\t\x20-\x7e\u00a1-\ufffd]*\Z")

    def test_mistake_is_said_with_its_line_and_nothing_is_sent(self) -> None:
        self.raw("GET / HTTP/1.1\nHost: \\q\n\n")
        fault = self.text(self.lab, "#raw-fault")
        self.assertTrue(fault.startswith("Line 2: behind a backslash"), fault)
        self.one(self.lab, "#send").click()
        self.assertEqual(self.said(), fault)
        self.assertFalse(self.one(self.lab, "#answer").is_displayed())

    def test_address_fills_in_a_request_and_sends_nothing(self) -> None:
        raw = b"GET /?q=\xff HTTP/1.1\r\nHost: localhost\n\r\n"
        encoded = b64encode(raw).decode().replace("+", "-").replace("/", "_")
        self.open(self.lab, f"/try/#server=writer&base64={encoded}")
        self.lab.refresh()
        self.until(self.lab, lambda: "\\xff" in self.raw())
        self.assertEqual(self.one(self.lab, "#server").get_property("value"), "writer")
        self.assertFalse(self.one(self.lab, "#answer").is_displayed())
        self.open(self.lab, "/try/#base64=%%%")
        self.until(self.lab, lambda: "no request that could be read" in self.said())


class SendingTests(LaboratoryCase):
    """What comes of it."""

    def test_expectation_is_compared_with_the_answer(self) -> None:
        self.choose_server("hello")
        self.raw("GET / HTTP/1.1\nHost: localhost\n\n")
        self.expect("200")
        self.assertTrue(self.sent().startswith("As you expected: 200."))
        self.assertEqual(len(self.every(self.lab, ".verdict.right")), 1)
        self.expect("404")
        said = self.sent()
        self.assertIn("Not as you expected: you said 404, and it was 200.", said)
        self.assertEqual(len(self.every(self.lab, ".verdict.wrong")), 1)
        self.assertEqual(self.text(self.lab, "#score"), "1 of 2 as you expected")
        (answer,) = self.answers()
        self.assertTrue(answer.startswith("HTTP/1.1·200·OK␍␊"), answer)
        self.one(self.lab, ".from-server .k-status-code").click()
        explained = self.one(self.lab, "#explanation").text
        self.assertIn("Status code", explained)
        self.assertIn("RFC 9110 section 15.3.1", explained)
        self.nothing_was_refused(self.lab)

    def test_every_server_has_requests_that_are_answered(self) -> None:
        names = [
            option.get_dom_attribute("value")
            for option in Select(self.one(self.lab, "#server")).options
        ]
        self.assertGreaterEqual(len(names), 8)
        for name in names:
            self.choose_server(name)
            self.assertTrue(self.text(self.lab, "#summary"))
            self.assertTrue(self.every(self.lab, "#presets button"), name)
            self.preset()
            self.assertIn(" HTTP/1.1\n", self.raw())
            self.assertRegex(self.sent(), r"The answer: [2-5]\d\d", name)

    def test_broken_requests_say_what_an_attacker_would_do(self) -> None:
        buttons = self.every(self.lab, "#broken button")
        self.assertGreaterEqual(len(buttons), 40)
        for button in buttons[:40:8]:
            button.click()
            about = self.one(self.lab, "#about").text
            self.assertIn("What an attacker would do with it:", about)
            self.assertTrue(self.raw())
            self.one(self.lab, "#send").click()
            self.until(self.lab, lambda: "answer:" in self.said())
        find = self.one(self.lab, "#find")
        find.send_keys("chunk")
        self.until(
            self.lab,
            lambda: 0 < len(self.every(self.lab, "#broken button")) < len(buttons),
        )
        self.assertIn(" of ", self.text(self.lab, "#broken-count"))

    def test_what_is_stored_stays_until_it_is_reset(self) -> None:
        self.choose_server("notes")
        note = json.dumps({"myNote": "Milk <b>"})
        self.raw(
            "POST / HTTP/1.1\nHost: localhost\nContent-Type: application/json\n"
            f"Content-Length: {len(note)}\n\n{note}"
        )
        self.sent()
        kept = self.every(self.lab, "#outcome > .panel dl")
        self.assertEqual([" ".join(one.text.split()) for one in kept], ["0 Milk <b>"])
        self.one(self.lab, "#reset").click()
        self.until(self.lab, lambda: "as new" in self.said())
        self.raw("GET / HTTP/1.1\nHost: localhost\n\n")
        self.sent()
        self.assertIn("No notes yet.", self.one(self.lab, "#outcome").text)
        # The daemon's own notes are others.
        self.assertNotIn(b"Milk", ask(self.ports[4042]).body)

    def test_two_requests_at_once_have_two_answers(self) -> None:
        self.choose_server("hello")
        self.raw(
            "GET /1 HTTP/1.1\nHost: localhost\n\nGET /2 HTTP/1.1\nHost: localhost\n\n"
        )
        self.sent()
        self.assertEqual(len(self.answers()), 2)
        self.assertIn("The server saw 2 requests", self.one(self.lab, "#outcome").text)

    def test_server_that_cannot_be_reached_is_said(self) -> None:
        self.tutorial.stop()
        self.one(self.lab, "#send").click()
        self.until(self.lab, lambda: "It could not be sent" in self.said())
        self.assertTrue(self.one(self.lab, "#send").is_enabled())

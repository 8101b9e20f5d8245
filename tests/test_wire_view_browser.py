"""
The page ``/wire/`` in a real browser, headless: exchanges are seen as they happen.
"""

from __future__ import annotations

from itertools import pairwise

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from .support.harness import ask
from .support.relay import Relay
from .support.wire_pages import Client, WireViewCase

MARKUP = "<img src=x onerror=document.title='broken'><script>document.title=1</script>"


class LiveTests(WireViewCase):
    """What happens is shown at once."""

    def test_first_guess_is_followed_from_the_click_to_the_bytes(self) -> None:
        empty = self.one(self.wire, "#empty")
        self.until(self.wire, lambda: empty.is_displayed())
        self.assertIn("Nothing has been asked yet", empty.text)
        self.assertIn("in another tab", empty.text)
        command = f"curl http://localhost:{self.ports[4040]}/"
        self.until(self.wire, lambda: command in empty.text)
        here = self.wire.current_window_handle
        self.wire.switch_to.new_window("tab")
        self.open(self.wire, "/make_a_guess.html")
        Select(self.one(self.wire, "[name=q]")).select_by_value("3")
        self.one(self.wire, "[value=Guess]").click()
        self.wire.switch_to.frame("answer")
        said = self.until(self.wire, lambda: self.one(self.wire, "body").text)
        self.wire.switch_to.window(here)
        self.chosen("GET /?q=3")
        self.assertFalse(empty.is_displayed())
        request = self.message("client")
        self.assertIn("GET·/?q=3·HTTP/1.1␍␊", request)
        self.assertIn(f"Host:·localhost:{self.ports[4041]}␍␊", request)
        self.assertTrue(request.endswith("␍␊␍␊"), request)
        response = self.message("server")
        self.assertTrue(response.startswith("HTTP/1.1·200·OK␍␊"), response)
        self.assertIn(said.splitlines()[0], response)
        program = self.panel("What the program saw")
        for seen in ("GET", "/?q=3", "q = 3", "200"):
            self.assertIn(seen, program)
        self.row("GET /make_a_guess.html")
        self.nothing_was_refused(self.wire)

    def test_two_clients_that_take_turns_are_seen(self) -> None:
        one = Client(self, self.ports[4042])
        other = Client(self, self.ports[4042])
        # The first begins, the second comes and goes, the first goes on.
        one.send(
            b"POST /?of=one HTTP/1.1\r\nHost: localhost\r\n"
            b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        )
        one.read_until(b"100 Continue\r\n\r\n")
        one.send(b"a")
        other.send(b"GET /?of=other HTTP/1.1\r\nHost: localhost\r\n\r\n")
        other.read_until(b"HTTP/1.1 ")
        one.send(b"b")
        one.read_until(b"HTTP/1.1 ")
        self.row("?of=one")
        self.row("?of=other")
        blocks = self.blocks()
        first, second = blocks["POST /?of=one"], blocks["GET /?of=other"]
        self.assertNotEqual(first["lane"], second["lane"])
        self.assertLess(first["left"], second["left"])
        self.assertLess(second["right"], first["right"])
        ports = {text.strip() for text in self.texts(self.wire, ".lane .port")}
        self.assertEqual(ports, {f":{one.port}", f":{other.port}"})

    def test_requests_of_one_connection_are_on_one_line(self) -> None:
        client = Client(self, self.ports[4040])
        for number in (1, 2):
            client.send(b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % number)
            client.read_until(b"\r\n\r\n")
            self.row(f"GET /{number}")
        self.assertEqual(len(self.every(self.wire, ".lane")), 1)
        blocks = self.blocks()
        first, second = blocks["GET /1"], blocks["GET /2"]
        self.assertEqual(first["top"], second["top"])
        self.assertLess(first["right"], second["left"])

    def test_pipelined_requests_are_seen_to_begin_before_the_first_has_ended(
        self,
    ) -> None:
        client = Client(self, self.ports[4042])
        note = b'{"myNote": "Milk"}'
        head = (
            b"POST /?%%d HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        ) % (len(note), note)
        client.send(b"".join(head % number for number in (1, 2, 3)))
        self.row("POST /?3")
        self.until(self.wire, lambda: not self.every(self.wire, ".block.is-open"))
        self.assertEqual(len(self.every(self.wire, ".lane")), 1)
        blocks = [self.blocks()[f"POST /?{number}"] for number in (1, 2, 3)]
        tops = [block["top"] for block in blocks]
        self.assertEqual(tops, sorted(set(tops)), "not one below the other")
        for earlier, later in pairwise(blocks):
            self.assertLess(earlier["left"], later["left"])
            self.assertLess(later["left"], earlier["right"])

    def test_pause_holds_what_comes_and_resume_shows_it(self) -> None:
        ask(self.ports[4040], target="/before")
        self.row("/before")
        pause = self.one(self.wire, "#pause")
        pause.click()
        self.assertEqual(pause.get_dom_attribute("aria-pressed"), "true")
        for number in range(3):
            ask(self.ports[4040], target=f"/during{number}")
        self.until(self.wire, lambda: "(3 wait)" in pause.text)
        self.assertEqual(len(self.rows()), 1)
        pause.click()
        self.row("/during2")
        self.assertEqual((len(self.rows()), pause.text), (4, "Pause"))

    def test_lost_connection_is_said_and_what_happened_meanwhile_is_shown(self) -> None:
        pages = self.ports[8080]
        relay = Relay(self, pages)
        rule = f"MAP localhost:{pages} localhost:{relay.port}"
        self.wire = self.browser(first_rule=rule)
        self.open(self.wire, "/wire/")
        ask(self.ports[4040], target="/before")
        self.row("/before")
        relay.cut()
        self.state_is("Connection lost. Trying again …")
        ask(self.ports[4040], target="/meanwhile")
        self.assertEqual(len(self.rows()), 1)
        relay.mend()
        self.state_is("Live")
        self.row("/meanwhile")
        ask(self.ports[4040], target="/afterwards")
        self.row("/afterwards")
        self.assertEqual(len(self.rows()), 3)

    def state_is(self, text: str) -> None:
        self.until(self.wire, lambda: self.text(self.wire, "#state") == text)

    def test_no_more_is_kept_than_there_is_room_for(self) -> None:
        client = Client(self, self.ports[4040])
        for number in range(450):
            client.send(b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % number)
            client.read_until(b"\r\n\r\n")
        self.row("/449")
        self.assertLessEqual(len(self.every(self.wire, "#list > li")), 200)
        self.assertLessEqual(len(self.every(self.wire, ".block")), 200)
        kept = self.wire.execute_script(
            "return document.getElementsByTagName('*').length"
        )
        self.assertLess(kept, 5000)


class ChosenTests(WireViewCase):
    """What is shown of one exchange, whatever else was asked before."""

    shares_tutorial = True

    def test_parts_are_explained_to_the_keyboard(self) -> None:
        ask(self.ports[4041], target="/?q=3")
        self.chosen("/?q=3")
        self.one(self.wire, ".from-client .part").click()
        self.assertEqual(self.active().text, "GET")
        self.assertIn("Method", self.explained())
        self.assertIn("RFC 9110 section 9.3.1", self.explained())
        self.active().send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
        self.assertEqual(self.active().text, "/?q=3")
        self.assertIn("Bytes 4 to 8: 2f 3f 71 3d 33", self.explained())
        self.active().send_keys(Keys.ARROW_DOWN)
        self.assertEqual(self.active().text.lower(), "host")
        self.assertIn("Which site the client means", self.explained())
        described = self.active().get_dom_attribute("aria-describedby")
        self.assertEqual(described, "explanation")
        self.assertEqual(self.active().get_dom_attribute("aria-selected"), "true")
        self.active().send_keys(Keys.END)
        self.assertIn("An empty line", self.explained())
        self.active().send_keys(Keys.ESCAPE)
        self.assertIn("Point at a part", self.explained())
        reachable = self.every(self.wire, ".from-client .part[tabindex='0']")
        self.assertEqual(len(reachable), 1)

    def test_bytes_are_shown_in_hexadecimal_when_asked_for(self) -> None:
        ask(self.ports[4041], target="/?q=1")
        self.chosen("/?q=1")
        self.assertEqual(self.every(self.wire, ".hex"), [])
        for button in self.every(self.wire, ".from-client button"):
            if button.text == "Hex":
                button.click()
        rows = [row.text.split() for row in self.every(self.wire, ".hex .row")]
        self.assertEqual(rows[0][:6], ["0000", "47", "45", "54", "20", "2f"])

    def test_exchange_has_an_address_that_leads_back_to_it(self) -> None:
        for target in ("/one", "/two", "/three"):
            ask(self.ports[4040], target=target)
        self.chosen("/two")
        address = self.wire.current_url
        self.assertRegex(address, r"#exchange=\d+$")
        self.wire.get("about:blank")
        self.wire.get(address)
        self.until(self.wire, lambda: "/two" in self.text(self.wire, "#details h2"))
        self.one(self.wire, "#details .links a").click()
        self.until(self.wire, lambda: "/wire/exchanges/" in self.wire.current_url)
        self.assertIn("/two", self.one(self.wire, "body").text)

    def test_exchange_that_is_gone_is_said_to_be(self) -> None:
        self.open(self.wire, "/wire/#exchange=4711")
        self.wire.refresh()
        ask(self.ports[4040])
        self.until(
            self.wire, lambda: "not kept any more" in self.text(self.wire, "#details")
        )

    def test_difference_to_the_exchange_before_is_shown(self) -> None:
        ask(self.ports[4040], target="/same", fields={"X-Old": "1", "Accept": "a/b"})
        ask(self.ports[4041], target="/between")
        ask(self.ports[4040], target="/same", fields={"X-New": "2", "Accept": "c/d"})
        self.row("/between")
        self.until(
            self.wire, lambda: len([row for row in self.rows() if "/same" in row]) == 2
        )
        self.chosen("/same")
        found = {
            tuple(cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td"))
            for row in self.every(self.wire, ".changes tr")
        }
        self.assertIn(("x-old", "removed", "1"), found)
        self.assertIn(("x-new", "added", "2"), found)
        self.assertIn(("accept", "changed", "a/b c/d"), found)
        self.assertNotIn("host", {row[0] for row in found})

    def test_copies_are_shown_by_tabs_with_arrow_keys(self) -> None:
        ask(self.ports[4041], target="/?q=2")
        self.chosen("/?q=2")
        panel = self.one(self.wire, "[role=tabpanel]")
        self.assertIn("curl", panel.text)
        self.one(self.wire, "[role=tab]").send_keys(Keys.ARROW_RIGHT)
        self.assertEqual(self.active().text, "treq")
        self.assertIn("treq", panel.text)
        self.active().send_keys(Keys.END)
        self.assertIn("GET /?q=2 HTTP/1.1", panel.text)

    def test_request_can_be_taken_to_the_laboratory(self) -> None:
        ask(self.ports[4041], target="/?q=7")
        self.chosen("/?q=7")
        self.one(self.wire, "#details .links a:last-of-type").click()
        self.until(self.wire, lambda: self.wire.title == "The laboratory")
        raw = self.one(self.wire, "#raw")
        self.until(self.wire, lambda: "GET /?q=7" in raw.get_property("value"))
        server = self.one(self.wire, "#server").get_property("value")
        self.assertEqual(server, "thinker")

    def test_page_never_shows_itself(self) -> None:
        ask(self.ports[8080], target="/style.css")
        self.row("/style.css")
        for row in self.rows():
            self.assertNotIn("/wire", row)

    def test_cut_connection_is_seen_and_said(self) -> None:
        client = Client(self, self.ports[4042])
        client.send(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc"
        )
        client.socket.close()
        self.chosen("client gone")
        self.assertIn("Client gone.", self.one(self.wire, "#details .notice.bad").text)
        self.assertIn("None was sent.", self.one(self.wire, ".messages").text)

    def test_refused_request_has_its_reason_and_clause(self) -> None:
        client = Client(self, self.ports[4040])
        client.send(b"GET / HTTP/1.1\nHost: localhost\n\n")
        client.read_all()
        self.chosen("refused")
        notice = self.one(self.wire, "#details .notice.bad")
        self.assertIn("bare CR or LF", notice.text)
        link = notice.find_element(By.TAG_NAME, "a")
        self.assertEqual(
            (link.text, link.get_attribute("href")),
            (
                "RFC 9112 section 2.2",
                "https://www.rfc-editor.org/rfc/rfc9112#section-2.2",
            ),
        )
        self.assertIn("LF without a CR", self.one(self.wire, ".fault").text)
        self.assertIn("before the program", self.panel("What the program saw"))


class AllTests(WireViewCase):
    """What is shown of all exchanges, and of one that takes long."""

    options = ("--root", ".")

    def test_long_response_is_seen_while_it_is_sent_and_focus_stays(self) -> None:
        (self.here / "long.bin").write_bytes(bytes(10 * 1024 * 1024))
        client = Client(self, self.ports[4048])
        client.send(
            b"GET /long.bin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        self.chosen("static · open")
        self.assertIn("Open. It is still going on.", self.text(self.wire, "#details"))
        self.one(self.wire, ".from-client .k-target").click()
        client.read_all()
        self.row("/long.bin")
        self.until(
            self.wire, lambda: "still going on" not in self.text(self.wire, "#details")
        )
        self.assertEqual(self.active().text, "/long.bin")
        self.assertIn("Target", self.explained())
        summary = self.text(self.wire, ".from-server header")
        self.assertRegex(summary, r"10,48\d,\d{3} bytes, the first [\d,]+ are kept")

    def test_numbers_of_many_digits_stay_on_one_line(self) -> None:
        ask(self.ports[4040], target="/seen")
        number = self.row("/seen").find_element(By.CSS_SELECTOR, ".number")
        height = number.size["height"]
        self.wire.execute_script("arguments[0].textContent = '1234567'", number)
        self.assertEqual(number.size["height"], height)

    def test_filter_by_server_method_status_and_text(self) -> None:
        ask(self.ports[4040], target="/hello", fields={"X-Word": "needle"})
        ask(self.ports[4041], target="/?q=3")
        ask(self.ports[4049], "DELETE", "/none")
        self.until(self.wire, lambda: len(self.rows()) == 3)
        for name, value, expected in [
            ("server", "thinker", "/?q=3"), ("method", "DELETE", "/none"),
            ("status", "4", "/none"), ("text", "NEEDLE", "/hello"),
        ]:  # fmt: skip
            field = self.one(self.wire, f"#filter [name={name}]")
            if name == "text":
                field.send_keys(value)
            else:
                Select(field).select_by_value(value)
            self.until(self.wire, lambda: len(self.rows()) == 1)
            self.assertIn(expected, self.rows()[0])
            self.assertEqual(len(self.every(self.wire, ".block")), 1)
            self.assertEqual(self.text(self.wire, "#count"), "1 of 3 exchanges fit")
            self.one(self.wire, "#show-all").click()
            self.until(self.wire, lambda: len(self.rows()) == 3)

    def test_what_was_sent_stays_text(self) -> None:
        client = Client(self, self.ports[4042])
        body = MARKUP.encode()
        client.send(
            b"POST /?%b HTTP/1.1\r\nHost: localhost\r\nX-%b: %b\r\n"
            b"Content-Length: %d\r\n\r\n%b"
            % (b"<b>x</b>", b"Markup", body, len(body), body)
        )
        client.read_until(b"HTTP/1.1 ")
        ask(self.ports[4042], "POST", "/", body=f'{{"myNote": "{MARKUP}"}}',
            fields={"Content-Type": "application/json"})  # fmt: skip
        ask(self.ports[4042], "GET", "/0")
        self.until(self.wire, lambda: len(self.rows()) == 3)
        for row in self.every(self.wire, "#list > li"):
            row.click()
            for button in self.every(self.wire, ".message button"):
                if button.is_displayed():
                    button.click()
            for name in ("img", "script", "iframe", "b"):
                texts = self.texts(self.wire, f"#view {name}")
                self.assertEqual([t for t in texts if t not in ("GET", "POST")], [])
        self.assertEqual(self.wire.title, "The wire")
        self.assertIn(MARKUP, self.text(self.wire, "#view"))
        self.nothing_was_refused(self.wire)

"""
Screenshots of the index, of ``/wire/`` and of ``/try/`` for the documentation, of real
servers and exchanges, and of a browser that does not trust a certificate.

``make screens`` keeps them there.
"""

from __future__ import annotations

import os
from base64 import b64decode
from typing import Any

from .support.harness import CHECKOUT, ask
from .support.wire_pages import (
    PHONE,
    Client,
    LaboratoryCase,
    WirePageCase,
    WireViewCase,
    ports_of,
)

FOLDER = CHECKOUT / "docs/pictures/screens"

LAPTOP: dict[str, Any] = {
    "width": 1280,
    "height": 740,
    "deviceScaleFactor": 1,
    "mobile": False,
}

SMALL_LAPTOP: dict[str, Any] = LAPTOP | {"width": 960, "height": 560}

SMALL: dict[str, Any] = PHONE | {"deviceScaleFactor": 1.5}

MAX_BYTES = 150_000
"""Bytes of a picture that is kept in the repository."""

BROWSER = (
    b"Host: localhost:8080\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
    b"Accept: text/html,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\r\n"
)


def note(text: str) -> tuple[bytes, bytes]:
    """The head and the body of a request that takes a note."""
    body = f'{{"myNote": "{text}"}}'.encode()
    head = (
        "POST / HTTP/1.1\r\nHost: localhost:4042\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode(), body


def taken(browser: Any, name: str) -> int:
    """Take a picture, and keep it if it is asked for; its size."""
    browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    picture = b64decode(shot["data"])
    if "DARTIO_SCREENS" in os.environ:
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"{name}.png").write_bytes(picture)
    return len(picture)


class IndexScreens(WirePageCase):
    """The index, as it is when the servers listen where the tutorial has them."""

    shares_tutorial = True

    def setUp(self) -> None:
        super().setUp()
        self.tutorial = self.daemon("tutorial", "--port", "0")
        self.ports = ports_of(self.tutorial)
        self.pages = f"http://localhost:{self.ports[8080]}"

    def as_documented(self, page: Any) -> None:
        """Show the documented ports and stores in the place of those of this test."""
        shown = {str(real): str(port) for port, real in self.ports.items()}
        shown[str(self.home).replace("/", "/<wbr>")] = "/home/<wbr>ann"
        page.execute_script(
            """for (const [here, there] of Object.entries(arguments[0]))
              document.body.innerHTML = document.body.innerHTML.replaceAll(here, there);
            """,
            shown,
        )

    def test_index_on_a_laptop_and_on_a_phone(self) -> None:
        page = self.tab()
        self.open(page, "/")
        self.as_documented(page)
        self.assertIn("localhost:4040", self.text(page, "#hello"))
        notes = "/home/ann/.local/share/dartio_tut/notes"
        self.assertIn(notes, self.text(page, "#notes"))
        for scheme, screen, name in [
            ("light", LAPTOP, "index-light"), ("dark", LAPTOP, "index-dark"),
            ("light", SMALL, "index-phone"),
        ]:  # fmt: skip
            self.shown_on(page, screen, scheme)
            self.assertLess(taken(page, name), MAX_BYTES)


class WarningScreens(WirePageCase):
    """What a browser shows of a server that has signed its certificate itself."""

    shares_tutorial = True

    def test_warning_names_the_host_and_offers_advanced(self) -> None:
        page = self.tab()
        self.shown_on(page, SMALL_LAPTOP, "light")
        page.execute_cdp_cmd("Security.enable", {})
        page.execute_cdp_cmd("Security.setIgnoreCertificateErrors", {"ignore": False})
        page.get(f"https://localhost:{self.ports[4047]}/")
        said = self.text(page, "body")
        for words in ("Your connection is not private", "localhost", "Advanced"):
            self.assertIn(words, said)
        self.assertLess(taken(page, "certificate-warning"), MAX_BYTES)


class WireScreens(WireViewCase):
    """Two clients of the note taker, and what others have asked before."""

    def exchanges(self) -> None:
        page = Client(self, self.ports[8080])
        for path in (b"/make_a_guess.html", b"/style.css"):
            page.send(b"GET " + path + b" HTTP/1.1\r\n" + BROWSER)
            page.read_until(b"\r\n\r\n")
        ask(self.ports[4041], target="/?q=3")
        one, other = (Client(self, self.ports[4042]) for _ in range(2))
        head, body = note("Buy milk")
        one.send(head + body[:9])
        other.send(b"".join(note("Call Ann")))
        other.read_until(b"notes.")
        one.send(body[9:])
        one.read_until(b"notes.")
        many = Client(self, self.ports[4042])
        many.send(b"".join(b"".join(note(text)) for text in ("one", "two", "three")))
        many.read_until(b"5 notes.")
        bad = Client(self, self.ports[4040])
        bad.send(b"GET / HTTP/1.1\nHost: localhost\n\n")
        bad.read_all()
        self.row("refused")

    def test_wire_on_a_laptop_and_on_a_phone(self) -> None:
        self.exchanges()
        number = self.every(self.wire, "#list > li")[-4].get_dom_attribute("id")
        for scheme, screen, name in [
            ("light", LAPTOP, "wire-light"), ("dark", LAPTOP, "wire-dark"),
            ("light", SMALL, "wire-phone"),
        ]:  # fmt: skip
            self.shown_on(self.wire, screen, scheme)
            self.wire.execute_script(
                """const row = document.getElementById(arguments[0]);
                location.hash = `#exchange=${row.dataset.exchange}`;
                row.click();
                scrollTo(0, 0);""",
                number,
            )
            self.wire.execute_script(
                """document.querySelector("#lines").scrollLeft += 140;
                const place = document.querySelector("#details");
                if (innerWidth < 600) place.scrollIntoView({behavior: "instant"});
                document.querySelectorAll(".from-client .k-field-name")[1]
                  .focus({preventScroll: true});"""
            )
            self.until(self.wire, lambda: "Field name" in self.explained())
            self.assertLess(taken(self.wire, name), MAX_BYTES)


class LaboratoryScreens(LaboratoryCase):
    """A request that is smuggled in the body of another."""

    def test_laboratory_on_a_laptop_and_on_a_phone(self) -> None:
        for button in self.every(self.lab, "#broken button"):
            if button.text.startswith("TE.CL"):
                button.click()
                break
        self.expect("400")
        for scheme, screen, name in [
            ("light", LAPTOP, "laboratory-light"), ("dark", LAPTOP, "laboratory-dark"),
        ]:  # fmt: skip
            self.shown_on(self.lab, screen, scheme)
            self.lab.execute_script("scrollTo({top: 0, behavior: 'instant'})")
            self.assertLess(taken(self.lab, name), MAX_BYTES)
        self.shown_on(self.lab, SMALL)
        self.sent()
        self.assertLess(taken(self.lab, "laboratory-phone"), MAX_BYTES)

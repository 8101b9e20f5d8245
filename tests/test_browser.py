"""
The pages in a real browser, headless.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from .support.browsing import a_browser, needed
from .support.harness import PATIENCE, Case, Daemon


class LosingProxy:
    """Hands requests on to *port*, and loses the first answer to a POST."""

    def __init__(self, port: int) -> None:
        lost: list[bytes] = []

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                there = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
                there.request(self.command, self.path, body, dict(self.headers))
                answer = there.getresponse()
                content = answer.read()
                if self.command == "POST" and not lost:
                    lost.append(content)
                    self.close_connection = True
                    return
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_OPTIONS = handle_any

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


class BrowserTests(Case):
    """
    A person at the pages.

    The pages of `tutorial` name the ports that the system has picked, and those of
    `pages` alone the documented ones; the browser is told where else to go.
    """

    def setUp(self) -> None:
        super().setUp()
        needed("the pages")
        self.tutorial = self.daemon("tutorial", "--port", "0", "--store", "data")
        documented = (4040, 4041, 4042, 4044, 4046, 4047, 4048, 4049, 8080)
        self.ports = {port: self.tutorial.ready().port for port in documented}

    def browser(self, **elsewhere: int) -> Any:
        """A browser that goes elsewhere: ``p4042=5`` is where it finds notes."""
        ports = self.ports | {int(k[1:]): v for k, v in elsewhere.items()}
        rules = ",".join(
            f"MAP localhost:{named} localhost:{real}"
            for page, real in ports.items()
            for named in (page, self.ports[page])
        )
        return a_browser(self, f"--host-resolver-rules={rules}")

    def until(self, browser: Any, condition: Callable[[Any], object]) -> None:
        WebDriverWait(browser, PATIENCE, 0.02).until(condition)

    def test_saved_note_is_shown_again(self) -> None:
        browser = self.browser()
        browser.get("http://localhost:8080/note_taker.html")
        for number, note in enumerate(["Buy milk ☃", "<b>bold</b>"]):
            self.fill(browser, "note", note, "Save Note")
            self.answered(browser, f"You have {number + 1} notes.")
        self.fill(browser, "number", "0", "Get Note")
        self.answered(browser, "Buy milk ☃")
        self.fill(browser, "number", "1", "Get Note")
        self.answered(browser, "<b>bold</b>")
        self.fill(browser, "number", "7", "Get Note")
        self.answered(browser, "There is no note 7.")

    def test_text_typed_while_a_save_is_pending_is_kept(self) -> None:
        browser, notes = self.note_taker()
        notes.process.send_signal(signal.SIGSTOP)
        self.fill(browser, "note", "one", "Save Note")
        self.pending(browser)
        field = browser.find_element(By.NAME, "note")
        field.send_keys(" and two")
        notes.process.send_signal(signal.SIGCONT)
        self.answered(browser, "You have 1 notes.")
        self.assertEqual(field.get_attribute("value"), "one and two")
        self.assertEqual((self.folder / "kept/notes.txt").read_text(), "one\n")
        browser.find_element(By.NAME, "save").click()
        self.answered(browser, "You have 2 notes.")
        self.assertEqual(field.get_attribute("value"), "")

    def test_note_is_saved_once_however_often_it_is_sent(self) -> None:
        browser, notes = self.note_taker()
        notes.process.send_signal(signal.SIGSTOP)
        field = browser.find_element(By.NAME, "note")
        field.send_keys("once" + Keys.ENTER + Keys.ENTER)
        self.pending(browser)
        browser.execute_script("document.querySelector('[name=save]').click()")
        field.send_keys(Keys.ENTER)
        notes.process.send_signal(signal.SIGCONT)
        self.answered(browser, "You have 1 notes.")
        self.fill(browser, "note", "once", "Save Note")
        self.answered(browser, "You have 2 notes.")  # on purpose
        self.assertEqual((self.folder / "kept/notes.txt").read_text(), "once\nonce\n")

    def test_second_try_after_a_lost_answer_stores_nothing(self) -> None:
        proxy = LosingProxy(self.kept_notes().port)
        self.addCleanup(proxy.close)
        browser = self.browser(p4042=proxy.port)
        browser.get("http://localhost:8080/note_taker.html")
        self.fill(browser, "note", "once", "Save Note")
        self.answered(browser, "No server")
        self.assertEqual((self.folder / "kept/notes.txt").read_text(), "once\n")
        browser.find_element(By.NAME, "save").click()
        self.answered(browser, "You have 1 notes.")
        self.assertEqual((self.folder / "kept/notes.txt").read_text(), "once\n")

    def kept_notes(self) -> Daemon:
        return self.serve("notes", "--store", str(self.folder / "kept"))

    def note_taker(self) -> tuple[Any, Daemon]:
        """The page of the note taker, and the daemon that it speaks to."""
        notes = self.kept_notes()
        browser = self.browser(p4042=notes.port)
        browser.get("http://localhost:8080/note_taker.html")
        return browser, notes

    def pending(self, browser: Any) -> None:
        """Wait until a save is pending."""
        save = browser.find_element(By.NAME, "save")
        self.until(browser, lambda _: not save.is_enabled())

    def test_missing_server_is_said(self) -> None:
        pages = self.serve("pages")
        browser = self.browser(p8080=pages.port, p4042=self.a_closed_port())
        browser.get("http://localhost:8080/note_taker.html")
        self.fill(browser, "note", "lost", "Save Note")
        self.answered(browser, "No server")

    def a_closed_port(self) -> int:
        ended: Daemon = self.serve("hello")
        ended.stop()
        return ended.port

    def fill(self, browser: Any, name: str, text: str, button: str) -> None:
        field = browser.find_element(By.NAME, name)
        field.clear()
        field.send_keys(text)
        browser.find_element(By.XPATH, f"//button[.='{button}']").click()

    def answered(self, browser: Any, text: str) -> None:
        output = browser.find_element(By.ID, "answer")
        self.until(browser, lambda _: output.text == text)

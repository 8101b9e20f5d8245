"""
The pages in a real browser, headless.
"""

from __future__ import annotations

import functools
import signal
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from .support.browsing import an_empty_tab, needed
from .support.harness import PATIENCE, Case, Daemon, free_port


@functools.cache
def elsewhere() -> dict[int, int]:
    """Where the browser goes in place of documented ports."""
    return {4042: free_port(), 8080: free_port()}


class LosingProxy:
    """Hands requests at *here* on to *port*, and loses the first answer to a POST."""

    def __init__(self, here: int, port: int) -> None:
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

        self._server = ThreadingHTTPServer(("127.0.0.1", here), Handler)
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
    `pages` alone the documented ones; the browser, which all tests share, is told where
    else to go.
    """

    def setUp(self) -> None:
        super().setUp()
        needed("the pages")
        self.ports = elsewhere()

    def browser(self) -> Any:
        """A browser that goes elsewhere when it is to go to documented ports."""
        rules = ",".join(
            f"MAP localhost:{named} localhost:{real}"
            for named, real in self.ports.items()
        )
        return an_empty_tab(f"--host-resolver-rules={rules}")

    def page(self) -> Any:
        """The page of the note taker, by itself, in a browser."""
        self.listening("pages", 8080)
        browser = self.browser()
        browser.get("http://localhost:8080/note_taker.html")
        return browser

    def listening(self, name: str, port: int, *options: str) -> Daemon:
        """Run the server *name* where the browser looks for the documented *port*."""
        return self.daemon(name, "--port", str(self.ports[port]), *options).ready()

    def until(self, browser: Any, condition: Callable[[Any], object]) -> None:
        WebDriverWait(browser, PATIENCE, 0.02).until(condition)

    def test_saved_note_is_shown_again(self) -> None:
        tutorial = self.daemon("tutorial", "--port", "0", "--store", "data")
        tutorial.wait_for("Open ")
        browser = self.browser()
        browser.get(f"{tutorial.lines[-1].split()[1]}note_taker.html")
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
        notes = self.serve("notes", "--store", str(self.folder / "kept"))
        proxy = LosingProxy(self.ports[4042], notes.port)
        self.addCleanup(proxy.close)
        browser = self.page()
        self.fill(browser, "note", "once", "Save Note")
        self.answered(browser, "No server")
        self.assertEqual((self.folder / "kept/notes.txt").read_text(), "once\n")
        browser.find_element(By.NAME, "save").click()
        self.answered(browser, "You have 1 notes.")
        self.assertEqual((self.folder / "kept/notes.txt").read_text(), "once\n")

    def note_taker(self) -> tuple[Any, Daemon]:
        """The page of the note taker, and the daemon that it speaks to."""
        notes = self.listening("notes", 4042, "--store", str(self.folder / "kept"))
        return self.page(), notes

    def pending(self, browser: Any) -> None:
        """Wait until a save is pending."""
        save = browser.find_element(By.NAME, "save")
        self.until(browser, lambda _: not save.is_enabled())

    def test_missing_server_is_said(self) -> None:
        browser = self.page()
        self.fill(browser, "note", "lost", "Save Note")
        self.answered(browser, "No server")

    def fill(self, browser: Any, name: str, text: str, button: str) -> None:
        field = browser.find_element(By.NAME, name)
        field.clear()
        field.send_keys(text)
        browser.find_element(By.XPATH, f"//button[.='{button}']").click()

    def answered(self, browser: Any, text: str) -> None:
        output = browser.find_element(By.ID, "answer")
        self.until(browser, lambda _: output.text == text)

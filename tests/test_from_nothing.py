"""
The steps from nothing to a server: each file is run as it is, and asked.

Only the port is changed, to one that is free.
"""

from __future__ import annotations

import re
import signal
import socket
import struct
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dartio_tut.course.from_nothing

from .support.harness import PATIENCE, Case, Daemon, ask, free_port

STEPS = Path(dartio_tut.course.from_nothing.__file__).parent

PORT = 4040
"""Where the steps listen."""

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class StepCase(Case):
    """A test that runs a step by its path, from a folder of its own."""

    def step(self, number: int) -> Daemon:
        """Run the step with *number*, and wait until it listens."""
        text = (STEPS / f"step_{number}.py").read_text()
        path = self.here / f"step_{number}.py"
        path.write_text(text.replace(str(PORT), str(free_port())))
        daemon = self.started(sys.executable, str(path)).ready()
        self.addCleanup(self.ends_at_ctrl_c, daemon)
        return daemon

    def ends_at_ctrl_c(self, daemon: Daemon) -> None:
        """Interrupt *daemon*: it must end at once, with nothing on stderr."""
        if not daemon.stopped:
            daemon.process.send_signal(signal.SIGINT)
            self.assertEqual((daemon.ended(), daemon.errors()), (0, ""))


class BytesTests(StepCase):
    """The steps that work with bytes."""

    def test_first_step_prints_what_a_client_sends(self) -> None:
        daemon = self.step(1)
        with self.assertRaises(ConnectionError):
            ask(daemon, "GET", "/any/path")
        daemon.wait_for("A client is here, from port ")
        daemon.wait_for(r"b'GET /any/path HTTP/1.1\r\n'")
        daemon.wait_for(rf"b'host: 127.0.0.1:{daemon.port}\r\n'")
        daemon.wait_for(r"b'\r\n'")

    def test_first_step_serves_one_client_after_the_other(self) -> None:
        daemon = self.step(1)
        address = ("127.0.0.1", daemon.port)
        with socket.create_connection(address), socket.create_connection(address) as b:
            b.sendall(b"second\n")
            daemon.wait_for("A client is here")
            b.settimeout(0.2)
            with self.assertRaises(TimeoutError):
                b.recv(1)
        daemon.wait_for(r"b'second\n'")

    def test_first_step_ends_when_a_client_breaks_its_connection_off(self) -> None:
        daemon = self.step(1)
        connection = socket.create_connection(("127.0.0.1", daemon.port))
        daemon.wait_for("A client is here")
        reset = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        connection.close()
        daemon.stopped = True
        self.assertEqual(daemon.ended(), 1)
        self.assertIn("ConnectionResetError", daemon.errors())

    def test_second_step_answers_by_hand(self) -> None:
        response = ask(self.step(2), "GET", "/any/path")
        self.assertEqual((response.code, response.body), (200, b"Hello, world!"))
        self.assertEqual(response.fields["content-type"], "text/plain; charset=utf-8")

    def test_second_step_waits_for_the_end_of_a_head(self) -> None:
        daemon = self.step(2)
        with socket.create_connection(("127.0.0.1", daemon.port), PATIENCE) as client:
            for byte in b"GET / HTTP/1.1\r\nHost: a\r\n\r\n":
                client.sendall(bytes([byte]))
            self.assertEqual(client.recv(15), b"HTTP/1.1 200 OK")
        daemon.wait_for("b'GET / HTTP/1.1'")

    def test_second_step_takes_a_body_for_the_next_request(self) -> None:
        daemon = self.step(2)
        head = b"POST / HTTP/1.1\r\nContent-Length: 18\r\n\r\n"
        with socket.create_connection(("127.0.0.1", daemon.port), PATIENCE) as client:
            client.sendall(head + b"I am a body.\r\n\r\n!!")
            daemon.wait_for("b'POST / HTTP/1.1'")
            daemon.wait_for("b'I am a body.'")


class ResourceTests(StepCase):
    """The steps that have resources."""

    def test_third_step_greets_and_refuses_other_methods(self) -> None:
        daemon = self.step(3)
        response = ask(daemon, "GET", "/any/path")
        self.assertEqual((response.code, response.body), (200, b"Hello, world!"))
        head = ask(daemon, "HEAD", "/")
        self.assertEqual((head.code, head.body), (200, b""))
        self.assertEqual(head.fields["content-length"], "13")
        refused = ask(daemon, "POST", "/", "")
        allowed = set(refused.fields["allow"].split(", "))
        self.assertEqual((refused.code, allowed), (405, {"GET", "HEAD"}))
        self.assertEqual(ask(daemon, "DELETE", "/").code, 501)

    def test_fourth_step_greets_by_the_path(self) -> None:
        daemon = self.step(4)
        for target, code, body in (
            ("/", 200, "Try /greet/Leia\n"),
            ("/greet/Leia", 200, "Hello, Leia!\n"),
            ("/greet/L%C3%A9a", 200, "Hello, Léa!\n"),
            ("/greet/%ff", 200, "Hello, \N{REPLACEMENT CHARACTER}!\n"),
        ):
            response = ask(daemon, "GET", target)
            self.assertEqual((response.code, response.body.decode()), (code, body))
        for target, code in (("/other", 404), ("/greet", 405)):
            self.assertEqual((target, ask(daemon, "GET", target).code), (target, code))

    def test_fifth_step_greets_by_the_query(self) -> None:
        daemon = self.step(5)
        form = ask(daemon, "GET", "/")
        self.assertIn(b'<form action="/greet" method="GET">', form.body)
        self.assertIn(b'<input name="name">', form.body)
        self.assertEqual(form.fields["content-type"], "text/html; charset=utf-8")
        for query, name in (
            ("", "world"),
            ("?name=Leia", "Leia"),
            ("?name=Leia&name=Han", "Leia"),
            ("?name=Han+Solo", "Han Solo"),
            ("?name=%3Cb%3E", "&lt;b&gt;"),
            ("?name=%ff", "\N{REPLACEMENT CHARACTER}"),
        ):
            response = ask(daemon, "GET", f"/greet{query}")
            self.assertEqual(response.body.decode(), f"<p>Hello, {name}!</p>\n")

    def test_sixth_step_keeps_names_that_are_posted(self) -> None:
        daemon = self.step(6)
        self.assertIn(b'method="POST"', ask(daemon, "GET", "/").body)
        response = ask(daemon, "POST", "/guests", "name=Han+%3C+Leia", FORM)
        self.assertEqual((response.code, response.body), (303, b""))
        self.assertEqual(response.fields["location"], "/guests")
        daemon.wait_for("b'name=Han+%3C+Leia'")
        guests = ask(daemon, "GET", "/guests").body
        self.assertEqual(guests, b"<ul>\n<li>Han &lt; Leia\n</ul>\n")

    def test_sixth_step_says_what_is_wrong_with_a_post(self) -> None:
        daemon = self.step(6)
        for body, fields, code, text in (
            ("{}", {"Content-Type": "application/json"}, 415, b"Send a form.\n"),
            ("name=Han", {}, 415, b"Send a form.\n"),
            ("", FORM, 400, b"Send a name.\n"),
            ("name=", FORM, 400, b"Send a name.\n"),
            ("other=Han", FORM, 400, b"Send a name.\n"),
        ):
            response = ask(daemon, "POST", "/guests", body, fields)
            self.assertEqual((response.code, response.body), (code, text))
        self.assertEqual(ask(daemon, "GET", "/guests").body, b"<ul>\n</ul>\n")

    def test_seventh_step_serves_others_while_it_awaits_and_none_while_it_sleeps(
        self,
    ) -> None:
        daemon = self.step(7)

        def seconds(target: str) -> float:
            began = time.monotonic()
            self.assertEqual(ask(daemon, "GET", target).code, 200)
            return time.monotonic() - began

        with ThreadPoolExecutor() as pool:
            for target, least, most in (("/await", 2, 4), ("/sleep", 4, 8)):
                # The best of three: other programs may be busy meanwhile.
                for _ in range(3):
                    slowest = max(pool.map(seconds, [target] * 2))
                    self.assertGreaterEqual(slowest, least - 0.01, target)
                    if slowest < most:
                        break
                self.assertLess(slowest, most, target)


class FileTests(Case):
    """What all the files promise."""

    def test_each_step_listens_where_its_page_says(self) -> None:
        for path in sorted(STEPS.glob("step_*.py")):
            ports = set(re.findall(r"\b\d{4}\b", path.read_text()))
            self.assertEqual(ports, {str(PORT)}, path.name)

    def test_a_port_that_is_taken_ends_a_step_with_its_reason(self) -> None:
        port = free_port()
        with socket.create_server(("127.0.0.1", port)):
            for number in (1, 2, 3):
                text = (STEPS / f"step_{number}.py").read_text()
                path = self.here / f"step_{number}.py"
                path.write_text(text.replace(str(PORT), str(port)))
                daemon = self.started(sys.executable, str(path))
                self.assertEqual(daemon.ended(), 1)
                self.assertIn("Address already in use", daemon.errors())

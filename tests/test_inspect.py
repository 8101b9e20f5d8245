"""
``dartio inspect``, against real servers, and against servers that break off, lie, hang,
or speak another protocol.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import socket
import subprocess
from base64 import b64decode
from typing import Any

from cryptography import x509

from dartio_tut.anatomy import copies

from .support.certificates import Signer
from .support.harness import (
    BIN,
    PATIENCE,
    Case,
    Place,
    environment,
    finished,
    free_port,
)
from .support.scripted_server import ScriptedServer, response

OK = b"HTTP/1.1 200 OK\r\n"

EVIL = b"\x1b]0;owned\x07\x1b[2J\r\xc2\x9b\xe2\x80\xae"


class InspectCase(Case):
    """Runs ``dartio inspect``."""

    def inspect(
        self, *words: str, data: bytes = b"", **variables: str
    ) -> tuple[int, str, str]:
        """Run it with *data* as its input; exit code, stdout, stderr."""
        place = Place(self.here, self.home, {"COLUMNS": "100"} | variables)
        ended = finished((str(BIN / "dartio"), "inspect", *words), place, data)
        said = ended.stderr.decode()
        self.assertNotIn("Traceback", said)
        return ended.returncode, ended.stdout.decode(), said

    def told(self, *words: str, code: int = 0, data: bytes = b"") -> Any:
        """What ``--json`` tells of one exchange."""
        ended, out, said = self.inspect(*words, "--json", data=data)
        self.assertEqual(ended, code, said)
        (line,) = out.splitlines()
        return json.loads(line)

    def answered(self, answer: bytes, *words: str) -> tuple[int, str, str]:
        """What is shown of *answer*."""
        with ScriptedServer(answer) as server:
            code, out, said = self.inspect(server.url, *words)
            return code, out, said.replace(server.url, "URL")


class ServerTests(InspectCase):
    """Real servers."""

    def test_shows_request_and_answer(self) -> None:
        hello = self.serve("hello")
        code, out, said = self.inspect(hello.url + "x?y")
        self.assertEqual((code, said), (0, ""))
        self.assertTrue(
            out.startswith(f"GET {hello.url}x?y\n  address      127.0.0.1\n")
        )
        for text in ("name lookup", "connect", "first byte", "body", "total", " ms\n"):
            self.assertIn(text, out)
        self.assertNotIn("TLS", out)
        self.assertIn("Request, ", out)
        self.assertRegex(out, r"\n  /x\?y +[A-Z]")
        self.assertRegex(out, r"\n  Content-Length: 13 +[A-Z]")
        self.assertTrue(out.endswith("\n  | Hello, world!\n"), out)
        self.assertNotIn("\x1b", out)

    def test_json_has_the_very_bytes(self) -> None:
        hello = self.serve("hello")
        told = self.told(hello.url)
        request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % hello.port
        self.assertEqual(b64decode(told["request"]["base64"]), request)
        answer = b64decode(told["response"]["base64"])
        self.assertTrue(
            answer.startswith(OK) and answer.endswith(b"Hello, world!\n"[:13])
        )
        self.assertEqual(sum(n for _, n in told["response"]["arrivals"]), len(answer))
        self.assertEqual((told["failure"], told["tls"]), (None, None))
        self.assertEqual(told["address"], "127.0.0.1")
        for step in ("connect", "first_byte", "body", "total"):
            self.assertGreaterEqual(told["times"][step], 0)
        self.assertIsNone(told["times"]["tls"])

    def test_sends_method_fields_and_body(self) -> None:
        notes = self.serve("notes")
        told = self.told(
            notes.url, "--header", "Content-Type: application/json",
            "--data", '{"myNote": "é"}',
        )  # fmt: skip
        self.assertEqual(told["method"], "POST")
        answer = b64decode(told["response"]["base64"])
        self.assertTrue(answer.endswith(b"You have 1 notes.\n"))
        told = self.told(notes.url, "--method", "HEAD")
        self.assertTrue(told["response"]["complete"])
        self.assertEqual(told["failure"], None)

    def test_sends_raw_bytes_and_shows_the_refusal(self) -> None:
        hello = self.serve("hello")
        raw = b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
        code, out, _ = self.inspect(hello.url, "--raw", "-", data=raw)
        self.assertEqual(code, 0)
        self.assertIn("There is more than one field Host", out)
        self.assertIn("\n  400 ", out)
        path = self.here / "request"
        path.write_bytes(raw)
        told = self.told(hello.url, "--raw", str(path))
        self.assertEqual(b64decode(told["request"]["base64"]), raw)
        self.assertTrue(told["closed"] or told["response"]["complete"])

    def test_copies_of_requests_are_sent_as_they_were(self) -> None:
        received: list[bytes] = []

        def record(connection: socket.socket) -> None:
            connection.settimeout(1)
            data = b""
            with contextlib.suppress(TimeoutError):
                while len(data) < len(raw) and (more := connection.recv(65536)):
                    data += more
            received.append(data)
            connection.sendall(response(b""))

        with ScriptedServer(record) as server:
            host = f"Host: 127.0.0.1:{server.port}\r\n".encode()
            for raw in (
                b"GET /$(touch${IFS}owned) HTTP/1.1\r\n" + host + b"\r\n",
                b"GET /a?b HTTP/1.1\r\n" + host + b"X: -`y`'\r\nY:\r\n\r\n",
                b"PUT /a HTTP/1.1\r\n" + host + b"Content-Length: 4\r\n\r\n@a'\"",
                b"POST /a HTTP/1.1\r\n" + host + b"Content-Length: 3\r\n\r\n\0\xff\n",
                b"GET / HTTP/1.1\nHost : a\r\n\r\n" + EVIL,
            ):
                text = copies(raw, server.url.removesuffix("/"))["dartio"]
                subprocess.run(
                    ["sh"],
                    input=text,
                    cwd=self.here,
                    env=environment(self.home),
                    stdout=subprocess.DEVNULL,
                    text=True,
                    timeout=PATIENCE,
                    check=True,
                )
                got = received[-1].replace(b"Y: \r\n", b"Y:\r\n")
                self.assertEqual(got, raw, text)
        self.assertEqual(os.listdir(self.here), [])

    def test_redirects_are_shown_and_followed_only_when_asked(self) -> None:
        def turn(connection: socket.socket) -> None:
            head = server.read_head(connection)
            moved = head.startswith(b"GET /old ")
            answer = response(b"", "Location: /new", code=302)
            connection.sendall(answer if moved else response(b"here"))

        with ScriptedServer(turn) as server:
            url = server.url + "old"
            code, out, _ = self.inspect(url)
            self.assertEqual((code, out.count("Request, ")), (0, 1))
            self.assertIn("Location: /new", out)
            code, out, _ = self.inspect(url, "--follow")
            self.assertEqual((code, out.count("Request, ")), (0, 2))
            self.assertIn(f"\n\nGET {server.url}new\n", out)
            _, out, _ = self.inspect(url, "--follow", "--json")
            told = [json.loads(line) for line in out.splitlines()]
            self.assertEqual([each["url"][-3:] for each in told], ["old", "new"])

    def test_redirects_of_what_stores_nothing_keep_its_method(self) -> None:
        heads: list[bytes] = []

        def turn(connection: socket.socket) -> None:
            heads.append(server.read_head(connection))
            moved = b" /old " in heads[-1]
            fields = ("Location: /new",) if moved else ()
            connection.sendall(response(b"", *fields, code=codes[moved]))

        for method, code, following in (
            ("HEAD", 301, b"HEAD"),
            ("HEAD", 303, b"HEAD"),
            ("OPTIONS", 302, b"OPTIONS"),
            ("OPTIONS", 303, b"GET"),
        ):
            codes = (200, code)
            with ScriptedServer(turn) as server:
                words = (server.url + "old", "--method", method, "--follow")
                self.assertEqual(self.inspect(*words)[0], 0)
            self.assertEqual(heads.pop().split()[:2], [following, b"/new"])

    def test_secrets_of_one_origin_are_not_sent_to_another(self) -> None:
        heads: list[bytes] = []

        def arrive(connection: socket.socket) -> None:
            heads.append(server.read_head(connection))
            connection.sendall(response(b"here"))

        with ScriptedServer(arrive) as other:

            def leave(connection: socket.socket) -> None:
                heads.append(server.read_head(connection))
                answer = response(b"", f"Location: {other.url}new", code=307)
                connection.sendall(answer)

            with ScriptedServer(leave) as server:
                words = [server.url, "--follow"]
                for field in ("Authorization: x", "cookie: a=x", "Host: x", "X-A: b"):
                    words += ["--header", field]
                self.assertEqual(self.inspect(*words)[0], 0)
        self.assertIn(b"Authorization: x\r\ncookie: a=x\r\nHost: x\r\n", heads[0])
        host = other.url.split("/")[2].encode()
        self.assertEqual(
            heads[1], b"GET /new HTTP/1.1\r\nHost: %b\r\nX-A: b\r\n\r\n" % host
        )

    def test_colours_are_for_terminals(self) -> None:
        hello = self.serve("hello")
        self.assertIn("\x1b[1mGET ", self.on_terminal(hello.url))
        self.assertNotIn("\x1b", self.on_terminal(hello.url, NO_COLOR="1"))

    def on_terminal(self, *words: str, **variables: str) -> str:
        """What a terminal gets."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        program = subprocess.Popen(
            [str(BIN / "dartio"), "inspect", *words],
            env=environment(self.home) | {"TERM": "xterm"} | variables,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        self.addCleanup(program.kill)
        shown = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while part := os.read(master, 65536):
                shown += part
        program.wait(PATIENCE)
        return shown.decode()

    def test_wrong_command_lines(self) -> None:
        for words, why in (
            (("ftp://a",), "no http or https URL"),
            (("a", "--header", "X : y"), "no header field: write NAME: VALUE"),
            (("a", "--header", "X: a\r\nY: b"), "no header field"),
            (("a", "--method", "GET /"), "no method"),
            (("a", "--raw", "/no/such/file"), "No such file"),
            (("a", "--raw", "/dev/zero"), "/dev/zero: it has more than 16777216 bytes"),
        ):
            code, out, said = self.inspect(*words)
            self.assertEqual((code, out), (2, ""))
            self.assertIn(why, said)
        for other in (("--data", "x"), ("--method", "PUT"), ("--follow",)):
            code, _, said = self.inspect("a", "--raw", "-", *other, data=b"x")
            self.assertEqual(code, 2)
            self.assertIn("error: --raw goes without", said)
        code, _, said = self.inspect("a", "--raw", "-", data=b"")
        self.assertEqual(code, 2)
        self.assertIn("argument --raw: -: there is nothing to send: it is empty", said)


class SecureTests(InspectCase):
    """TLS, and what is wrong with it."""

    def test_certificate_that_is_trusted(self) -> None:
        secure = self.serve("hello-secure", "--store", "kept")
        (path,) = (self.here / "kept").glob("*cert*.pem")
        url = secure.url.replace("127.0.0.1", "localhost")
        told = self.told(url, "--cacert", str(path))
        tls = told["tls"]
        self.assertEqual((tls["version"], tls["problem"]), ("TLSv1.3", None))
        (certificate,) = tls["certificates"]
        self.assertEqual(certificate["subject"], "CN=localhost")
        self.assertIn("localhost", certificate["names"])
        self.assertRegex(certificate["not_after"], r"^\d{4}-\d\d-\d\dT")
        self.assertRegex(certificate["sha256"], r"^[0-9a-f]{64}$")
        self.assertGreaterEqual(told["times"]["tls"], 0)
        code, out, _ = self.inspect(url, "--cacert", str(path))
        self.assertEqual(code, 0)
        self.assertRegex(out, r"\n  TLS +[\d.]+ ms  TLSv1.3, TLS_")
        self.assertIn("\n  subject      CN=localhost\n", out)

    def test_certificate_that_is_wrong_is_shown_and_nothing_is_sent(self) -> None:
        authority = Signer(self.folder)
        name = x509.DNSName("localhost")
        trusted = "--cacert", str(authority.path)
        for signer, words, why in (
            (
                Signer(self.folder, name),
                (),
                "is not trusted (--cacert FILE): it is self",
            ),
            (
                Signer(self.folder, name, issuer=authority),
                (),
                "is not trusted (--cacert FILE): its authority is not known",
            ),
            (
                Signer(self.folder, x509.DNSName("other.example"), issuer=authority),
                trusted,
                "is for another host: other.example",
            ),
            (
                Signer(self.folder, name, issuer=authority, days=(-9, -5)),
                trusted,
                "has expired on ",
            ),
        ):
            received: list[bytes] = []

            def listen(
                connection: socket.socket, received: list[bytes] = received
            ) -> None:
                with contextlib.suppress(OSError):
                    received.append(connection.recv(65536))
                    connection.sendall(response(b"hello"))

            tls = signer.server_context()
            with ScriptedServer(listen, tls=tls) as server:
                url = f"https://localhost:{server.port}/"
                code, out, said = self.inspect(url, *words)
                self.assertEqual(code, 1)
                self.assertIn(f"dartio: certificate of localhost {why}", said)
                self.assertIn("Certificate 1\n  subject      CN=test ", out)
                self.assertIn("\nThe certificate " + why, out)
                self.assertNotIn("Request", out)
                told = self.told(url, *words, code=1)
                self.assertIn(why, told["tls"]["problem"])
                self.assertIsNone(told["response"])
                self.assertEqual(b"".join(received), b"")
                told = self.told(url, *words, "--insecure")
                self.assertIn(why, told["tls"]["problem"])
                self.assertIsNone(told["failure"])
                self.assertTrue(received[-1].startswith(b"GET / HTTP/1.1\r\n"))

    def test_no_tls_where_it_is_asked_for_and_the_other_way_round(self) -> None:
        hello = self.serve("hello")
        code, _, said = self.inspect(hello.url.replace("http", "https"))
        self.assertEqual(code, 1)
        self.assertIn("no TLS at 127.0.0.1", said)
        alert = b"\x15\x03\x03\x00\x02\x02\x46"
        code, out, said = self.answered(alert)
        self.assertEqual(code, 1)
        self.assertIn("do not begin like a response", said)
        self.assertIn("  | 00000000  15 03 03 00", out)

    def test_tls_that_hangs(self) -> None:
        def hang(connection: socket.socket) -> None:
            while connection.recv(65536):
                pass

        with ScriptedServer(hang) as server:
            url = server.url.replace("http", "https")
            code, _, said = self.inspect(url, "--timeout", "0.3")
        self.assertEqual(code, 1)
        self.assertIn("no answer from", said)


class FaultTests(InspectCase):
    """Servers that do something wrong."""

    def test_server_that_is_not_there(self) -> None:
        for url, why in (
            ("http://nobody.invalid/", "no host of that name: nobody.invalid"),
            (f"http://127.0.0.1:{free_port()}/", "no server answers at"),
        ):
            code, out, said = self.inspect(url)
            self.assertEqual((code, out), (1, ""))
            self.assertIn(why, said)
            told = self.told(url, code=1)
            self.assertIn(why, told["failure"])
            self.assertIsNone(told["response"])

    def test_server_that_is_not_http(self) -> None:
        for answer in (b"220 ready\r\n", b"<html>old</html>", b"\0\xff" * 500, EVIL):
            code, out, said = self.answered(answer)
            self.assertEqual(code, 1, out)
            self.assertIn("URL: These bytes do not begin like a response", said)
            self.assertIn("not-http", out)
            self.assertTrue(all(line.isprintable() for line in out.split("\n")), out)

    def test_server_that_is_not_http_and_stays_is_not_waited_for(self) -> None:
        def greet(connection: socket.socket) -> None:
            connection.sendall(b"220 ready\r\n")
            server.read_head(connection)
            connection.recv(1)

        with ScriptedServer(greet) as server:
            code, _, said = self.inspect(server.url, "--timeout", "20")
        self.assertEqual(code, 1)
        self.assertIn("do not begin like a response", said)

    def test_server_that_closes(self) -> None:
        for answer, why in (
            (b"", "no answer from URL: it closed the connection"),
            (OK, "ended before the message did"),
            (OK + b"Content-Length: 9\r\n\r\nhalf", "ended before the message did"),
            (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", "ended before"),
        ):
            code, _, said = self.answered(answer)
            self.assertEqual(code, 1)
            self.assertIn(why, said)

    def test_server_that_hangs(self) -> None:
        def hang(connection: socket.socket) -> None:
            server.read_head(connection)
            connection.sendall(OK + b"Content-Length: 9\r\n\r\nhalf")
            connection.recv(1)

        with ScriptedServer(hang) as server:
            code, out, said = self.inspect(server.url, "--timeout", "0.5")
        self.assertEqual(code, 1)
        self.assertIn("no complete answer from", said)
        self.assertIn("within 0.5 seconds (--timeout)", said)
        self.assertIn("\n  | half\n", out)

    def test_body_that_ends_with_the_connection_is_whole(self) -> None:
        code, out, said = self.answered(OK + b"\r\nhello")
        self.assertEqual((code, said), (0, ""))
        self.assertIn("\n  | hello\n", out)

    def test_endless_body_is_cut(self) -> None:
        def pour(connection: socket.socket) -> None:
            server.read_head(connection)
            connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
            with contextlib.suppress(OSError):
                while True:
                    connection.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")

        with ScriptedServer(pour) as server:
            code, out, _ = self.inspect(server.url)
            self.assertEqual(code, 0)
            self.assertIn("no more than 1048576 bytes were read", out)
            told = self.told(server.url)
        self.assertTrue(told["cut"])
        self.assertEqual(told["response"]["kept"], 1 << 20)

    def test_endless_head_is_cut(self) -> None:
        def pour(connection: socket.socket) -> None:
            server.read_head(connection)
            connection.sendall(OK)
            with contextlib.suppress(OSError):
                while True:
                    connection.sendall(b"A: b\r\n" * 1000)

        with ScriptedServer(pour) as server:
            code, _, said = self.inspect(server.url)
        self.assertEqual(code, 1)
        self.assertIn("header fields without an end", said)

    def test_control_characters_are_escaped(self) -> None:
        for answer in (
            b"HTTP/1.1 200 " + EVIL + b"\r\n\r\n",
            OK + b"X: " + EVIL + b"\r\nContent-Length: 0\r\n\r\n",
            OK + b"Content-Length: 27\r\n\r\n" + EVIL,
            OK + b"Transfer-Encoding: chunked\r\n\r\n" + EVIL,
            OK + b"Location: http://a/" + EVIL + b"\r\n\r\n",
        ):
            _, out, said = self.answered(answer)
            for line in (out + said).split("\n"):
                self.assertTrue(line.isprintable(), ascii(line))


class ProxyTests(InspectCase):
    """Proxies of the environment are asked."""

    def test_http_by_proxy_is_asked_for_the_whole_url(self) -> None:
        with ScriptedServer(response(b"by proxy")) as proxy:
            url = f"http://pu:pw@127.0.0.1:{proxy.port}"
            code, out, _ = self.inspect("http://nobody.invalid/x", http_proxy=url)
            self.assertEqual(code, 0)
            head = proxy.requests[-1]
        self.assertTrue(head.startswith(b"GET http://nobody.invalid/x HTTP/1.1\r\n"))
        self.assertIn(b"Proxy-Authorization: Basic cHU6cHc=\r\n", head)
        self.assertIn(f"  proxy        http://127.0.0.1:{proxy.port}", out)

    def test_https_by_proxy_shows_the_servers_certificate(self) -> None:
        def tunnel(connection: socket.socket) -> None:
            head = proxy.read_head(connection)
            host, _, port = head.split()[1].decode().rpartition(":")
            with socket.create_connection((host, int(port)), PATIENCE) as onward:
                connection.sendall(b"HTTP/1.1 200 Open\r\n\r\n")
                ends = {connection: onward, onward: connection}
                while True:
                    for end in select.select(list(ends), [], [], PATIENCE)[0]:
                        data = end.recv(65536)
                        if not data:
                            return
                        ends[end].sendall(data)

        authority = Signer(self.folder)
        name = x509.DNSName("localhost")
        tls = Signer(self.folder, name, issuer=authority).server_context()
        with (
            ScriptedServer(tunnel) as proxy,
            ScriptedServer(response(b"hello"), tls=tls) as server,
        ):
            url = f"https://localhost:{server.port}/"
            trusted = "--cacert", str(authority.path)
            code, out, said = self.inspect(url, *trusted, https_proxy=proxy.url)
            self.assertEqual((code, said), (0, ""))
            self.assertIn("\nCertificate 1\n", out)
            self.assertIn("\n  | hello\n", out)

    def test_proxy_that_does_not_answer_and_raw_bytes(self) -> None:
        url = f"http://u:secret@127.0.0.1:{free_port()}"
        code, _, said = self.inspect("http://nobody.invalid/", http_proxy=url)
        self.assertEqual(code, 1)
        self.assertIn("no proxy answers at", said)
        self.assertNotIn("secret", said)
        code, _, said = self.inspect(
            "http://nobody.invalid/", "--raw", "-", data=b"GET", http_proxy=url
        )
        self.assertEqual(code, 1)
        self.assertIn("no_proxy=nobody.invalid goes without it", said)

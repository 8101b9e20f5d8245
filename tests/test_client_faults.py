"""
``dartio``, against servers that break off, lie, hang, or speak another protocol.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import pty
import select
import socket
import struct
import subprocess
import threading
import zlib
from ipaddress import ip_address

import brotli
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

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
from .support.programs import need
from .support.scripted_server import ScriptedServer, response

HELLO = b"Hello, world!"

BOMB_BYTES = 64 << 20

HEAD = b"HTTP/1.1 200 OK\r\n"

CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


class FaultCase(Case):
    """Runs ``dartio`` against a scripted server."""

    def dartio(self, *words: str, **variables: str) -> tuple[int, bytes, str]:
        """Run it with *variables* in its environment; exit code, stdout, stderr."""
        place = Place(self.here, self.home, variables)
        ended = finished((str(BIN / "dartio"), *words), place)
        said = ended.stderr.decode()
        self.assertNotIn("Traceback", said)
        self.assertLessEqual(said.count("\n"), 1, said)
        return ended.returncode, ended.stdout, said

    def served(self, server: ScriptedServer) -> ScriptedServer:
        """Start *server*, until the end of the test."""
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def get(self, answer: bytes, *words: str) -> tuple[int, bytes, str]:
        """What ``dartio get`` makes of *answer*."""
        with ScriptedServer(answer) as server:
            code, out, said = self.dartio("get", server.url, *words)
            return code, out, said.replace(server.url, "URL")

    def fails(self, answer: bytes, why: str, out: bytes = b"") -> None:
        """``dartio get`` of *answer* ends with one line that says *why*."""
        code, printed, said = self.get(answer)
        self.assertEqual((code, printed), (1, out), said)
        self.assertIn(why, said)


class AddressTests(FaultCase):
    """URLs with addresses, users and passwords."""

    def test_ipv6_address(self) -> None:
        with ScriptedServer(response(HELLO), address="::1") as server:
            place = f"[::1]:{server.port}"
            for url in (f"http://{place}/x", place, f"http://[::1%25lo]:{server.port}"):
                self.assertEqual(self.dartio("get", url), (0, HELLO, ""))
            for head in server.requests:
                self.assertIn(f"Host: {place}\r\n".encode(), head)

    def test_user_and_password_are_sent_and_not_shown(self) -> None:
        with ScriptedServer(response(b"", code=401)) as server:
            url = server.url.replace("//", "//us%40er:se%63ret@")
            _, _, said = self.dartio("get", url)
            self.assertEqual(said, f"dartio: {server.url} answers 401 Unauthorized\n")
            [head] = server.requests
            self.assertIn(b"Authorization: Basic dXNAZXI6c2VjcmV0\r\n", head)
            self.assertIn(b"GET / HTTP", head)

    def test_password_stays_at_its_origin_when_redirected(self) -> None:
        with ScriptedServer(response(HELLO)) as second:
            leads_on = response(b"", f"Location: {second.url}", code=302)
            with ScriptedServer(leads_on) as first:
                url = first.url.replace("//", "//user:secret@")
                self.assertEqual(self.dartio("get", url), (0, HELLO, ""))
                self.assertIn(b"Authorization", first.requests[0])
            self.assertNotIn(b"Authorization", second.requests[0])

    def test_unknown_host(self) -> None:
        code, _, said = self.dartio("get", "http://nobody.invalid/")
        self.assertEqual(code, 1)
        self.assertEqual(said, "dartio: no host of that name: nobody.invalid\n")

    def test_host_whose_name_has_underscores(self) -> None:
        _, _, said = self.dartio("get", "http://my_service.invalid/")
        self.assertEqual(said, "dartio: no host of that name: my_service.invalid\n")
        for command in ("get", "inspect"):
            code, _, said = self.dartio(command, "https://my_service.invalid/")
            self.assertEqual(code, 1)
            self.assertIn("dartio: no TLS with my_service.invalid: ", said)
        with ScriptedServer(response(HELLO)) as proxy:
            came = self.dartio("get", "http://my_service:81/x", http_proxy=proxy.url)
            self.assertEqual(came, (0, HELLO, ""))
            self.assertIn(b"GET http://my_service:81/x HTTP", proxy.requests[0])
            self.assertIn(b"Host: my_service:81\r\n", proxy.requests[0])


class BrokenOffTests(FaultCase):
    """What does not come whole is a failure, and the line says how much came."""

    def test_content_that_breaks_off(self) -> None:
        self.fails(
            response(b"0123456789", length=100),
            "URL: incomplete: 10 of 100 bytes\n",
            b"0123456789",
        )
        for cut in (b"5\r\nhello\r\n", b"ff\r\nhello", b"5\r\nhello\r\n0\r\n"):
            self.fails(CHUNKED + cut, "URL: incomplete: closed after 5 bytes", b"hello")

    def test_compressed_content_that_breaks_off(self) -> None:
        whole = gzip.compress(os.urandom(1000))
        for length in (1, 500, len(whole) - 1):
            answer = response(whole[:length], "Content-Encoding: gzip")
            code, _, said = self.get(answer)
            self.assertEqual(code, 1)
            self.assertIn("URL: incomplete: the gzip content ends too early", said)

    def test_head_that_breaks_off(self) -> None:
        self.fails(b"", "no answer from URL: it closed the connection")
        self.fails(HEAD + b"Content-Le", "incomplete: URL closed the connection within")

    def test_connection_that_is_reset(self) -> None:
        def reset(connection: socket.socket) -> None:
            server.read_head(connection)
            connection.sendall(HEAD + b"\r\nhello")
            arrived.wait(PATIENCE)
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

        arrived = threading.Event()
        with ScriptedServer(reset) as server:
            client = subprocess.Popen(
                [str(BIN / "dartio"), "get", server.url],
                env=environment(self.home),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            self.addCleanup(client.kill)
            assert client.stdout is not None
            self.assertEqual(client.stdout.read(5), b"hello")
            arrived.set()
            _, said = client.communicate(timeout=PATIENCE)
        self.assertEqual(client.returncode, 1)
        self.assertIn(b"incomplete: broken off after 5 bytes", said)


class CodingTests(FaultCase):
    """Content codings, as servers name and send them."""

    def test_content_is_decoded(self) -> None:
        member = gzip.compress(HELLO)
        for name, content, expected in (
            ("x-gzip", member + member, HELLO * 2),
            ("deflate", zlib.compress(HELLO)[2:-4], HELLO),
            ("br, gzip", gzip.compress(brotli.compress(HELLO)), HELLO),
        ):
            answer = response(content, f"Content-Encoding: {name}")
            self.assertEqual(self.get(answer), (0, expected, ""), name)

    def test_broken_content_is_told(self) -> None:
        broken = bytearray(gzip.compress(HELLO))
        broken[-8] ^= 1
        for content, name, why in (
            (bytes(broken), "gzip", "URL: the gzip content is broken: "),
            (b"\xff\xff\xff", "br", "URL: the br content is broken: "),
            (HELLO, "compress", "the content coding 'compress' is not known"),
        ):
            self.fails(response(content, f"Content-Encoding: {name}"), why)

    def test_bomb_fills_no_memory_and_can_be_stopped(self) -> None:
        bomb = brotli.compress(b"\0" * BOMB_BYTES)
        answer = response(bomb, "Content-Encoding: br")
        with ScriptedServer(answer) as server:
            limit = "ulimit -v 300000; dartio get"
            for line, code, length in (
                (f"{limit} {server.url} | wc -c", 0, str(BOMB_BYTES)),
                (f"{limit} {server.url} | head -c 10 | wc -c", 0, "10"),
                (f"{limit} {server.url} --timeout 0.001 | wc -c", 1, None),
            ):
                ended = subprocess.run(
                    ["bash", "-o", "pipefail", "-c", line],
                    env=environment(self.home),
                    capture_output=True,
                    text=True,
                    timeout=PATIENCE,
                    check=False,
                )
                self.assertEqual(ended.returncode, code, ended.stderr)
                if length:
                    self.assertEqual(ended.stdout.strip(), length)
            code, _, said = self.dartio("note", "--get", "0", "--url", server.url)
            self.assertEqual(code, 1)
            self.assertIn("answers more than 1048576 bytes", said)


class NonsenseTests(FaultCase):
    """Answers that are no answers cost one line."""

    def test_redirects_that_lead_nowhere(self) -> None:
        for location in ("ftp://x/", "http://[::1/", ""):
            self.fails(
                response(b"", f"Location: {location}", code=302),
                f"URL redirects to {location!r}, which is no http or https URL",
            )
        self.fails(
            response(b"", "Location: http://u:p@localhost/", code=302),
            "redirects to 'http://localhost/', which is a URL with a user name",
        )
        self.fails(
            response(b"", "Location: /é", code=302), "more than 20 redirects, the last"
        )
        gone = f"http://127.0.0.1:{free_port()}/gone"
        self.fails(
            response(b"", f"Location: {gone}", code=302), f"no server answers at {gone}"
        )

    def test_status_codes_that_are_none(self) -> None:
        rest = b" x\r\nContent-Length: 2\r\n\r\nhi"
        for code in (b"000", b"-20", b"99", b"600", b"1000", b"2_00", b"+200", b"0200"):
            why = f"URL answers with {code.decode()!r}, which is no status code"
            self.fails(b"HTTP/1.1 " + code + rest, why)
        self.fails(b"HTTP/1.1 304" + rest, "URL answers 304 Not Modified, but no cond")

    def test_status_codes_have_the_names_of_today(self) -> None:
        for code, name in (
            (413, "Content Too Large"),
            (416, "Range Not Satisfiable"),
            (421, "Misdirected Request"),
            (422, "Unprocessable Content"),
            (429, "Too Many Requests"),
            (505, "HTTP Version Not Supported"),
        ):
            self.fails(response(b"", code=code), f"URL answers {code} {name}\n")

    def test_informational_responses_alone(self) -> None:
        switching = b"HTTP/1.1 101 x\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
        why = "URL switches to another protocol (101), which was not asked for"
        self.fails(switching, why)
        self.fails(b"HTTP/1.1 103 x\r\n\r\n", "URL answers 103 Early Hints, and no")
        early = b"HTTP/1.1 103 x\r\nLink: </x>\r\n\r\n" + response(HELLO)
        self.assertEqual(self.get(early), (0, HELLO, ""))

    def test_what_is_no_response(self) -> None:
        for answer, why in (
            (b"220 ready\r\n", "URL does not answer in HTTP: '220 ready"),
            (b"HTTP/1.1 abc OK\r\n\r\n", "response: no status code: 'HTTP/1.1 abc OK'"),
            (b"HTTP/1.x 200 OK\r\n\r\n", "response: no version of HTTP: 'HTTP/1.x'"),
            (
                HEAD + b"Content-Length: -5\r\n\r\n",
                "Content-Length is not a number: '-5'",
            ),
            (HEAD + b"Content-Length: \r\n\r\n", "Content-Length is not a number: ''"),
            (
                HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
                "response: its Content-Length has thousands of digits\n",
            ),
            (HEAD + b"A : b\r\n\r\n", "response: no name of a header field: 'a '"),
            (HEAD + b" A: b\r\n\r\n", "its first header field begins with a space"),
            (HEAD + b"A: b\r\n" * 100000 + b"\r\n", "header fields without an end"),
            (CHUNKED + b"zz\r\n", "URL: malformed after 0 bytes: "),
        ):
            self.fails(answer, why)

    def test_no_answer_makes_a_line_that_fills_the_terminal(self) -> None:
        for field in (b"Location: /" + b"a" * 15000, b"Location: x:" + b"a" * 15000):
            head = b"HTTP/1.1 302 x\r\nContent-Length: 0\r\n%b\r\n\r\n" % field
            with ScriptedServer(head) as server:
                code, _, said = self.dartio("get", server.url)
            self.assertEqual(code, 1)
            self.assertLess(len(said), 1100)
            self.assertTrue(said.endswith("...\n"), said)

    def test_cookie_and_charset_that_nobody_knows(self) -> None:
        answer = response(
            b"one \xff\n",
            "Set-Cookie: a=é",
            "Content-Type: text/plain; charset=nope",
            "Access-Control-Allow-Methods: POST, OPTIONS",
        )
        with ScriptedServer(answer) as server:
            code, out, said = self.dartio("note", "--get", "0", "--url", server.url)
        self.assertEqual((code, out.decode(), said), (0, "one \ufffd\n", ""))
        latin = answer.replace(b"charset=nope", b"charset=\xe9")
        with ScriptedServer(latin) as server:
            code, out, said = self.dartio("note", "--get", "0", "--url", server.url)
        self.assertEqual((code, out.decode(), said), (0, "one \ufffd\n", ""))

    def test_control_characters_in_an_error_are_escaped(self) -> None:
        evil = b"\x1b]0;owned\x07\x1b[2J\nsecond\r\xc2\x9b"
        with ScriptedServer(
            response(evil, "Access-Control-Allow-Origin: *", code=404)
        ) as server:
            for line in (("guess",), ("note", "x"), ("write",)):
                _, _, said = self.dartio(*line, "--url", server.url)
                self.assertIn(r"\x1b", said)
                self.assertTrue(said.removesuffix("\n").isprintable(), said)
        for answer in (
            b"\x1b[2J",
            HEAD + b"Content-Length: \x1b[2J\r\n\r\n",
            response(b"x", "Content-Encoding: \x1b[2J"),
        ):
            _, _, said = self.get(answer)
            self.assertTrue(said.removesuffix("\n").isprintable(), said)


class NothingToDecodeTests(FaultCase):
    """A content coding that is not known, where there is no content."""

    def test_it_does_not_matter(self) -> None:
        for code in (200, 204):
            answer = response(b"", "Content-Encoding: foo", code=code)
            self.assertEqual(self.get(answer), (0, b"", ""))

    def test_it_does_not_matter_where_nobody_wants_the_content(self) -> None:
        coding = "Content-Encoding: foo"
        with ScriptedServer(response(HELLO)) as second:
            to = f"Location: {second.url}"
            self.assertEqual(
                self.get(response(b"xx", to, coding, code=302)), (0, HELLO, "")
            )
        self.fails(response(b"xx", coding, code=404), "404", b"xx")


class TerminalTests(FaultCase):
    """What a server sends does not steer the terminal."""

    def on_terminal(self, *words: str) -> str:
        """What a terminal shows of ``dartio`` with *words*."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        client = subprocess.Popen(
            [str(BIN / "dartio"), *words],
            env=environment(self.home),
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        self.addCleanup(client.kill)
        shown = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while part := os.read(master, 65536):
                shown += part
        client.wait(PATIENCE)
        return shown.decode().replace("\r\n", "\n")

    def test_terminal_gets_escapes_and_pipe_gets_bytes(self) -> None:
        evil = b"\x1b[2Jred\x07\n"
        notes = "Access-Control-Allow-Methods: POST, OPTIONS"
        with ScriptedServer(response(evil, notes)) as server:
            for line in (
                ("get", server.url),
                ("note", "--get", "0", "--url", server.url),
            ):
                self.assertEqual(self.on_terminal(*line), "\\x1b[2Jred\\x07\n")
                self.assertEqual(self.dartio(*line)[1], evil)

    def test_error_stands_on_its_own_line(self) -> None:
        with ScriptedServer(response(b"half", length=8)) as server:
            shown = self.on_terminal("get", server.url)
            why = f"dartio: {server.url}: incomplete: 4 of 8 bytes"
            self.assertEqual(shown, f"half\n{why}\n")


class TLSFaultTests(FaultCase):
    """What is wrong with a secure connection is said."""

    def setUp(self) -> None:
        super().setUp()
        self.authority = Signer(self.folder)
        self.name = x509.DNSName("localhost")

    def secure(
        self, certificate: Signer, *words: str, host: str = "localhost"
    ) -> tuple[int, str]:
        """What ``dartio get`` says of a server with *certificate*."""
        tls = certificate.server_context()
        with ScriptedServer(response(HELLO), tls=tls) as server:
            url = f"https://{host}:{server.port}/"
            code, _, said = self.dartio("get", url, *words)
            return code, said.removeprefix("dartio: ").removesuffix("\n")

    def test_trusted_certificate(self) -> None:
        certificate = Signer(self.folder, self.name, issuer=self.authority)
        bundle = self.folder / "bundle.pem"
        other = Signer(self.folder)
        bundle.write_bytes(other.path.read_bytes() + self.authority.path.read_bytes())
        for path in (self.authority.path, bundle):
            said = self.secure(certificate, "--cacert", str(path))
            self.assertEqual(said, (0, ""))
        by_address = Signer(
            self.folder, x509.IPAddress(ip_address("127.0.0.1")), issuer=self.authority
        )
        said = self.secure(
            by_address, "--cacert", str(self.authority.path), host="127.0.0.1"
        )
        self.assertEqual(said, (0, ""))

    def test_trusted_may_come_through_a_pipe(self) -> None:
        certificate = Signer(self.folder, self.name, issuer=self.authority)
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        copy = ["cp", str(self.authority.path), str(pipe)]
        with subprocess.Popen(copy) as copying:
            self.assertEqual(self.secure(certificate, "--cacert", str(pipe)), (0, ""))
            self.assertEqual(copying.wait(PATIENCE), 0)
        code, said = self.secure(certificate, "--cacert", "/dev/zero")
        self.assertEqual(code, 1)
        self.assertEqual(said, "/dev/zero: it has more than 16777216 bytes")

    def test_trusted_is_the_server_or_whoever_is_between_it_and_a_root(self) -> None:
        between = Signer(self.folder, issuer=self.authority, is_authority=True)
        certificate = Signer(self.folder, self.name, issuer=between)
        for path in (between.path, certificate.path):
            said = self.secure(certificate, "--cacert", str(path))
            self.assertEqual(said, (0, ""))
        other = Signer(self.folder, self.name, issuer=between)
        _, why = self.secure(certificate, "--cacert", str(other.path))
        self.assertIn("its authority is not known", why)

    def test_names_that_are_no_pattern_keep_no_other_from_matching(self) -> None:
        odd = ("*.localhost", "192.168.0.1", "*", "*.*.example.com", "*.1.2.3", "")
        names = [*map(x509.DNSName, odd), self.name]
        certificate = Signer(self.folder, *names, issuer=self.authority)
        said = self.secure(certificate, "--cacert", str(self.authority.path))
        self.assertEqual(said, (0, ""))

    def test_certificate_that_is_not_trusted(self) -> None:
        why = "certificate of localhost is not trusted (--cacert FILE): "
        code, said = self.secure(Signer(self.folder, self.name))
        self.assertEqual((code, said), (1, why + "it is self-signed"))
        signed = Signer(self.folder, self.name, issuer=self.authority)
        code, said = self.secure(signed)
        self.assertEqual((code, said), (1, why + "its authority is not known"))
        code, said = self.secure(signed, "--cacert", str(Signer(self.folder).path))
        self.assertEqual((code, said), (1, why + "its authority is not known"))

    def test_certificate_for_another_name(self) -> None:
        trusted = "--cacert", str(self.authority.path)
        for names, host, why in (
            (
                [x509.DNSName("other.example")],
                "localhost",
                "is for another host: other.example",
            ),
            ([self.name], "127.0.0.1", "is for another host: localhost"),
            (
                [x509.IPAddress(ip_address("::1"))],
                "localhost",
                "is for another host: ::1",
            ),
            ([], "localhost", "names no host"),
        ):
            certificate = Signer(self.folder, *names, issuer=self.authority)
            code, said = self.secure(certificate, *trusted, host=host)
            self.assertEqual(code, 1, said)
            self.assertEqual(said, f"certificate of {host} {why}")

    def test_a_file_of_authorities_with_odd_numbers_needs_no_word(self) -> None:
        need("openssl", "a certificate whose serial number is 0")
        key, cert = self.folder / "zero.key", self.folder / "zero.pem"
        line = f"openssl req -x509 -newkey ed25519 -nodes -keyout {key} -out {cert}"
        made = [*line.split(), "-subj", "/CN=zero", "-set_serial", "0"]
        subprocess.run(made, check=True, capture_output=True)
        trusted = self.folder / "both.pem"
        trusted.write_bytes(self.authority.path.read_bytes() + cert.read_bytes())
        certificate = Signer(self.folder, self.name, issuer=self.authority)
        self.assertEqual(self.secure(certificate, "--cacert", str(trusted)), (0, ""))

    def test_certificate_out_of_its_time_or_purpose(self) -> None:
        trusted = "--cacert", str(self.authority.path)
        purpose = [ExtendedKeyUsageOID.CLIENT_AUTH]
        for days, usages, why in (
            ((-9, -5), [], r"has expired on \d{4}-\d\d-\d\d"),
            ((5, 9), [], r"is not valid before \d{4}-\d\d-\d\d"),
            ((-9, 9), purpose, "is not meant for a server"),
        ):
            certificate = Signer(
                self.folder, self.name, issuer=self.authority, days=days, usages=usages
            )
            code, said = self.secure(certificate, *trusted)
            self.assertEqual(code, 1)
            self.assertRegex(said, f"^certificate of localhost {why}$")
        code, said = self.secure(Signer(self.folder, self.name, days=(-9, -5)))
        self.assertRegex(said, "self-signed, and it has expired on ")

    def test_https_where_there_is_no_tls(self) -> None:
        def closes(connection: socket.socket) -> None:
            connection.recv(1)

        def answers_plainly(connection: socket.socket) -> None:
            connection.recv(1)
            connection.sendall(response(b"", code=400))

        for script in (closes, answers_plainly):
            with ScriptedServer(script) as server:
                url = server.url.replace("http", "https")
                code, _, said = self.dartio("get", url)
                self.assertEqual(code, 1)
                self.assertIn(f"no TLS at 127.0.0.1:{server.port}", said)
                self.assertIn("http://", said)

    def test_http_where_there_is_tls(self) -> None:
        def alert(connection: socket.socket) -> None:
            connection.recv(65536)
            connection.sendall(b"\x15\x03\x03\x00\x02\x02\x46")

        with ScriptedServer(alert) as server:
            code, _, said = self.dartio("get", server.url)
            self.assertEqual(code, 1)
            self.assertIn(f"127.0.0.1:{server.port} speaks TLS: is it https://", said)
        tls = Signer(self.folder, self.name).server_context()
        with ScriptedServer(response(HELLO), tls=tls) as server:
            url = server.url.replace("https", "http")
            code, _, said = self.dartio("get", url)
            self.assertEqual(code, 1)
            self.assertIn("is it https:// ?", said)

    def test_host_that_is_a_number(self) -> None:
        for command in ("get", "inspect"):
            for host in ("4047", "2130706433:1", "0.:1"):
                code, _, said = self.dartio(command, f"https://{host}/")
                number = host.partition(":")[0]
                self.assertEqual(code, 1)
                self.assertEqual(
                    said,
                    f"dartio: no TLS with {number}: no certificate is for a number; "
                    "write the host's name\n",
                )

    def test_server_that_closes_before_there_is_a_head(self) -> None:
        """Within the handshake, or right behind it."""
        certificate = Signer(self.folder, self.name, issuer=self.authority)
        trusted = "--cacert", str(self.authority.path)
        for in_handshake in (True, False):

            def close(
                connection: socket.socket, in_handshake: bool = in_handshake
            ) -> None:
                if in_handshake:
                    connection.recv(1)
                    connection.sendall(b"\x16\x03\x03\x00\x7a\x02\x00")
                else:
                    server.read_head(connection)

            tls = None if in_handshake else certificate.server_context()
            with ScriptedServer(close, tls=tls) as server:
                url = f"https://localhost:{server.port}/"
                code, _, said = self.dartio("get", url, *trusted)
                self.assertEqual(code, 1)
                self.assertNotIn("within its header fields", said)
                self.assertIn("closed the connection", said)

    def test_connection_cut_without_a_word(self) -> None:
        def cut(connection: socket.socket) -> None:
            server.read_head(connection)
            connection.sendall(HEAD + b"\r\nhello")
            plain = socket.socket(fileno=os.dup(connection.fileno()))
            with plain:
                plain.shutdown(socket.SHUT_RDWR)

        tls = Signer(self.folder, self.name, issuer=self.authority).server_context()
        with ScriptedServer(cut, tls=tls) as server:
            url = f"https://localhost:{server.port}/"
            trusted = "--cacert", str(self.authority.path)
            code, out, said = self.dartio("get", url, *trusted)
            self.assertEqual((code, out), (1, b"hello"))
            self.assertIn("incomplete: broken off after 5 bytes", said)


class TimeoutTests(FaultCase):
    """``--timeout`` ends an exchange wherever it hangs."""

    def hangs(self, *sent: bytes, client: str = "get") -> str:
        def hang(connection: socket.socket) -> None:
            server.read_head(connection)
            for part in sent:
                connection.sendall(part)
            connection.recv(1)  # until the client has gone

        with ScriptedServer(hang) as server:
            url = [server.url] if client == "get" else ["x", "--url", server.url]
            code, _, said = self.dartio(client, *url, "--timeout", "1")
            self.assertEqual(code, 1)
            return said

    def test_server_that_hangs(self) -> None:
        self.assertIn("within 1 second (--timeout)", self.hangs())
        self.assertIn("within 1 second (--timeout)", self.hangs(HEAD))
        for client in ("get", "note"):
            said = self.hangs(response(b"half", length=8), client=client)
            self.assertIn("not complete within 1 second (--timeout)", said)

    def test_tls_that_hangs(self) -> None:
        def hang(connection: socket.socket) -> None:
            while connection.recv(65536):
                pass

        with ScriptedServer(hang) as server:
            url = server.url.replace("http", "https")
            code, _, said = self.dartio("get", url, "--timeout", "0.3")
            self.assertEqual(code, 1)
            self.assertIn("does it speak TLS?", said)


class ProxyTests(FaultCase):
    """Proxies of the environment are asked."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.served(ScriptedServer(self.pass_on))
        self.proxy_url = f"http://pu:pw@127.0.0.1:{self.proxy.port}"

    def pass_on(self, connection: socket.socket) -> None:
        """Answer a plain request; open a tunnel to where CONNECT asks for one."""
        head = self.proxy.read_head(connection)
        if not head.startswith(b"CONNECT"):
            connection.sendall(response(b"by proxy"))
            return
        host, _, port = head.split()[1].decode().rpartition(":")
        with socket.create_connection((host, int(port)), PATIENCE) as onward:
            connection.sendall(b"HTTP/1.1 200 Open\r\n\r\n")
            while True:
                ready, _, _ = select.select([connection, onward], [], [], PATIENCE)
                for end, other in ((connection, onward), (onward, connection)):
                    if end in ready:
                        data = end.recv(65536)
                        if not data:
                            return
                        other.sendall(data)

    def test_http_by_proxy(self) -> None:
        for variable in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            said = self.dartio(
                "get", "http://nobody.invalid/x", **{variable: self.proxy_url}
            )
            self.assertEqual(said, (0, b"by proxy", ""))
            head = self.proxy.requests[-1]
            self.assertTrue(head.startswith(b"GET http://nobody.invalid/x HTTP/1.1"))
            self.assertIn(b"Proxy-Authorization: Basic cHU6cHc=\r\n", head)

    def test_no_proxy(self) -> None:
        with ScriptedServer(response(HELLO)) as server:
            for exception in ("127.0.0.1", "*", f"x,127.0.0.1:{server.port}"):
                said = self.dartio(
                    "get", server.url, http_proxy=self.proxy_url, no_proxy=exception
                )
                self.assertEqual(said, (0, HELLO, ""))
                self.assertNotIn(b"Proxy-", server.requests[-1])
        self.assertEqual(self.proxy.requests, [])

    def test_https_by_proxy_is_as_secure_as_without(self) -> None:
        authority = Signer(self.folder)
        tls = Signer(
            self.folder, x509.DNSName("localhost"), issuer=authority
        ).server_context()
        with ScriptedServer(response(HELLO), tls=tls) as server:
            line = "get", f"https://localhost:{server.port}/"
            trusted = "--cacert", str(authority.path)
            said = self.dartio(*line, *trusted, https_proxy=self.proxy_url)
            self.assertEqual(said, (0, HELLO, ""))
            code, _, why = self.dartio(*line, https_proxy=self.proxy_url)
            self.assertEqual(code, 1)
            self.assertIn("certificate of localhost is not trusted", why)
            self.assertNotIn(b"Proxy-", server.requests[0])

    def test_proxy_that_does_not_answer(self) -> None:
        for scheme in ("http", "https"):
            code, _, said = self.dartio(
                "get",
                f"{scheme}://nobody.invalid/",
                all_proxy=f"http://u:secret@127.0.0.1:{free_port()}",
            )
            self.assertEqual(code, 1)
            self.assertIn("no proxy answers at http://127.0.0.1:", said)
            self.assertNotIn("secret", said)

    def test_proxy_that_opens_no_tunnel(self) -> None:
        with ScriptedServer(response(b"", code=403)) as proxy:
            code, _, said = self.dartio(
                "get", "https://nobody.invalid/", https_proxy=proxy.url
            )
        self.assertEqual(code, 1)
        self.assertIn("opens no tunnel to nobody.invalid:443: 403", said)

"""
Copies of requests, pasted where they belong: each sends the request that it is a copy
of, and does nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from dartio_tut.anatomy import copies

from .support.harness import PATIENCE, Case, environment
from .support.programs import need
from .support.scripted_server import ScriptedServer, response

HOSTILE = (
    b"'; touch owned; '",
    b'"; touch owned; "',
    b"$(touch owned)",
    b"`touch owned`",
    b"\\'; touch owned #",
    b"${IFS}touch${IFS}owned",
    b"@/etc/passwd",
    b"-K/etc/passwd",
    b"%s%n %d",
    b"</script><script>",
    b'"+require("fs").writeFileSync("owned","")+"',
    b'"; open("owned", "w"); "',
    b"!! !$ ~ * ? [a-z] {a,b} #",
    b"ends in a backslash \\",
    b"!! \xff !-1 !touch",
    b"\xff\xfe\xc3\xa9 \xe2\x80\xae",
)
"""What would do something if it got out of its quotes."""

LINE_BREAKS = (b"one\ntwo\n", b"\r\ntouch owned\r\n", b"\0\x1b[201~touch owned\n\x04")
"""What only a body may have."""


class Sent(NamedTuple):
    """A request, as far as it matters that a tool sends the same."""

    line: bytes
    fields: dict[str, list[bytes]]
    body: bytes


def sent(raw: bytes) -> Sent:
    """What *raw* means."""
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *lines = head.split(b"\r\n")
    fields: dict[str, list[bytes]] = {}
    for each in lines:
        name, _, value = each.partition(b":")
        fields.setdefault(name.decode().lower(), []).append(value.strip(b" \t"))
    if fields.get("transfer-encoding") == [b"chunked"]:
        body = unchunked(body)
    return Sent(line, fields, body)


def unchunked(body: bytes) -> bytes:
    """The content of chunks."""
    content = b""
    while True:
        size, _, rest = body.partition(b"\r\n")
        count = int(size, 16)
        if not count:
            return content
        content, body = content + rest[:count], rest[count + 2 :]


class CopyCase(Case):
    """Runs copies against a server that records what it gets."""

    def setUp(self) -> None:
        super().setUp()
        self.server = ScriptedServer(self.record)
        self.received: list[bytes] = []
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.base = self.server.url.removesuffix("/")

    def record(self, connection: socket.socket) -> None:
        """Read a whole request; answer it."""
        data = b""
        while not is_whole(data) and (more := connection.recv(65536)):
            data += more
        self.received.append(data)
        connection.sendall(response(b"", "Connection: close"))

    def paste(self, text: str, *program: str) -> bytes:
        """Give *text* to *program*; return the bytes that the server got."""
        self.assertTrue(text.replace("\n", "").isascii())
        self.assertTrue(text.replace("\n", "").isprintable(), text)
        before = len(self.received)
        ended = subprocess.run(
            program,
            input=text,
            cwd=self.here,
            env=environment(self.home),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        said = f"{text}\n{ended.stdout}{ended.stderr}"
        self.assertEqual(len(self.received), before + 1, said)
        self.assertEqual(os.listdir(self.here), [], said)
        return self.received[-1]

    def same(self, raw: bytes, got: bytes, added: tuple[str, ...] = ()) -> None:
        """Both requests mean the same, but for fields that a tool has *added*."""
        wanted, found = sent(raw), sent(got)
        for name in added:
            if name not in wanted.fields:
                found.fields.pop(name, None)
        self.assertEqual(found, wanted)

    def requests(self, are_few: bool = False) -> list[bytes]:
        """
        Requests of all kinds that every tool can send, hostile ones among them.

        :param are_few: whether what is hostile comes together, for tools that take
            their time to start.
        """
        host = b"Host: " + self.base.partition("://")[2].encode() + b"\r\n"
        plain = [
            b"GET / HTTP/1.1\r\n" + host + b"\r\n",
            b"GET /a/b%20c?d=e&f=$HOME HTTP/1.1\r\n" + host + b"\r\n",
            b"DELETE /3 HTTP/1.1\r\n" + host + b'If-Match: "x"\r\n\r\n',
            b"GET / HTTP/1.1\r\n" + host + b"X: y\r\nX: z\r\nEmpty:\r\n\r\n",
            b"M-SEARCH / HTTP/1.1\r\n" + host + b"\r\n",
        ]
        values: Sequence[bytes] = [b"; ".join(HOSTILE)] if are_few else HOSTILE
        bodies = [b"".join(HOSTILE + LINE_BREAKS)] if are_few else HOSTILE + LINE_BREAKS
        for text in values:
            plain.append(b"GET / HTTP/1.1\r\n" + host + b"X: " + text + b"\r\n\r\n")
        for text in bodies:
            plain.append(post(host + b"Content-Type: text/plain\r\n", text))
        plain.append(post(host, b'{"myNote": "Buy milk"}'))
        plain.append(post(host + b"Content-Type: a/b\r\n", bytes(range(256)) * 9))
        return plain


def post(fields: bytes, body: bytes) -> bytes:
    """A POST request."""
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    return b"POST /x HTTP/1.1\r\n" + fields + length + body


def is_whole(data: bytes) -> bool:
    """Whether *data* is a whole request."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return False
    fields = head.lower()
    if b"transfer-encoding: chunked" in fields:
        return body.endswith(b"0\r\n\r\n")
    _, found, rest = fields.partition(b"content-length: ")
    return not found or len(body) >= int(rest.split(b"\r\n")[0])


class CurlTests(CopyCase):
    """The copy for curl, pasted into a shell."""

    def setUp(self) -> None:
        super().setUp()
        need("curl", "the copy for curl")

    def curl(self, raw: bytes) -> bytes:
        """What the server gets when the copy of *raw* is run."""
        return self.paste(copies(raw, self.base)["curl"], "sh")

    def test_sends_the_same_request(self) -> None:
        for raw in self.requests():
            self.same(raw, self.curl(raw))

    def test_sends_what_only_curl_can_send(self) -> None:
        chunked = b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        for raw in (
            b"GET / HTTP/1.0\r\n\r\n",
            b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET http://b/x HTTP/1.1\r\nHost: b\r\n\r\n",
            b"GET /../../etc/%2e%2e/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
            b'GET //"<>^`{|}[] HTTP/1.1\r\nHost: a\r\n\r\n',
            b"GET /$(touch${IFS}owned)`touch${IFS}owned`'\" HTTP/1.1\r\nHost:a\r\n\r\n",
            b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 005\r\n\r\nhello",
            b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"-X'`$!|~ / HTTP/1.1\r\nHost: a\r\n\r\n",
            chunked + b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
            chunked + b"0\r\n\r\n",
            post(b"Host: a\r\n", b"x" * 100_000),
        ):
            self.same(raw, self.curl(raw))


class PipeTests(CopyCase):
    """The copies that send any bytes."""

    def any_bytes(self) -> list[bytes]:
        """Requests, and bytes that are none."""
        return [
            *self.requests(),
            bytes(range(256)),
            b"-n\\c%s\\0\0\0011\n",
            b"GET / HTTP/1.1\nHost: a\r\nHost : b\r\n\r\n",
        ]

    def test_raw_copy_pipes_the_very_bytes(self) -> None:
        bin_folder = self.folder / "bin"
        bin_folder.mkdir()
        got = self.folder / "got"
        for name in ("nc", "openssl"):
            program = bin_folder / name
            program.write_text(f'#!/bin/sh\necho "$@" >{got}.args\ncat >{got}\n')
            program.chmod(0o755)
        for raw in self.any_bytes():
            for base, arguments in (
                ("http://localhost:4040", "localhost 4040\n"),
                ("http://[::1]:4040", "::1 4040\n"),
                ("http://a.example", "a.example 80\n"),
                ("https://[::1]", "s_client -quiet -connect [::1]:443\n"),
            ):
                for shell in {"sh", "bash", "dash"}:
                    if shutil.which(shell) is None:
                        continue
                    subprocess.run(
                        [shell],
                        input=copies(raw, base)["raw"],
                        text=True,
                        env={"PATH": f"{bin_folder}:{os.environ['PATH']}"},
                        timeout=PATIENCE,
                        check=True,
                    )
                    self.assertEqual(got.read_bytes(), raw)
                    self.assertEqual(Path(f"{got}.args").read_text(), arguments)


class TreqTests(CopyCase):
    """The copy for treq, run by Python."""

    def test_sends_the_same_request(self) -> None:
        added = ("accept-encoding",)
        for raw in self.requests(are_few=True):
            text = copies(raw, self.base)["treq"]
            self.same(raw, self.paste(text, sys.executable, "-"), added)

    def test_sends_dots_and_a_body_of_chunks(self) -> None:
        host = b" HTTP/1.1\r\nHost: a\r\n"
        dots = b"GET /../../x" + host + b"Accept-Encoding: br\r\n\r\n"
        got = sent(self.paste(copies(dots, self.base)["treq"], sys.executable, "-"))
        self.assertEqual(got.line, b"GET /../../x HTTP/1.1")
        self.assertEqual(got.fields["accept-encoding"], [b"br", b"gzip"])
        chunks = b"POST /" + host + b"Transfer-Encoding: chunked\r\n\r\n"
        text = copies(chunks + b"5\r\nhello\r\n0\r\n\r\n", self.base)["treq"]
        self.assertIn("instead of chunks", text)
        got = sent(self.paste(text, sys.executable, "-"))
        self.assertEqual((got.body, got.fields["content-length"]), (b"hello", [b"5"]))


class FetchTests(CopyCase):
    """The copy for browsers, run by node."""

    def setUp(self) -> None:
        super().setUp()
        need("node", "the copy for browsers")

    def test_sends_the_same_request(self) -> None:
        added = (
            "accept",
            "accept-encoding",
            "accept-language",
            "cache-control",
            "connection",
            "pragma",
            "sec-fetch-mode",
            "user-agent",
        )
        for raw in self.requests(are_few=True):
            text = copies(raw, self.base)["fetch"]
            got = sent(self.paste(text, "node", "--input-type=module"))
            joined = {
                name: [b", ".join(all_)] for name, all_ in sent(raw).fields.items()
            }
            for name in added:
                got.fields.pop(name, None)
            self.assertEqual(got, sent(raw)._replace(fields=joined))

    def test_says_what_the_browser_sets_itself(self) -> None:
        raw = b"GET / HTTP/1.1\r\nHost: a\r\nCookie: b\r\nSec-X: c\r\nX: d\r\n\r\n"
        text = copies(raw, self.base)["fetch"]
        self.assertIn("cookie, host, sec-x", text.splitlines()[0])
        self.assertNotIn(json.dumps("b"), text)

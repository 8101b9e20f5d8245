"""
`BasicAuth`, with real threads and real hashes.
"""

from __future__ import annotations

import socket
from base64 import b64encode
from pathlib import Path
from typing import Any

import bcrypt
from twisted.internet.defer import gatherResults
from twisted.internet.threads import deferToThread
from twisted.web.resource import Resource

from dartio_tut.resources import BasicAuth, HtpasswdFile

from .support.exchange import connect, talk
from .support.serving import ServingCase


def request_of(user: str, password: str) -> bytes:
    """A request with these credentials."""
    token = b64encode(f"{user}:{password}".encode()).decode()
    lines = ["GET / HTTP/1.1", "Host: a", "Connection: close"]
    return "\r\n".join([*lines, f"Authorization: Basic {token}", "", ""]).encode()


class Inside(Resource):
    """What the password protects."""

    isLeaf = True

    def render(self, request: Any) -> bytes:
        """Greet the user."""
        greeting: bytes = b"Hello, " + request.user
        return greeting


class BasicAuthTests(ServingCase):
    """`BasicAuth`, served."""

    def ask(self, port: int, user: str, password: str) -> Any:
        """The answer to one request, in time."""
        return self.exchange(port, request_of(user, password))

    async def test_right_and_wrong_credentials_at_once_are_told_apart(self) -> None:
        path = Path(self.mktemp())
        hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(6)).decode()
        path.write_text(f"han:{hashed}\n")
        auth = BasicAuth(Inside(), HtpasswdFile(path), "Falcon")
        port = self.serve(auth.render)
        tries = [("han", "secret"), ("han", "wrong"), ("leia", "secret")] * 2
        answers = await gatherResults([self.ask(port, *each) for each in tries])
        for (user, password), answer in zip(tries, answers, strict=True):
            if (user, password) == ("han", "secret"):
                self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
                self.assertTrue(answer.endswith(b"Hello, han"))
            else:
                self.assertTrue(answer.startswith(b"HTTP/1.1 401 "), answer)

    async def test_guessers_of_one_address_do_not_keep_others_out(self) -> None:
        path = Path(self.mktemp())
        hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(8)).decode()
        path.write_text(f"han:{hashed}\n")
        auth = BasicAuth(Inside(), HtpasswdFile(path), "Falcon")
        port = self.serve(auth.render)
        guesses = [connect(port) for _ in range(40)]
        for number, guess in enumerate(guesses):
            self.addCleanup(guess.close)
            guess.sendall(request_of(f"u{number}", "x"))
        right = socket.create_connection(
            ("127.0.0.1", port), source_address=("127.0.0.2", 0)
        )
        self.addCleanup(right.close)
        answer = await deferToThread(talk, right, request_of("han", "secret"))
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
        answers = [await deferToThread(talk, guess, b"") for guess in guesses]
        codes = [answer[9:12] for answer in answers]
        self.assertEqual(set(codes), {b"401", b"503"})


class StockBasicAuthTests(BasicAuthTests):
    """The same on Twisted's own port."""

    stock = True

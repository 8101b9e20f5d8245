"""
Who is let in, with real threads and real hashes.
"""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import bcrypt
from twisted.internet.defer import gatherResults
from twisted.web.resource import Resource

from dartio_tut.resources import BasicAuth, HtpasswdFile

from .support.serving import ServingCase


class Inside(Resource):
    """What is guarded."""

    isLeaf = True

    def render(self, request: Any) -> bytes:
        """Greet the user."""
        greeting: bytes = b"Hello, " + request.user
        return greeting


class GuardedTests(ServingCase):
    """`BasicAuth`, served."""

    def ask(self, port: int, user: str, password: str) -> Any:
        """The answer to one request, in time."""
        token = b64encode(f"{user}:{password}".encode()).decode()
        lines = ["GET / HTTP/1.1", "Host: a", "Connection: close"]
        lines += [f"Authorization: Basic {token}", "", ""]
        return self.exchange(port, "\r\n".join(lines).encode())

    async def test_right_and_wrong_at_once(self) -> None:
        path = Path(self.mktemp())
        hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(6)).decode()
        path.write_text(f"han:{hashed}\n")
        guarded = BasicAuth(Inside(), HtpasswdFile(path), "Falcon")
        port = self.serve(guarded.render)
        tries = [("han", "secret"), ("han", "wrong"), ("leia", "secret")] * 2
        answers = await gatherResults([self.ask(port, *each) for each in tries])
        for (user, password), answer in zip(tries, answers, strict=True):
            if (user, password) == ("han", "secret"):
                self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
                self.assertTrue(answer.endswith(b"Hello, han"))
            else:
                self.assertTrue(answer.startswith(b"HTTP/1.1 401 "), answer)


class StockGuardedTests(GuardedTests):
    """The same on Twisted's own port."""

    stock = True

"""
A folder of files to serve without a socket.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources import Files
from dartio_tut.testing import Response

from .memory_client import ask

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
"""The Accept field of a browser that goes to a page."""

PICTURE = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
"""The Accept field of a browser that loads a picture."""

FETCH = "application/json, text/plain, */*"
"""The Accept field of a script's library."""


class FileCase(SynchronousTestCase):
    """
    A test of `Files`.

    :ivar root: the folder that is served.
    :cvar settings: of the `Files` that are asked.
    """

    settings: dict[str, Any] = {}  # noqa: RUF012

    def setUp(self) -> None:
        self.root = Path(self.mktemp())
        self.root.mkdir()

    def file(self, name: str, content: bytes = b"x") -> Path:
        """Make a file, and the folders above it."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def files(self, **settings: Any) -> Files:
        """The folder as a resource, that does in place what takes a while."""
        more = {"run": maybeDeferred, **self.settings, **settings}
        return Files(str(self.root), **more)

    def get(self, target: str, **fields: str) -> Response:
        """Ask for *target*; ``if_range=`` is a header field."""
        return ask(self.files(), "GET", target, b"", **fields)

    def assert_answers(self, target: str, code: int, body: bytes, **more: str) -> None:
        """*target* is answered with this status code and content."""
        response = self.get(target, **more)
        self.assertEqual((target, response.code), (target, code))
        self.assertEqual((target, response.body), (target, body))

    def assert_redirects(self, target: str, location: str, **fields: str) -> None:
        """*target* is answered with 301 to *location*."""
        response = self.get(target, **fields)
        self.assertEqual((target, response.code), (target, 301))
        self.assertEqual(response.fields["location"], location)
        self.assertEqual(response.fields["cache-control"], "no-cache")

"""
Exercise 26: stay in the folder.
"""

from pathlib import Path
from urllib.parse import unquote

from twisted.web.http import NOT_FOUND
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run


class Files(Resource):
    """Serve the files below *folder*."""

    isLeaf = True

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder.resolve()

    def render_GET(self, request: Request) -> bytes:
        """Respond with a file."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        name = unquote(request.path.decode()).lstrip("/")
        try:
            path = (self.folder / name).resolve()
            if path.is_relative_to(self.folder):
                return path.read_bytes()
        except (OSError, ValueError):
            pass
        request.setResponseCode(NOT_FOUND)
        return b"There is no such file.\n"


if __name__ == "__main__":
    run(Files(Path()))

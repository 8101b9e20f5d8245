"""
The built documentation, with the course, beside the servers that it teaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from twisted.web.http import NOT_FOUND
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from dartio_tut.resources import (
    SECURITY_FIELDS,
    Files,
    Wrapper,
    method_not_allowed,
    set_fields,
)

BUILT_COURSE = "docs/_build/html"
"""Where ``make docs`` puts it, in the folder of the clone."""

_NOT_BUILT = b"""\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The course</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
<header><nav><a href="/">All servers</a></nav></header>
<main>
<h1>The course is not built yet</h1>
<p>Its pages are made from the folder <code>docs</code> of the clone. Type this there,
in another terminal, and load this page again when it is done:
<pre>make docs</pre>
<p>The servers may go on running. They look for the pages in
<code>docs/_build/html</code> of the folder in which they were started; <code>twistd -n
tutorial --course <var>folder</var></code> names another.
<p>Each page can also be read as it is: begin with <code>docs/tutorial/index.md</code>.
</main>
"""


class BuiltCourse(Wrapper):
    """
    Serves the pages in *folder*; while they are not there, a page that tells how to
    build them.
    """

    def __init__(self, folder: str) -> None:
        super().__init__(Files(folder))
        self._folder = folder
        self._index = Path(folder, "index.html")
        self._not_built = _NotBuilt()

    def find(
        self, request: Request, path: Sequence[bytes]
    ) -> tuple[IResource, Sequence[bytes]]:
        """Choose the pages, if they are there."""
        if not self._index.is_file():
            return self._not_built, ()
        return self._resource, ()


class _NotBuilt(Resource):
    """Tells how to build the course."""

    isLeaf = True

    def render(self, request: Request) -> bytes:
        if request.method not in (b"GET", b"HEAD"):
            return method_not_allowed(request, "GET, HEAD")
        set_fields(request, SECURITY_FIELDS)
        request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
        request.setHeader(b"Cache-Control", b"no-store")
        if any(request.postpath or ()):
            request.setResponseCode(NOT_FOUND)
        return _NOT_BUILT

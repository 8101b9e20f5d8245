"""
Requests as bytes, and what bytes answer them.

Answers are read by the standard library; one that cannot be read raises nothing, but is
an answer whose status is 0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from io import BytesIO

Fields = Iterable[tuple[str, str]]

HOST = "localhost"


@dataclass(frozen=True)
class Answer:
    """
    What a server answered.

    :ivar status: 0 when there was no answer; *trouble* says why.
    :ivar fields: names in lower case.
    :ivar rest: bytes that came behind this answer.
    """

    status: int
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    rest: bytes = b""
    trouble: str = ""

    def field(self, name: str) -> str:
        """All values of the field *name* as one; empty when the field is missing."""
        return ", ".join(value for known, value in self.fields if known == name)

    def has(self, name: str) -> bool:
        """Whether there is a field *name*."""
        return any(known == name for known, _ in self.fields)

    @property
    def kind(self) -> str:
        """The content type in lower case, without its parameters."""
        return self.field("content-type").partition(";")[0].strip().lower()

    @property
    def refuses(self) -> bool:
        """Whether it is the client that has made a mistake: a 4xx."""
        return 400 <= self.status < 500

    @property
    def is_json(self) -> bool:
        """Whether its body is."""
        try:
            json.loads(self.body)
        except ValueError:
            return False
        return True

    def gives(self, content: bytes) -> bool:
        """Whether it is a 200 with this *content*."""
        return self.status == 200 and self.body == content


def request(
    path: str | bytes, fields: Fields = (), method: str = "GET", host: str = HOST
) -> bytes:
    """A request after which the server is to close."""
    target = path.encode() if isinstance(path, str) else path
    head = [("Host", host), ("Connection", "close"), *fields]
    lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in head)
    return method.encode() + b" " + target + b" HTTP/1.1\r\n" + lines + b"\r\n"


def parse(data: bytes, method: str = "GET", closed: bool = True) -> Answer | None:
    """
    The answer that *data* begins with.

    :param method: what was asked with: there is no content after HEAD.
    :param closed: whether nothing more will come.
    :return: nothing while it is not whole.
    """
    if b"\r\n\r\n" not in data:
        trouble = "not HTTP" if data else "closes without an answer"
        return Answer(0, trouble=trouble) if closed else None
    source = _Source(data)
    response = HTTPResponse(source, method=method)  # type: ignore[arg-type]
    try:
        response.begin()
    except (HTTPException, ValueError):
        return Answer(0, trouble="not HTTP") if closed else None
    head = source.tell()
    fields = tuple((name.lower(), value) for name, value in response.getheaders())
    if response.length is not None or response.chunked:
        with suppress(HTTPException, ValueError):
            return Answer(response.status, fields, response.read(), source.read())
    # It ends with the connection, or too early.
    return Answer(response.status, fields, data[head:]) if closed else None


class _Source(BytesIO):
    """Bytes for `HTTPResponse`, which closes what it has read."""

    def makefile(self, mode: str) -> _Source:
        """As a socket does."""
        return self

    def close(self) -> None:
        """Stay open."""

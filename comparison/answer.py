"""
Requests as bytes, and what bytes answer them.

Only as much of HTTP as it takes to read any server's answer to one request; what
cannot be read is no exception but an answer whose status is 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Fields = Iterable[tuple[str, str]]

HOST = "localhost"
NO_CONTENT = (204, 304)


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
        """All values of the field *name* as one; empty when there is none."""
        return ", ".join(value for known, value in self.fields if known == name)

    def has(self, name: str) -> bool:
        """Whether there is a field *name*."""
        return any(known == name for known, _ in self.fields)


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
    head, found, rest = data.partition(b"\r\n\r\n")
    if not found:
        return _unreadable(data) if closed else None
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if not words[0].startswith("HTTP/") or len(words) < 2 or not words[1].isdigit():
        return Answer(0, trouble="not HTTP")
    status = int(words[1])
    if 100 <= status < 200:
        return parse(rest, method, closed)
    split = (line.partition(":") for line in lines)
    fields = tuple((name.strip().lower(), value.strip()) for name, _, value in split)
    bare = Answer(status, fields)
    if method == "HEAD" or status in NO_CONTENT:
        return Answer(status, fields, rest=rest)
    content = _content(bare, rest)
    if content is None:
        return Answer(status, fields, rest) if closed else None
    return Answer(status, fields, *content)


def _unreadable(data: bytes) -> Answer:
    return Answer(0, trouble="not HTTP" if data else "closes without an answer")


def _content(head: Answer, rest: bytes) -> tuple[bytes, bytes] | None:
    """The content and what follows; nothing while it is not whole."""
    if "chunked" in head.field("transfer-encoding").lower():
        return _chunks(rest)
    length = head.field("content-length").partition(",")[0]
    if not length.isdigit() or len(rest) < int(length):
        return None
    return rest[: int(length)], rest[int(length) :]


def _chunks(rest: bytes) -> tuple[bytes, bytes] | None:
    content = b""
    while True:
        size_line, found, rest = rest.partition(b"\r\n")
        if not found:
            return None
        size = int(size_line.partition(b";")[0] or b"0", 16)
        if len(rest) < size + 2:
            return None
        content, rest = content + rest[:size], rest[size + 2 :]
        if not size:
            return content, rest

"""
The response of a reader's resource, read from its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dartio_tut.anatomy import status_text

from .teaching import TeachingFailure, quoted


@dataclass
class Answer:
    """
    One response.

    :ivar asked: the request that it is for, in words.
    :ivar fields: the values of each header field, by its name in lower case.
    :ivar is_whole: whether it has ended as its fields say.
    :ivar rest: bytes that came behind its end.
    """

    asked: str
    code: int = 0
    fields: dict[str, list[str]] = field(default_factory=dict)
    body: bytes = b""
    is_whole: bool = False
    rest: bytes = b""

    @property
    def text(self) -> str:
        """The body, which is UTF-8."""
        return self.body.decode("utf-8", "replace")

    def field(self, name: str) -> str:
        """The value of the header field *name*; empty when it is not there."""
        return ", ".join(self.fields.get(name.lower(), []))

    def described(self, *names: str) -> str:
        """This response in a line, with its fields *names*."""
        if not self.code:
            return "no response"
        parts = [status_text(self.code)]
        parts += [f"{name}: {self.field(name) or '(not there)'}" for name in names]
        parts.append(f"body: {quoted(self.body)}" if self.body else "no body")
        return ", ".join(parts)

    def expect(self, condition: object, wants: str, clause: str, *shown: str) -> None:
        """
        See that *condition* is true.

        :param shown: the fields that a reader must see to understand.
        """
        if not condition:
            raise TeachingFailure(self.asked, self.described(*shown), wants, clause)

    def expect_code(self, code: int, wants: str, clause: str) -> None:
        """See that the status code is *code*."""
        self.expect(self.code == code, f"{status_text(code)}: {wants}", clause)


def read_answer(asked: str, data: bytes, method: str, is_closed: bool) -> Answer:
    """The response that *data* begins with."""
    answer = Answer(asked)
    head, found, rest = data.partition(b"\r\n\r\n")
    if not found:
        return answer
    first, *lines = head.decode("latin-1").split("\r\n")
    answer.code = int(first.split()[1])
    for line in lines:
        name, _, value = line.partition(":")
        answer.fields.setdefault(name.lower(), []).append(value.strip())
    if method == "HEAD" or answer.code in (204, 304):
        answer.is_whole, answer.rest = True, rest
    elif "chunked" in answer.field("Transfer-Encoding"):
        _read_chunks(answer, rest)
    elif length := answer.field("Content-Length"):
        size = int(length) if length.isdecimal() else 0
        answer.body, answer.rest = rest[:size], rest[size:]
        answer.is_whole = len(answer.body) == size
    else:
        answer.body, answer.is_whole = rest, is_closed
    return answer


def _read_chunks(answer: Answer, data: bytes) -> None:
    """Read the body in chunks (RFC 9112, 7.1)."""
    while True:
        size, found, rest = data.partition(b"\r\n")
        if not found:
            return
        count = int(size, 16)
        answer.body += rest[:count]
        data = rest[count + 2 :]
        if not count:
            answer.is_whole, answer.rest = True, data
            return

"""
A response, as a test looks at it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from twisted.trial.unittest import FailTest

SHOWN_BYTES = 200
"""As much of a body as a failing test shows."""


class UnexpectedResponse(FailTest):
    """
    There is no response, or it is not what the test takes it for. trial counts it as a
    failure of the test.
    """


class Fields(MutableMapping[str, str]):
    """
    Header fields. Names match whatever their case, and a name that is repeated has
    its values joined by commas (RFC 9110 section 5.3).
    """

    def __init__(
        self, given: Mapping[str, str] | Iterable[tuple[str, str]] = ()
    ) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in given.items() if isinstance(given, Mapping) else given:
            self.add(name, value)

    def add(self, name: str, value: str) -> None:
        """Append a field line."""
        self._values.setdefault(name.lower(), []).append(value)

    def get_all(self, name: str) -> list[str]:
        """The value of each line of the field *name*."""
        return list(self._values.get(name.lower(), ()))

    def __or__(self, others: Mapping[str, str]) -> Fields:
        united = Fields(self)
        united.update(others)
        return united

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._values[name.lower()])

    def __setitem__(self, name: str, value: str) -> None:
        self._values[name.lower()] = [value]

    def __delitem__(self, name: str) -> None:
        del self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Fields({dict(self)})"


@dataclass
class Response:
    """
    One response.

    :ivar code: the status code, a number.
    :ivar fields: the header fields. ``fields["Content-Type"]`` is one; names match
        whatever their case.
    :ivar received: as much of the body as has come; see `body`.
    :ivar reason: the status code in words.
    """

    code: int
    fields: Fields = field(default_factory=Fields)
    received: bytearray = field(default_factory=bytearray)
    reason: str = ""

    @property
    def body(self) -> bytes:
        """The body, or as much of it as has come."""
        return bytes(self.received)

    def text(self) -> str:
        """
        The body as text, in the charset that Content-Type names, or else in UTF-8.

        :raise UnexpectedResponse: when it is compressed, or no such text.
        """
        if coding := self.fields.get("content-encoding"):
            raise UnexpectedResponse(
                f"The body is compressed (Content-Encoding: {coding}): decompress "
                "response.body, or send no Accept-Encoding."
            )
        charset = self.charset or "utf-8"
        try:
            return self.body.decode(charset)
        except (LookupError, UnicodeError) as error:
            raise UnexpectedResponse(
                f"The body is no text in {charset}: {error}. It {self._shown}"
            ) from None

    def json(self) -> Any:
        """
        What the JSON document in the body says.

        :raise UnexpectedResponse: when the body is no JSON document.
        """
        text = self.text()
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UnexpectedResponse(
                f"The body is no JSON document: {error}. The status code is "
                f"{self.code}, and the body {self._shown}"
            ) from None

    @property
    def charset(self) -> str | None:
        """The charset that Content-Type names."""
        message = Message()
        message["Content-Type"] = self.fields.get("content-type", "")
        return message.get_content_charset()

    @property
    def _shown(self) -> str:
        """How the body begins, for a person."""
        return f"begins with {self.body[:SHOWN_BYTES]!r}"

    def has_connection_option(self, option: str) -> bool:
        """Whether the Connection field lists *option*."""
        listed = self.fields.get("connection", "").lower().split(",")
        return option in (element.strip() for element in listed)

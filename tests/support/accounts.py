"""
What a store may hold, according to the clients that wrote to it.

Rule: a write that was acknowledged is there; any other is there whole, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

NEVER = float("inf")
"""The end of a write that was never acknowledged."""


@dataclass(eq=False)
class Sent:
    """
    One write, as its client saw it.

    :ivar client: the number of the client, which sends one write after another.
    :ivar name: the path of the request.
    :ivar content: what was to be stored.
    :ivar said: the response; it is different for each write.
    :ivar number: the number of a note.
    """

    client: int
    name: str
    content: str
    began: float = 0.0
    ended: float = NEVER
    said: str = ""

    @property
    def acknowledged(self) -> bool:
        """Whether the client was told that it is stored."""
        return self.ended != NEVER

    @property
    def number(self) -> int:
        """The number of a note that was acknowledged."""
        return int(self.said.removeprefix("You have ").split()[0]) - 1


def as_told(sent: Iterable[Sent], said: set[str]) -> list[Sent]:
    """*sent*, as it was when only the responses *said* had been given."""
    return [s if s.said in said else replace(s, ended=NEVER) for s in sent]


def check_notes(found: list[str], first: int, sent: list[Sent]) -> None:
    """
    Check that the notes from number *first* on are those of *sent*.

    :raise AssertionError: when one is missing, wrong, or out of order.
    """
    told = {write.number: write for write in sent if write.acknowledged}
    count = sum(write.acknowledged for write in sent)
    assert len(told) == count, "two notes have the same number"
    untold = {write.content: write for write in sent if not write.acknowledged}
    here: list[Sent] = []
    for number, text in enumerate(found, first):
        write = told.pop(number, None) or untold.pop(text, None)
        assert write is not None, f"note {number}: nobody sent {text[:60]!r}"
        assert write.content == text, (
            f"note {number} is {text[:60]!r}, not {write.content[:60]!r}"
        )
        here.append(write)
    assert not told, f"of {first + len(found)} notes, lost are {sorted(told)}"
    for client in {write.client for write in here}:
        times = [write.began for write in here if write.client == client]
        assert times == sorted(times), f"the notes of client {client} are out of order"


def check_document(found: str | None, kept: str | None, sent: list[Sent]) -> None:
    """
    Check that the document *found* is one that the writes *sent* may leave.

    :param kept: the document before those writes.
    :param sent: every write to this document.
    :raise AssertionError: when it is another.
    """
    last = max((write.began for write in sent if write.acknowledged), default=-1.0)
    # Of two writes that overlap in time, either may be the last.
    allowed = {write.content for write in sent if write.ended > last}
    if (last < 0 and found == kept) or found in allowed:
        return
    shown = [content[:60] for content in allowed]
    raise AssertionError(f"{(found or 'nothing')[:60]!r} instead of one of {shown}")

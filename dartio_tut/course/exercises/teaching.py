"""
How a test tells a reader what is not right yet.
"""

from __future__ import annotations

QUOTED_CHARACTERS = 100
"""How much of a body a message quotes: more than a line does not help."""


class TeachingFailure(AssertionError):
    """
    What a reader's file has done is not what the exercise asks for.

    :param asked: what the test did.
    :param came: what came of it.
    :param wants: what should have come, and why.
    :param clause: where that is written.
    """

    def __init__(self, asked: str, came: str, wants: str, clause: str) -> None:
        super().__init__(f"{asked}: {came}; wanted: {wants} ({clause})")
        self.facts = (
            ("The test did this", asked),
            ("This came", came),
            ("This should come", wants),
            ("It is written in", clause),
        )


def quoted(text: str | bytes) -> str:
    """*text* as a message shows it: in quotes, and not too long."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    if len(text) > QUOTED_CHARACTERS:
        return repr(text[:QUOTED_CHARACTERS]) + "..."
    return repr(text)

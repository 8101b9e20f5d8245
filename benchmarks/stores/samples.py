"""
What is stored: the same for everyone.
"""

from __future__ import annotations

import json

NOTE = "A note of some sixty characters, as people write: buy milk."

NOTE_BODY = json.dumps({"myNote": NOTE}).encode()

DOCUMENT = json.dumps({"name": "Han Solo", "text": "x" * 980}).encode()
"""About 1 KiB."""

DOCUMENTS = 1000
"""How many are written again and again, so that the folder does not grow."""

LISTED = 1000
"""Documents in a list: the most that a page over HTTP has."""

WARM_UP_SECONDS = 0.5
"""What does not count of a program's work: files are made, connections opened."""


def name_of(number: int) -> str:
    """The name of a document."""
    return f"doc-{number}.json"

"""
What is stored: the same for everyone.
"""

from __future__ import annotations

import json

NOTE = "A note of some sixty characters, as people write: buy milk."

NOTE_BODY = json.dumps({"myNote": NOTE}).encode()

DOCUMENT = json.dumps({"name": "Han Solo", "text": "x" * 980}).encode()
"""About 1 KiB."""

NAMES = 1000
"""Documents that are written again and again, so that the folder stays as it is."""


def name_of(number: int) -> str:
    """The name of a document."""
    return f"doc-{number}.json"

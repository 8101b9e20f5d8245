"""
What came of the check of a reader's file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """
    Whether an exercise is solved, and if not, why.

    :ivar facts: what is shown of a failure, each with its label.
    """

    solved: bool
    facts: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> str:
        """This as text, to be read by `from_json`."""
        return json.dumps([self.solved, self.facts])

    @classmethod
    def from_json(cls, text: str) -> Verdict:
        """
        The verdict that *text* describes.

        :raises ValueError: it describes none.
        """
        solved, facts = json.loads(text)
        return cls(
            bool(solved), tuple((str(label), str(said)) for label, said in facts)
        )

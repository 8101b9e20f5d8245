"""
Verdicts that are kept in a file, and that may rise but never fall.

Rule: the file names every row. So no row leaves the table, and none enters it with a
wrong verdict, without a line that reviewers of the change can see.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

RIGHT, WRONG = "right", "wrong"

Verdicts = dict[str, str]
"""``RIGHT`` or ``WRONG``, by a row's name."""

Faults = Mapping[str, str]
"""Why a row is wrong, by the row's name; the other rows are right."""


def read_verdicts(path: Path, house: str) -> Verdicts:
    """The verdicts of the rows in *house*, as the file *path* has them."""
    if not path.exists():
        return {}
    found: Verdicts = tomllib.loads(path.read_text()).get(house, {})
    return found


def fallen(before: Verdicts, faults: Faults) -> dict[str, str]:
    """Those of *faults* that the file has as right, or does not know."""
    return {name: why for name, why in faults.items() if before.get(name) != WRONG}


def raised(before: Verdicts, names: Iterable[str], faults: Faults) -> Verdicts:
    """
    The verdicts to keep after a run over *names*.

    A row that has fallen stays recorded as right: its fault must be mended.
    """
    return {
        name: WRONG if name in faults and before.get(name, WRONG) == WRONG else RIGHT
        for name in names
    }


def as_toml(houses: Mapping[str, Verdicts]) -> str:
    """The text of the file."""
    lines = ["# Kept by `python -m tests.record_conformance`, which lowers nothing."]
    for house, verdicts in houses.items():
        lines += ["", f"[{house}]"]
        lines += [f"'{name}' = '{verdict}'" for name, verdict in verdicts.items()]
    return "\n".join([*lines, ""])

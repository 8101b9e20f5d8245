"""
Verdicts kept in a file: they may rise, never fall.

Rule: the file names every row. So none leaves the table, or enters it wrong,
without a line that whoever reads the change can see.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

RIGHT, WRONG = "right", "wrong"

Verdicts = dict[str, str]
Faults = Mapping[str, str]
"""Why a row is wrong, by the row's name; the others are right."""


def recorded(path: Path, house: str) -> Verdicts:
    """The verdicts of the rows in *house*, as the file *path* has them."""
    if not path.exists():
        return {}
    found: Verdicts = tomllib.loads(path.read_text()).get(house, {})
    return found


def fallen(before: Verdicts, faults: Faults) -> dict[str, str]:
    """Those of *faults* that the record has as right, or does not know."""
    return {name: why for name, why in faults.items() if before.get(name) != WRONG}


def raised(before: Verdicts, names: Iterable[str], faults: Faults) -> Verdicts:
    """
    The record to keep after a run over *names*.

    A row that has fallen stays right in it: only its fault can be mended.
    """
    return {
        name: WRONG if name in faults and before.get(name, WRONG) == WRONG else RIGHT
        for name in names
    }


def written(houses: Mapping[str, Verdicts]) -> str:
    """The text of the file."""
    lines = ["# Kept by `python -m tests.record_conformance`, which lowers nothing."]
    for house, verdicts in houses.items():
        lines += ["", f"[{house}]"]
        lines += [f"'{name}' = '{verdict}'" for name, verdict in verdicts.items()]
    return "\n".join([*lines, ""])

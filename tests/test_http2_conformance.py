"""
The table of raw frames against the site in memory, with each engine; and the rows that
matter most against a daemon.
"""

from __future__ import annotations

import json
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.test.support.http2_client import engines
from dartio_tut.test.support.http2_table import Row, WrongVerdict, judge, read_table
from dartio_tut.test.support.ratchet import Faults, fallen, read_verdicts
from dartio_tut.wire.http2.engines import EngineChoice

TABLE = Path(__file__).with_name("conformance_http2.toml")
VERDICTS = Path(__file__).with_name("conformance_http2_verdicts.toml")


def house(engine: EngineChoice) -> str:
    """What the record calls *engine*: its name without its version."""
    return engine.name.partition(" ")[0]


def faults(engine: EngineChoice) -> Faults:
    """Why rows are wrong with *engine*, by their names."""
    found = {}
    for row in read_table(TABLE):
        try:
            judge(row, engine)
        except WrongVerdict as error:
            found[row.name] = f"{error} ({row.clause})"
    return found


def names() -> list[str]:
    """The rows of the table."""
    return [row.name for row in read_table(TABLE)]


class TableTests(SynchronousTestCase):
    """The table itself."""

    def test_each_row_has_a_name_of_its_own_and_a_clause(self) -> None:
        self.assertEqual(len(names()), len(set(names())))
        for row in read_table(TABLE):
            self.assertRegex(row.clause, r"^RFC \d{4} \d+(\.\d+)*$", row.name)
            self.assertTrue(row.accept, row.name)

    def test_the_record_names_the_rows_of_the_table(self) -> None:
        for engine in engines():
            kept = read_verdicts(VERDICTS, house(engine))
            self.assertEqual(set(kept), set(names()))

    def test_a_row_that_is_answered_otherwise_is_found(self) -> None:
        wrong = Row("x", "RFC 9113 8.1", ("GET 1 /",), ("1: 404",), None, False)
        unseen = Row("x", "RFC 9113 8.1", ("GET 1 /",), ("1: 200",), (), False)
        for engine in engines():
            for row in (wrong, unseen):
                self.assertRaises(WrongVerdict, judge, row, engine)


class MemoryTests(SynchronousTestCase):
    """Each row whole, and byte by byte."""

    def test_no_verdict_falls(self) -> None:
        for engine in engines():
            found = fallen(read_verdicts(VERDICTS, house(engine)), faults(engine))
            self.assertFalse(found, json.dumps(found, indent=1))

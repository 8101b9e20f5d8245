"""
All rows of the conformance table, and all that fuzzing has found, taken apart.
"""

from __future__ import annotations

from dartio_tut.test.support.conformance import read_table
from dartio_tut.test.support.two_readings import difference
from dartio_tut.test.test_anatomy import AnatomyCase

from .guided_fuzz import CORPUS
from .test_conformance import TABLE

DIFFERENT = {"chunk/extension-long"}
"""Rows that the wire refuses for a limit of its own, with a more general reason."""


class RowsTests(AnatomyCase):
    """Requests of all kinds."""

    def test_every_byte_of_every_row_is_in_one_part(self) -> None:
        for row in read_table(TABLE):
            self.take(row.request)
            self.take(row.request, "server")

    def test_the_wire_and_the_anatomy_name_the_same_faults_of_rows(self) -> None:
        rows = read_table(TABLE)
        self.assertGreater(len(rows), 600)
        found = {row.name: difference(row.request) for row in rows}
        self.assertEqual({name for name, told in found.items() if told}, DIFFERENT)

    def test_the_wire_and_the_anatomy_read_the_corpus_alike(self) -> None:
        inputs = sorted(CORPUS.iterdir())
        self.assertGreater(len(inputs), 50)
        for path in inputs:
            raw = path.read_bytes()[1:]  # the first byte says where to cut it
            self.take(raw)
            self.take(raw, "server")
            self.assertEqual(difference(raw), "", path.name)

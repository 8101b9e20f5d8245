"""
The documented table of conditions and ranges is what the server does.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from .support.truth_table import BEGIN, END, PAGE, table


class TruthTableTests(SynchronousTestCase):
    """The table in docs/behaviour.md."""

    def test_documented_table_is_what_the_server_does(self) -> None:
        documented = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
        self.assertEqual(documented, table())

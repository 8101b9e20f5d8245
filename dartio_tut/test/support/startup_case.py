"""
A case for tests of what keeps a daemon from starting.
"""

from __future__ import annotations

import io
import sys

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import ServerOptions, StartupError, startup


class StartupCase(SynchronousTestCase):
    """A test in which what a person would read on stderr is in ``self.stderr``."""

    def setUp(self) -> None:
        self.stderr = io.StringIO()
        self.patch(sys, "__stderr__", self.stderr)
        self.addCleanup(startup.set_program_name, startup.program_name())

    def refusal(self, *arguments: str, options: type[ServerOptions]) -> str:
        """The one line that says why *options* cannot be parsed from *arguments*."""
        self.stderr.truncate(self.stderr.seek(0))

        def start() -> None:
            parsed = options()
            parsed.parseOptions(list(arguments))
            parsed.endpoints()

        stopped = self.assertRaises(StartupError, start)
        self.assertEqual(self.stderr.getvalue().count("\n"), 1)
        self.assertIn(stopped.line, self.stderr.getvalue())
        return str(stopped.line)

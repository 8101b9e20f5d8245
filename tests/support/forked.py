"""
Daemons that are killed, for tests that start and kill hundreds.
"""

from __future__ import annotations

import signal

from .harness import TWISTD, Case, Daemon


class ForkedDaemon(Daemon):
    """A daemon that is killed."""

    def kill(self) -> None:
        """Send SIGKILL, wait until nothing of it is left; it had nothing to say."""
        code = self.stop(signal.SIGKILL)
        assert (code, self.errors()) == (-signal.SIGKILL, ""), self.output()
        assert "Traceback" not in self.output(), self.output()
        self.stderr.close()


class ForkedCase(Case):
    """A test that starts many daemons."""

    def fork(self, *line: str) -> ForkedDaemon:
        """Fork a ``twistd`` with *line*, on a port of the system's choice."""
        name, *options = line
        whole = (*TWISTD, name, "--port", "0", *options)
        return ForkedDaemon(self.here, self.home, *whole)

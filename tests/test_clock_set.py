"""The machine's clock is set while a daemon runs: its timers go on."""

from __future__ import annotations

import json
import signal
from functools import partial
from pathlib import Path

from .support.exchange import connect
from .support.harness import TWISTD, Case, Daemon, ask
from .support.until import until

SET_CLOCK = """
import os, time

_time, _file = time.time, os.environ["CLOCK_FILE"]

def time_as_it_is_set():
    try:
        with open(_file) as set_by:
            return _time() + float(set_by.read() or 0)
    except OSError:
        return _time()

time.time = time_as_it_is_set
"""
"""Code that Python runs at its start: a file says by how much the clock was set."""

HOUR = 3600


class SetClockTests(Case):
    """``time.time`` jumps, as it does when somebody sets the clock."""

    def with_clock(self, *options: str) -> Daemon:
        """A daemon whose clock is set by `set_clock`, with an access log."""
        module = self.here / "modules" / "sitecustomize.py"
        module.parent.mkdir()
        module.write_text(SET_CLOCK)
        self.clock = self.here / "clock"
        self.log = self.here / "access.log"
        environment = f"PYTHONPATH={module.parent}", f"CLOCK_FILE={self.clock}"
        line = (*TWISTD, "hello", "--port", "0", *options, "--access-log")
        logged = str(self.log), "--access-log-format", "json"
        daemon = self.started("env", *environment, *line, *logged)
        self.addCleanup(self.stop, daemon)
        return daemon.ready()

    def stop(self, daemon: Daemon) -> None:
        """Stop *daemon*, which has nothing to say on stderr."""
        self.assertEqual(daemon.stop(), -signal.SIGTERM)
        self.assertEqual(daemon.errors(), "")

    def set_clock(self, seconds: float) -> None:
        """Set the clock forward, or back."""
        new = Path(f"{self.clock}.new")
        new.write_text(str(seconds))
        new.replace(self.clock)

    def test_access_log_goes_on_when_the_clock_is_set(self) -> None:
        daemon = self.with_clock()
        for count, seconds in enumerate((0, -HOUR, HOUR, -20 * HOUR), 1):
            ask(daemon)  # its line waits for a second
            self.set_clock(seconds)
            until("there is a line", partial(self.has_lines, count))
        logged = [json.loads(line) for line in self.log.read_text().splitlines()]
        self.assertTrue(all(0 <= one["duration"] < HOUR / 2 for one in logged), logged)

    def test_slow_client_is_ended_though_the_clock_was_set_back(self) -> None:
        daemon = self.with_clock("--header-timeout", "1")
        client = connect(daemon.port)
        self.addCleanup(client.close)
        client.sendall(b"GET / HT")
        self.set_clock(-HOUR)
        self.assertIn(b"408", client.recv(65536))

    def has_lines(self, count: int) -> bool:
        """Whether so many exchanges are in the log."""
        return len(self.log.read_text().splitlines()) == count

"""
The servers that `illustrations.recording` runs, forked: there are many of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from illustrations import recording

from .forks import ForkedProcess
from .harness import EXECUTES

start_new = recording.start


def start(module: Sequence[str], environment: Mapping[str, str]) -> Any:
    """Start what `recording.start` does; twistd is forked."""
    name, *line = module
    if EXECUTES or name != "illustrations.twistd":
        return start_new(module, environment)
    with os.fdopen(os.dup(2), "wb") as errors:
        return ForkedProcess(("twistd", *line), recording.CHECKOUT, environment, errors)


class RecordingCase(SynchronousTestCase):
    """A test that records what servers answer."""

    def setUp(self) -> None:
        self.patch(recording, "start", start)

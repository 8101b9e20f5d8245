"""
Signals that come while a server is imported, which takes half a second.

Rule: it imports nothing that takes long.
"""

from __future__ import annotations

import signal

HELD_SIGNALS = frozenset((signal.SIGHUP, signal.SIGUSR1))
"""What a running daemon obeys or ignores, and what ends a program that is none yet."""


def hold_signals() -> None:
    """
    Let SIGHUP and SIGUSR1 wait until the daemon that this process becomes runs. It lets
    them come as soon as it can obey them.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD_SIGNALS)

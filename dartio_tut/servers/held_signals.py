"""
Signals that come while a server is imported, which takes half a second.

Rule: it imports nothing that takes long.
"""

from __future__ import annotations

import signal

HELD_SIGNALS = frozenset((signal.SIGHUP, signal.SIGUSR1))
"""A running daemon obeys or ignores them; one that starts would be ended by them."""


def hold_signals() -> None:
    """
    Let SIGHUP and SIGUSR1 wait until the daemon that this process becomes runs. It lets
    them come as soon as it can obey them.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD_SIGNALS)

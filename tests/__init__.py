"""
Black-box tests: the installed product, as its users meet it.

Rule of the house: tests start child processes (``twistd``, ``dartio``, a browser) and
talk to sockets. A few serve from the test's own reactor, for what only a resource made
for the purpose can show.
"""

from __future__ import annotations

import signal


def _give_children_default_signals() -> None:
    """
    Let child processes start with the default action for every signal.

    A shell without job control starts ``make test &`` with SIGINT ignored, nohup does
    the same with SIGHUP, and children inherit that: a daemon would not stop on Ctrl-C.
    A signal that calls a function is reset to the default in a child (execve(2)), and a
    function that does nothing ignores the signal here just as before.
    """
    for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}:
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


_give_children_default_signals()

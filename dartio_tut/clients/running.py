"""
Runs a client in the reactor, and ends the program with one line about what went wrong.

Exit codes: 0, 1 for a failure, 130 when Ctrl-C ended it (argparse gives 2 for a command
line that is wrong).
"""

from __future__ import annotations

import os
import signal
import sys
from argparse import Namespace
from contextlib import suppress
from io import TextIOWrapper
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from .command import INTERRUPTED_EXIT_CODE
from .errors import ClientError
from .terminal import printable
from .web import web_client

LINE_CHARACTERS = 1000
"""How much of an error is shown: a server may have chosen the URL in it."""


def run_in_reactor(client: Any, arguments: Namespace, *, needs_web: bool) -> None:
    """
    Run ``main`` of the module *client* until it ends, and exit with its outcome.

    :param needs_web: whether it takes an HTTP client besides.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  (until it ends)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # terminals without UTF-8
    react(_run, (client, arguments, needs_web))


def _main(reactor: Any, client: Any, arguments: Namespace, needs_web: bool) -> Any:
    """The coroutine that does what *client* is for."""
    if not needs_web:
        return client.main(reactor, arguments)
    web = web_client(
        reactor,
        ca_file=arguments.cacert,
        timeout=arguments.timeout,
        server=getattr(client, "SERVER", None),
        server_url=arguments.url,
    )
    return client.main(reactor, arguments, web)


async def _run(
    reactor: Any, client: Any, arguments: Namespace, needs_web: bool
) -> None:
    # The reactor, when it starts, takes SIGTERM for a Ctrl-C.
    reactor.callWhenRunning(signal.signal, signal.SIGTERM, signal.SIG_DFL)
    interrupted: list[bool] = []
    reactor.addSystemEventTrigger("before", "shutdown", interrupted.append, True)
    try:
        working = Deferred.fromCoroutine(_main(reactor, client, arguments, needs_web))
        reactor.addSystemEventTrigger("before", "shutdown", working.cancel)
        await working
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001  (raised again unless it is known)
        if interrupted:
            raise SystemExit(INTERRUPTED_EXIT_CODE) from None
        raise SystemExit(_report(error)) from None


def _report(error: Exception) -> int:
    """Say in one line what went wrong; the exit code. A fault of ours is raised."""
    if isinstance(error, OSError):  # from writing: what a server did is a ClientError
        _let_go_of_stdout()
        if isinstance(error, BrokenPipeError):
            return 0  # whoever reads has seen enough
        line = f"cannot write: {error.strerror}"
    elif isinstance(error, ClientError):
        line = str(error)
    else:
        raise error
    if len(line) > LINE_CHARACTERS:
        line = line[:LINE_CHARACTERS] + "..."
    print(f"dartio: {printable(line, keep='')}", file=sys.stderr)
    return 1


def _let_go_of_stdout() -> None:
    """Point stdout elsewhere, so that Python does not try to flush it when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

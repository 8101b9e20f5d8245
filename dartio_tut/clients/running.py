"""
Runs a client in the reactor, and ends the program with one line about what went wrong.

Exit codes: 0, 1 for a failure, 130 when Ctrl-C ended it (argparse gives 2 for a command
line that is wrong).
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter, RawIOBase, TextIOWrapper
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from .command import INTERRUPTED_EXIT_CODE
from .errors import ClientError
from .terminal import printable
from .web import web_client

CLOSING_SECONDS = 5.0
"""What Ctrl-C ends may take so long to close what it has opened: a store that flushes
the disk, for example."""

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
        stream = getattr(sys, name)
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # terminals without UTF-8
    if isinstance(sys.stdout, TextIOWrapper):  # Twisted's log has stderr already
        sys.stdout = _whole(sys.stdout)
    # Authorities in use have serial numbers of 0, and a warning helps nobody here.
    warnings.filterwarnings("ignore", "Parsed a serial number")
    interrupted: list[bool] = []
    try:
        react(_run, (client, arguments, needs_web, interrupted))
    except SystemExit as end:
        if interrupted and not end.code:  # what was under way has not ended
            _end_at_once()
        raise


def _whole(stream: TextIOWrapper) -> TextIOWrapper:
    """
    *stream*, which writes all that it is given. With ``python -u`` (also as
    ``PYTHONUNBUFFERED``) it may write less, when the disk is full or the process is
    stopped meanwhile, and nobody looks at how much it was.
    """
    if not isinstance(stream.buffer, RawIOBase):
        return stream
    encoding, errors = stream.encoding, stream.errors
    buffered = BufferedWriter(stream.detach())  # type: ignore[type-var]
    return TextIOWrapper(buffered, encoding, errors, line_buffering=True)


@contextmanager
def _interrupted_at_once() -> Iterator[None]:
    """
    Have Ctrl-C end the program at once while this lasts: what a client does before it
    waits for anything, such as opening the stores of a copy.

    As an exception it may come up anywhere, also where exceptions are kept for later or
    only told: then it is a traceback, or nobody hears of it. The reactor, when it runs,
    takes care of Ctrl-C itself.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # it is to be ignored, for example
        yield
        return
    signal.signal(signal.SIGINT, _end_at_once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _cancel(
    working: Deferred[None], interrupted: list[bool], reactor: Any
) -> Deferred[None] | None:
    """
    End what a client does; fires when it has closed what it has opened, or soon.

    :param interrupted: gets an item, unless all is done and the reactor just stops.
    """
    if working.called:
        return None
    interrupted.append(True)
    if signal.getsignal(signal.SIGINT) == getattr(reactor, "sigInt", None):
        signal.signal(signal.SIGINT, _end_at_once)  # whoever asks again does not wait
    ended: Deferred[None] = Deferred()
    working.cancel()

    def tell(result: object) -> object:
        ended.callback(None)
        return result

    working.addBoth(tell)
    return ended.addTimeout(CLOSING_SECONDS, reactor, lambda *_: None)


def _end_at_once(*_: object) -> None:
    with suppress(Exception):  # it may have come within a flush
        sys.stdout.flush()
    os._exit(INTERRUPTED_EXIT_CODE)


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
    reactor: Any,
    client: Any,
    arguments: Namespace,
    needs_web: bool,
    interrupted: list[bool],
) -> None:
    # The reactor, when it starts, takes SIGTERM for a Ctrl-C.
    reactor.callWhenRunning(signal.signal, signal.SIGTERM, signal.SIG_DFL)
    try:
        with _interrupted_at_once():
            main = _main(reactor, client, arguments, needs_web)
            working = Deferred.fromCoroutine(main)
        reactor.addSystemEventTrigger(
            "before", "shutdown", _cancel, working, interrupted, reactor
        )
        await working
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001  (raised again unless it is known)
        _write_rest()
        if interrupted:
            raise SystemExit(INTERRUPTED_EXIT_CODE) from None
        raise SystemExit(report(error)) from None


def report(error: Exception) -> int:
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


def _write_rest() -> None:
    """Write what was printed before something went wrong, if it can be."""
    try:
        sys.stdout.flush()
    except OSError:
        _let_go_of_stdout()


def _let_go_of_stdout() -> None:
    """Point stdout elsewhere, so that Python does not try to flush it when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

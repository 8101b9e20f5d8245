"""
The command ``dartio``: picks a client, runs it, says in one line what failed.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version
from io import TextIOWrapper
from typing import Any

CLIENTS = {
    "get": "print what a URL answers",
    "guess": "guess the thinker's number",
    "note": "save a note, or get one back",
    "store": "copy what one store keeps into another",
    "write": "store a JSON document",
}

INTERRUPTED = 130
"""What a shell sees of a program that Ctrl-C ended: 128 + SIGINT."""


PATIENCE = 30
"""Seconds until a response must have begun."""


class ClientError(Exception):
    """What keeps a client from its answer, as the person at the terminal reads it."""


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the client that the command line names."""
    parser = ArgumentParser(
        prog="dartio", description="Clients for the servers of the HTTP tutorial."
    )
    parser.add_argument(
        "--version", action="version", version=f"dartio-tut {version('dartio-tut')}"
    )
    commands = parser.add_subparsers(dest="client", required=True, metavar="CLIENT")
    for name, summary in CLIENTS.items():
        client = import_module(f".{name}", __package__)
        client.add_arguments(commands.add_parser(name, help=summary))
    chosen = parser.parse_args(arguments)
    start(import_module(f".{chosen.client}", __package__), chosen)


def run_alone(client: Any) -> None:
    """Run *client*, a module that was started with ``python -m``."""
    name = client.__spec__.name.rpartition(".")[2]
    parser = ArgumentParser(prog=f"dartio {name}", description=CLIENTS[name])
    client.add_arguments(parser)
    start(client, parser.parse_args())


def start(client: Any, arguments: Namespace) -> None:
    """Run *client* in the reactor until it ends, and exit with its outcome."""
    from twisted.internet.task import react

    if sys.stdout is None:  # closed by whoever started us
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  (as long as the program)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # terminals without UTF-8
    react(_told_in_one_line, (client, arguments))


async def _told_in_one_line(reactor: Any, client: Any, arguments: Namespace) -> None:
    from twisted.internet.defer import Deferred

    working = Deferred.fromCoroutine(client.main(reactor, arguments))
    interrupted: list[bool] = []
    reactor.addSystemEventTrigger("before", "shutdown", interrupted.append, True)
    reactor.addSystemEventTrigger("before", "shutdown", working.cancel)
    try:
        await working
        sys.stdout.flush()
    except Exception as error:
        if interrupted:
            raise SystemExit(INTERRUPTED) from None
        if isinstance(error, OSError):
            _let_go_of_stdout()
        if isinstance(error, BrokenPipeError):
            raise SystemExit(0) from None  # whoever reads has seen enough
        line = _reason(error, getattr(arguments, "url", ""))
        if line is None:
            raise
        print(f"dartio: {line}", file=sys.stderr)
        raise SystemExit(1) from None


def _let_go_of_stdout() -> None:
    """It takes nothing more: do not try once more when Python ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _reason(error: Exception, url: str) -> str | None:
    """What went wrong with *url*, or nothing for a fault of ours."""
    from twisted.internet.defer import CancelledError
    from twisted.internet.error import ConnectError, DNSLookupError, TimeoutError
    from twisted.web.client import ResponseFailed, ResponseNeverReceived

    if isinstance(error, ClientError):
        return str(error)
    if isinstance(error, (ConnectError, DNSLookupError, TimeoutError)):
        return f"no server answers at {url}"
    if isinstance(error, CancelledError):
        return f"no answer from {url} within {PATIENCE} seconds"
    if isinstance(error, (ResponseFailed, ResponseNeverReceived)):
        cause = error.reasons[0]
        if cause.check(CancelledError):
            return f"no answer from {url} within {PATIENCE} seconds"
        return f"no answer from {url}: {cause.getErrorMessage()}"
    if isinstance(error, OSError):
        return f"cannot write: {error.strerror}"
    return None

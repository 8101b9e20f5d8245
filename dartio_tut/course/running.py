"""
Serves the resource of an exercise, until Ctrl-C is pressed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PORT = 4050
"""The first port that no server of the tutorial has."""

LARGEST_PORT = 65535


class ServedTooSoonError(Exception):
    """A file that is being tested has called `run`."""


_being_tested: list[None] = []


@contextmanager
def nothing_served() -> Iterator[None]:
    """A file is being tested: while this lasts, `run` raises `ServedTooSoonError`."""
    _being_tested.append(None)
    try:
        yield
    finally:
        _being_tested.pop()


def run(resource: Any) -> None:
    """
    Serve *resource*, a `twisted.web.resource.Resource`, on this machine.

    The command line may name another port: ``python 01_greet.py 8000``.
    """
    from twisted.internet.task import react

    if _being_tested:
        raise ServedTooSoonError("the file serves while it is being tested")
    words = sys.argv[1:]
    number = words[0] if words else str(PORT)
    if len(words) > 1 or not _is_port(number):
        wrong = " ".join(words)
        raise SystemExit(
            f"{wrong!r} is no port: use a number from 0 to {LARGEST_PORT}, as in "
            f"python {sys.argv[0]} {PORT}"
        )
    react(_listen, (resource, int(number)))


def _is_port(text: str) -> bool:
    return re.fullmatch("[0-9]{1,5}", text) is not None and int(text) <= LARGEST_PORT


async def _listen(reactor: Any, resource: Any, number: int) -> None:
    # Only a file that is run needs them: `dartio learn` does not wait for them.
    from twisted.internet.defer import Deferred
    from twisted.internet.endpoints import serverFromString
    from twisted.internet.error import CannotListenError

    from dartio_tut.daemon import Site

    try:
        endpoint = serverFromString(reactor, f"tcp:{number}:interface=127.0.0.1")
        port = await endpoint.listen(Site(resource, reactor=reactor))
    except CannotListenError as error:
        why = getattr(error.socketError, "strerror", None) or error.socketError
        raise SystemExit(
            f"cannot listen on port {number}: {why}. Name another, as in "
            f"python {sys.argv[0]} {PORT + 1}"
        ) from None
    where = f"http://127.0.0.1:{port.getHost().port}/"
    print(f"Listening on {where} (Ctrl-C ends it)", flush=True)
    await Deferred()  # never gets a result, so this waits for ever

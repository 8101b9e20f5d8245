"""
Serves the resource of an exercise, until Ctrl-C is pressed.
"""

from __future__ import annotations

import sys
from typing import Any

PORT = 4050
"""The first port that no server of the tutorial has."""


def run(resource: Any) -> None:
    """
    Serve *resource*, a `twisted.web.resource.Resource`, on this machine.

    The command line may name another port: ``python 01_greet.py 8000``.
    """
    from twisted.internet.task import react

    react(_listen, (resource, *sys.argv[1:2]))


async def _listen(reactor: Any, resource: Any, number: str = str(PORT)) -> None:
    # Only a file that is run needs them: `dartio learn` does not wait for them.
    from twisted.internet.defer import Deferred
    from twisted.internet.endpoints import serverFromString
    from twisted.internet.error import CannotListenError

    from dartio_tut.daemon import Site

    try:
        endpoint = serverFromString(reactor, f"tcp:{number}:interface=127.0.0.1")
        port = await endpoint.listen(Site(resource, reactor=reactor))
    except (CannotListenError, ValueError) as error:
        raise SystemExit(f"cannot listen on port {number}: {error}") from None
    where = f"http://127.0.0.1:{port.getHost().port}/"
    print(f"Listening on {where} (Ctrl-C ends it)", flush=True)
    await Deferred()  # never gets a result, so this waits for ever

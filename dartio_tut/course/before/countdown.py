"""
Something to test: a countdown that takes its time, and a client of a server.
"""

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater


async def count_down(
    clock: IReactorTime, seconds: int, say: Callable[[str], object]
) -> None:
    """Say the seconds that are left, once a second."""
    for left in range(seconds, 0, -1):
        say(f"{left} ...")
        await deferLater(clock, 1)
    say("Lift-off!")


async def seconds_to_go(client: Any, url: str) -> int:
    """Ask the server at *url* how many seconds there are to go."""
    response = await client.get(url)
    return int(await response.text())

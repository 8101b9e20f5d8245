"""
Exercise 13: ask again, but not for ever.
"""

import sys
from typing import Any

import treq
from twisted.internet.task import deferLater, react

MAX_DIGITS = 5
"""Up to 99,999 seconds: more than a day. int() does not take any number of digits."""


class GaveUp(Exception):
    """The server does not answer as it should."""


async def ask(client: Any, clock: Any, url: str) -> str:
    """The text at *url*; *client* is like treq, *clock* like the reactor."""
    seconds = 0
    for turn in range(3):
        if turn:
            await deferLater(clock, seconds)
        response = await client.get(url)
        if response.code != 503:
            break
        after = response.headers.getRawHeaders("Retry-After", ["5"])[0]
        is_number = after.isdecimal() and len(after) <= MAX_DIGITS
        seconds = int(after) if is_number else 5
    if response.code >= 400:
        raise GaveUp(response.code)
    return await response.text()


async def main(reactor: Any, url: str) -> None:
    """Print what is at *url*."""
    print(await ask(treq, reactor, url))


if __name__ == "__main__":
    react(main, sys.argv[1:])

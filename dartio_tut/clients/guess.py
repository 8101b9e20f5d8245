"""
Number guesser: guesses the thinker's number until it is right.

    $ dartio guess
    Guess is 4.
    Bad guess, trying again.
    Guess is 6.
    Good guess, yay!
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from random import randrange
from typing import Any

import treq
from twisted.internet.task import deferLater

from .arguments import pause, web_url
from .command import PATIENCE, ClientError, run_alone


def add_arguments(parser: ArgumentParser) -> None:
    """Tell *parser* what this client understands."""
    parser.add_argument(
        "--url", type=web_url, default="http://127.0.0.1:4041/", help="%(default)s"
    )
    parser.add_argument(
        "--every",
        type=pause,
        default=1.0,
        metavar="SECONDS",
        help="time from one guess to the next (default: %(default)s)",
    )


async def main(
    reactor: Any,
    arguments: Namespace,
    client: Any = treq,
    think: Callable[[int], int] = randrange,
) -> None:
    """Guess, wait, guess again."""
    while True:
        guess = think(10)
        print(f"Guess is {guess}.", flush=True)
        response = await client.get(
            arguments.url, params={"q": str(guess)}, timeout=PATIENCE
        )
        answer = await client.text_content(response)
        if response.code != 200:
            raise ClientError(f"{arguments.url} answers {response.code}: {answer}")
        if not answer.startswith(("true", "false")):
            raise ClientError(f"{arguments.url} is no thinker: it answers {answer!r}")
        if answer.startswith("true"):
            print("Good guess, yay!")
            return
        print("Bad guess, trying again.", flush=True)
        await deferLater(reactor, arguments.every)


if __name__ == "__main__":
    run_alone(sys.modules[__name__])

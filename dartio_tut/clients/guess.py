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
from random import randrange
from typing import Any

from twisted.internet.task import deferLater

from .answers import read_text, wrong_server_error
from .arguments import parse_seconds, parse_url
from .command import run_alone

SERVER = "thinker"
"""The server that this client talks to, as twistd calls it."""

RIGHT, WRONG = "true\nI'm thinking of another number.\n", "false\n"
"""All that a thinker answers."""


def add_arguments(parser: ArgumentParser) -> None:
    """Tell *parser* what this client understands."""
    parser.add_argument(
        "--url", type=parse_url, default="http://127.0.0.1:4041/", help="%(default)s"
    )
    parser.add_argument(
        "--every",
        type=parse_seconds,
        default=1.0,
        metavar="SECONDS",
        help="time from one guess to the next (default: %(default)s)",
    )


async def main(
    reactor: Any, arguments: Namespace, client: Any, think: Any = randrange
) -> None:
    """Guess, wait, guess again."""
    while True:
        guess = think(10)
        print(f"Guess is {guess}.", flush=True)
        response = await client.get(arguments.url, params={"q": str(guess)})
        answer = await read_text(response)
        if response.code != 200 or answer not in (RIGHT, WRONG):
            raise wrong_server_error(response, answer, SERVER, arguments.url)
        if answer == RIGHT:
            print("Good guess, yay!")
            return
        print("Bad guess, trying again.", flush=True)
        await deferLater(reactor, arguments.every)


if __name__ == "__main__":
    run_alone(sys.modules[__name__])

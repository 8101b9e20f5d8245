"""
Note client: what the page note_taker.html does, from a terminal.

    $ dartio note "Buy milk"
    You have 1 notes.
    $ dartio note --get 0
    Buy milk
"""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import Any

from .answers import read_text, refusal_error, wrong_server_error
from .arguments import parse_text, parse_url
from .command import run_alone
from .terminal import print_text

SERVER = "notes"
"""The server that this client talks to, as twistd calls it."""

CORS_FIELD = "Access-Control-Allow-Methods"
"""A notes server says so of whatever it answers, for the pages of other origins."""


def add_arguments(parser: ArgumentParser) -> None:
    """Tell *parser* what this client understands."""
    parser.epilog = "A note that begins with - comes last, behind --: dartio note -- -x"
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument(
        "text", nargs="*", type=parse_text, default=[], help="the note to save"
    )
    action.add_argument(
        "--get", type=parse_number, metavar="N", help="print note N, counted from 0"
    )
    parser.add_argument(
        "--url", type=parse_url, default="http://127.0.0.1:4042/", help="%(default)s"
    )


def parse_number(text: str) -> str:
    """*text*, if it is the number of a note."""
    if not (text.isascii() and text.isdecimal()):
        raise ArgumentTypeError(
            f"{text!r} is not the number of a note: use 0, 1, 2, ..."
        )
    return text


async def main(reactor: Any, arguments: Namespace, client: Any) -> None:
    """Save the note, or get one; print what the server says."""
    request, expected = {"myNote": " ".join(arguments.text)}, r"You have \d+ notes\.\n"
    if arguments.get is not None:
        request, expected = {"getNote": arguments.get}, r"(?s).*\n"
    response = await client.post(arguments.url, json=request)
    answer = await read_text(response)
    is_notes = response.headers.hasHeader(CORS_FIELD)
    if is_notes and response.code != 200:
        raise refusal_error(response, answer, arguments.url)
    if not is_notes or not re.fullmatch(expected, answer):
        raise wrong_server_error(response, answer, SERVER, arguments.url)
    print_text(answer.removesuffix("\n"))


if __name__ == "__main__":
    run_alone(sys.modules[__name__])

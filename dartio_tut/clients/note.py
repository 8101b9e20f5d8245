"""
Note client: what the page note_taker.html does, from a terminal.

    $ dartio note "Buy milk"
    You have 1 notes.
    $ dartio note --get 0
    Buy milk
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import Any

import treq

from .arguments import plain_text, web_url
from .command import PATIENCE, ClientError, run_alone


def add_arguments(parser: ArgumentParser) -> None:
    """Tell *parser* what this client understands."""
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("text", nargs="?", type=plain_text, help="the note to save")
    action.add_argument(
        "--get", type=plain_text, metavar="N", help="print note N, counted from 0"
    )
    parser.add_argument(
        "--url", type=web_url, default="http://127.0.0.1:4042/", help="%(default)s"
    )


async def main(reactor: Any, arguments: Namespace, client: Any = treq) -> None:
    """Save the note, or get one; print what the server says."""
    if arguments.get is None:
        request = {"myNote": arguments.text}
    else:
        request = {"getNote": arguments.get}
    response = await client.post(arguments.url, json=request, timeout=PATIENCE)
    answer = (await client.text_content(response)).removesuffix("\n")
    if response.code != 200:
        raise ClientError(answer)
    print(answer)


if __name__ == "__main__":
    run_alone(sys.modules[__name__])

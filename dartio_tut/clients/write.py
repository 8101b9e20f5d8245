"""
Basic writer client: posts a JSON document and prints the answer.

    $ dartio write
    Wrote data for Han Solo.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from .answers import read_text, status_error, wrong_server_error
from .arguments import check_json, parse_text, parse_url
from .command import run_alone
from .terminal import print_text

SERVER = "writer"
"""The server that this client talks to, as twistd calls it."""

HAN_SOLO = {
    "name": "Han Solo",
    "job": "reluctant hero",
    "BFF": "Chewbacca",
    "ship": "Millennium Falcon",
    "weakness": "smuggling debts",
}


def add_arguments(parser: ArgumentParser) -> None:
    """Tell *parser* what this client understands."""
    parser.add_argument(
        "name", nargs="?", type=parse_text, default="file.txt", help="its name there"
    )
    parser.add_argument(
        "--data",
        type=check_json,
        default=json.dumps(HAN_SOLO, separators=(",", ":")),
        metavar="JSON",
        help="the document (default: what is known of Han Solo)",
    )
    parser.add_argument(
        "--url", type=parse_url, default="http://127.0.0.1:4049/", help="%(default)s"
    )


async def main(reactor: Any, arguments: Namespace, client: Any) -> None:
    """Post the document, print what the server says."""
    response = await client.post(
        arguments.url.child(arguments.name),
        data=arguments.data.encode("utf-8"),
        headers={"Content-Type": "application/json"},
    )
    answer = await read_text(response)
    if response.code != 200:
        raise status_error(response, answer, arguments.url)
    if not (answer.startswith("Wrote data for ") and answer.endswith(".")):
        raise wrong_server_error(response, answer, SERVER, arguments.url)
    print_text(answer)


if __name__ == "__main__":
    run_alone(sys.modules[__name__])

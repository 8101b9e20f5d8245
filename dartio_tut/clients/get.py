"""
A GET client: prints what a URL answers, in the pieces in which it arrives.

    $ dartio get http://localhost:4040/
    Hello, world!
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import Any

import treq

from .answers import status_error
from .arguments import parse_url
from .command import run_alone
from .terminal import standard_output


def add_arguments(parser: ArgumentParser) -> None:
    """Tell *parser* what this client understands."""
    parser.add_argument(
        "url", type=parse_url, help="http://... or https://..., or HOST:PORT/PATH"
    )


async def main(reactor: Any, arguments: Namespace, client: Any) -> None:
    """Get the URL, and write its content to standard output."""
    response = await client.get(arguments.url)
    with standard_output(response) as write:
        await treq.collect(response, write)
    if response.code >= 400:
        raise status_error(response)


if __name__ == "__main__":
    run_alone(sys.modules[__name__])

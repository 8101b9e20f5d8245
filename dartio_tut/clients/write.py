"""
Basic writer client: posts a JSON document and prints the answer.

    $ dartio write
    Wrote data for Han Solo.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import Any

import treq
from hyperlink import DecodedURL

from .arguments import plain_text, web_url
from .command import PATIENCE, ClientError, run_alone

HAN_SOLO = {
    "name": "Han Solo",
    "job": "reluctant hero",
    "BFF": "Chewbacca",
    "ship": "Millennium Falcon",
    "weakness": "smuggling debts",
}


def json_text(text: str) -> str:
    """*text*, which must be JSON."""
    try:
        json.loads(plain_text(text))
    except ValueError as error:
        raise ArgumentTypeError(f"not JSON: {error}") from None
    return text


def add_arguments(parser: ArgumentParser) -> None:
    """Tell *parser* what this client understands."""
    parser.add_argument(
        "name", nargs="?", type=plain_text, default="file.txt", help="its name there"
    )
    parser.add_argument(
        "--data",
        type=json_text,
        default=json.dumps(HAN_SOLO, separators=(",", ":")),
        metavar="JSON",
        help="the document (default: what is known of Han Solo)",
    )
    parser.add_argument(
        "--url", type=web_url, default="http://127.0.0.1:4049/", help="%(default)s"
    )


async def main(reactor: Any, arguments: Namespace, client: Any = treq) -> None:
    """Post the document, print what the server says."""
    response = await client.post(
        DecodedURL.from_text(arguments.url).child(arguments.name).to_text(),
        data=arguments.data.encode("utf-8"),
        headers={"Content-Type": "application/json"},
        timeout=PATIENCE,
    )
    answer = await client.text_content(response)
    if response.code != 200:
        raise ClientError(f"{arguments.url} answers {response.code}: {answer}")
    print(answer)


if __name__ == "__main__":
    run_alone(sys.modules[__name__])

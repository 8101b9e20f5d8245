"""
Inspector: shows a request and its answer, byte by byte, with what each part means, how
long each step took, and the server's certificates.

    $ dartio inspect http://localhost:4040/
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

from .arguments import (
    parse_file_name,
    parse_header_field,
    parse_method,
    parse_text,
    parse_url,
)
from .command import ClientError, run_alone
from .inspection import Seen, print_report, report_json
from .web import Asked, Inspector

MAX_RAW_BYTES = 16 * 1024 * 1024
"""As much as is sent of a file: each byte is explained, and held several times."""


def add_arguments(parser: ArgumentParser) -> None:
    """Tell *parser* what this client understands."""
    add = parser.add_argument
    add("url", type=parse_url, help="http://... or https://..., or HOST:PORT/PATH")
    add("--method", type=parse_method, help="GET, or POST with --data, unless given")
    add(
        "--header",
        type=parse_header_field,
        action="append",
        default=[],
        metavar="NAME: VALUE",
        help="a header field of the request; may be given several times",
    )
    add("--data", type=parse_text, metavar="TEXT", help="the body of the request")
    add(
        "--raw",
        type=raw_bytes,
        metavar="FILE",
        help="send the bytes in FILE (- is standard input) as they are",
    )
    add("--follow", action="store_true", help="follow redirects, and show each step")
    add("--json", action="store_true", help="print JSON: an object on each line")
    add(
        "--insecure",
        action="store_true",
        help="go on when the certificate is not trusted; the report says why",
    )


def raw_bytes(name: str) -> bytes:
    """The bytes in the file *name*, which may have no end, as /dev/zero."""
    parse_file_name(name)
    if name == "-" and sys.stdin is None:
        raise ArgumentTypeError("-: standard input is closed: name a file")
    try:
        if name == "-":
            raw = sys.stdin.buffer.read(MAX_RAW_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                raw = file.read(MAX_RAW_BYTES + 1)
    except OSError as error:
        raise ArgumentTypeError(f"{name}: {error.strerror}") from None
    if len(raw) > MAX_RAW_BYTES:
        raise ArgumentTypeError(
            f"{name}: it has more than {MAX_RAW_BYTES} bytes: send fewer"
        )
    if not raw:
        raise ArgumentTypeError(f"{name}: there is nothing to send: it is empty")
    return raw


def why_wrong(arguments: Namespace) -> str:
    """What does not go together in *arguments*."""
    others = arguments.method or arguments.header or arguments.data is not None
    if arguments.raw is not None and (others or arguments.follow):
        return "--raw goes without --method, --header, --data and --follow"
    return ""


async def main(reactor: Any, arguments: Namespace) -> None:
    """Send the request, print what is seen of it and of the answer."""
    asked = _asked(arguments)
    inspector = Inspector(
        reactor,
        ca_file=arguments.cacert,
        trusts_all=arguments.insecure,
        timeout=arguments.timeout,
    )
    is_first = True
    async for exchange in inspector.exchanges(arguments.url, asked, arguments.follow):
        seen = Seen(exchange)
        if arguments.json:
            print(json.dumps(report_json(seen)), flush=True)
        elif exchange.times.connected is not None:
            print("" if is_first else "\n", end="")
            print_report(seen)
            is_first = False
        if seen.failure:
            raise ClientError(seen.failure)


def _asked(arguments: Namespace) -> Asked:
    """What the command line asks to be sent."""
    if arguments.raw is not None:
        method = arguments.raw.lstrip(b"\r\n").partition(b" ")[0]
        return Asked("HEAD" if method == b"HEAD" else "GET", raw=arguments.raw)
    data = arguments.data
    method = arguments.method or ("GET" if data is None else "POST")
    body = None if data is None else data.encode("utf-8")
    return Asked(method, arguments.header, body)


if __name__ == "__main__":
    run_alone(sys.modules[__name__])

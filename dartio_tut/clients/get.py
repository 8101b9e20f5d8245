"""
A GET client: prints what a URL answers, in the pieces in which it arrives.

    $ dartio get http://localhost:4040/
    Hello, world!
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import treq
from treq.client import HTTPClient
from twisted.internet.ssl import Certificate, trustRootFromCertificates
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS
from twisted.web.http import RESPONSES

from .arguments import web_url
from .command import PATIENCE, ClientError, run_alone


def add_arguments(parser: ArgumentParser) -> None:
    """Tell *parser* what this client understands."""
    parser.add_argument("url", type=web_url, help="http://... or https://...")
    parser.add_argument(
        "--cacert", metavar="FILE", help="PEM file of the authority to trust for https"
    )


def trusting(reactor: Any, path: str) -> HTTPClient:
    """A client that trusts the certificate in the PEM file *path*, and no other."""
    try:
        authority = Certificate.loadPEM(Path(path).read_bytes())
    except OSError as error:
        raise ClientError(f"{path}: {error.strerror}") from None
    except Exception:  # noqa: BLE001  (pyOpenSSL raises what it likes)
        raise ClientError(f"{path}: no certificate in PEM format") from None
    policy = BrowserLikePolicyForHTTPS(trustRootFromCertificates([authority]))
    return HTTPClient(Agent(reactor, contextFactory=policy))


async def main(
    reactor: Any, arguments: Namespace, client: Any = treq, out: Any = None
) -> None:
    """Get the URL; its content goes to *out* (standard output)."""
    if arguments.cacert:
        client = trusting(reactor, arguments.cacert)
    out = out or sys.stdout.buffer
    response = await client.get(arguments.url, unbuffered=True, timeout=PATIENCE)
    await treq.collect(response, out.write)
    out.flush()
    if response.code >= 400:
        name = RESPONSES.get(response.code, b"").decode()
        raise ClientError(f"{arguments.url} answers {response.code} {name}".rstrip())


if __name__ == "__main__":
    run_alone(sys.modules[__name__])

"""
``--check``: looks at all that a start needs, as ``nginx -t`` does, and starts nothing.

Options have been parsed and files read when this is called. It binds every endpoint for
a moment, and treats a warning as an error. An address in use is no error: most often it
is used by the very server whose new options are checked. A certificate that expires
soon is no error either, because it is still good, but it is said.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, NoReturn

from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IProtocolFactory

from dartio_tut.wire import HTTP2

from .binding import bind, certificate_of_endpoint, endpoint_warnings
from .listening import cannot_listen_text, port_and_interface
from .startup import fail_startup, is_address_in_use, program_name, startup_errors


def check_endpoints(
    reactor: Any,
    endpoints: Iterable[str],
    factory: IProtocolFactory,
    option: str = "",
    seen: set[tuple[str, str]] | None = None,
) -> None:
    """
    Bind each of *endpoints*, and let it go again.

    :param option: which has named them, if an error is to say so.
    :param seen: the addresses that other options have named; these are added.
    :raise StartupError: when one cannot be bound, is given twice, or warns of
        something.
    """
    seen = set() if seen is None else seen
    for text in endpoints:
        subject = f"{option}: " * bool(option) + cannot_listen_text(text)
        address = port_and_interface(text)
        if address in seen:
            fail_startup(f"{subject}: this address is given twice")
        if address is not None:
            seen.add(address)
        with startup_errors(subject):
            endpoint = serverFromString(reactor, text)
        for warning in endpoint_warnings(text, endpoint):
            fail_startup(warning)
        if certificate := certificate_of_endpoint(endpoint):
            for line in certificate.expiry_lines():
                _say(line)
        with startup_errors(subject):
            try:
                bind(endpoint, factory).stopListening()
            except CannotListenError as error:
                if not is_address_in_use(error):
                    raise
    reactor.iterate(0)  # sockets are closed, and their files removed, in a later turn


def tell_engine(http2: HTTP2) -> None:
    """Say what speaks HTTP/2."""
    _say(f"HTTP/2 by {http2.engine.name}")


def exit_after_check() -> NoReturn:
    """Say that all is in order, and end the process with exit code 0."""
    _say("all is in order")
    raise SystemExit(0)


def _say(line: str) -> None:
    print(f"{program_name()}: {line}", file=sys.__stdout__, flush=True)

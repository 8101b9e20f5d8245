"""
What clients take on the command line, checked before anything is sent.
"""

from __future__ import annotations

import json
import os
import re
from argparse import ArgumentParser, ArgumentTypeError

from .web import WebURL, without_credentials

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A method, or the name of a header field (RFC 9110, 5.6.2)."""

NOT_IN_FIELDS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""Control characters that no field value has; a line break would begin another."""


PORT = re.compile(
    r"(?:https?://[\w.-]+|localhost|[\w-]+(?:\.[\w-]+)+|):([+-]?\w+)(?=[/?#]|$)", re.I
)
"""Finds what is meant as a port, even in a text that is not a URL; not in ``tel:1``."""

LONGEST_SECONDS = 10**9
"""Thirty years: more than the system's timers can take would be of no use."""

SECONDS = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""A number as people write it: Python takes ``1_0``, and digits of all scripts, too."""

LARGEST_PORT = 65535

MAX_DIGITS = 15
"""Of a number: as many as options of servers take."""


def parse_url(text: str) -> WebURL:
    """
    The http or https URL *text*; a shorthand such as ``localhost:4040`` or ``:4040/x``
    will do.
    """
    try:
        return WebURL.parse(parse_text(text))
    except ValueError:
        shown = without_credentials(text)
        why = f"{shown!r} is no http or https URL"
        port = PORT.match(shown)
        if port and not _is_port(port[1]):
            why += f": {port[1]!r} is no port, use a number from 1 to {LARGEST_PORT}"
        raise ArgumentTypeError(why) from None


def _is_port(text: str) -> bool:
    return (
        re.fullmatch("[0-9]{1,5}", text) is not None and 0 < int(text) <= LARGEST_PORT
    )


def parse_text(text: str) -> str:
    """*text*, if it was UTF-8 on the command line, whatever the locale says."""
    try:
        return os.fsencode(text).decode("utf-8")
    except UnicodeError:
        raise ArgumentTypeError(f"{text!r} is no text in UTF-8") from None


def parse_file_name(text: str) -> str:
    """*text*, if it can name a file."""
    if not text:
        raise ArgumentTypeError("it is empty: name a file")
    return text


def check_json(text: str) -> str:
    """*text*, if it is JSON."""
    try:
        json.loads(parse_text(text))
    except (ValueError, RecursionError) as error:
        raise ArgumentTypeError(f"not JSON: {error}") from None
    return parse_text(text)


def parse_method(text: str) -> str:
    """*text*, if it can be the method of a request (RFC 9110, 9.1)."""
    if not TOKEN.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is no method: use one such as GET")
    return text


def parse_header_field(text: str) -> tuple[str, str]:
    """The name and the value of the header field *text* (RFC 9110, 5)."""
    name, colon, value = parse_text(text).partition(":")
    if not (colon and TOKEN.fullmatch(name)) or NOT_IN_FIELDS.search(value):
        raise ArgumentTypeError(f"{text!r} is no header field: write NAME: VALUE")
    return name, value.strip(" \t")


def parse_whole_number(text: str) -> int:
    """A whole number, zero or more."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise ArgumentTypeError(
            f"{text!r} is no whole number of at most {MAX_DIGITS} digits"
        )
    return int(text)


def parse_seconds(text: str) -> float:
    """A time in seconds, zero or more."""
    number = float(text) if SECONDS.fullmatch(text) else -1
    if number < 0:
        raise ArgumentTypeError(f"{text!r} is no time in seconds")
    if number >= LONGEST_SECONDS:
        raise ArgumentTypeError(f"it is too long: use less than {LONGEST_SECONDS}")
    return number


def parse_positive_seconds(text: str) -> float:
    """A time in seconds, more than zero."""
    number = parse_seconds(text)
    if number == 0:
        raise ArgumentTypeError("0 seconds are too few for any answer")
    return number


def add_exchange_options(parser: ArgumentParser) -> None:
    """Add to *parser* what every client that sends requests understands."""
    options = parser.add_argument_group("every request")
    options.add_argument(
        "--cacert",
        type=parse_file_name,
        metavar="FILE",
        help="for https, trust the certificates in this PEM file, and no others",
    )
    options.add_argument(
        "--timeout",
        type=parse_positive_seconds,
        metavar="SECONDS",
        help="give up when the whole answer has not come by then (default: no limit,"
        " but give up after 30 seconds of silence)",
    )

"""
What clients take on the command line, checked before anything is sent.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from math import isfinite

from hyperlink import DecodedURL

SCHEMES = ("http", "https")


def web_url(text: str) -> str:
    """*text*, if it is a URL to send requests to; its scheme in lower case."""
    scheme, colon, rest = text.partition(":")
    text = scheme.lower() + colon + rest
    try:
        url = DecodedURL.from_text(text)
        if url.scheme not in SCHEMES or not url.host:
            raise ValueError
        if not 0 < (url.port or 0) < 65536 or " " in text:
            raise ValueError
    except (UnicodeError, ValueError):
        raise ArgumentTypeError(f"{text!r} is no http or https URL") from None
    return text


def plain_text(text: str) -> str:
    """*text*, if all of it has UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ArgumentTypeError(f"{text!r} is no text in UTF-8") from None
    return text


def pause(text: str) -> float:
    """The seconds that *text* stands for."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not isfinite(seconds) or seconds < 0:
        raise ArgumentTypeError(f"{text!r} is no time in seconds")
    return seconds

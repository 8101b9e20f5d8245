"""
The wire's limits as options.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dartio_tut.wire import Limits

from ..startup import coerce_option


def whole_number(text: str) -> int:
    """
    The number that *text* stands for.

    :raise ValueError: when it is none, or below 0.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def positive(text: str) -> int:
    """
    The number that *text* stands for.

    :raise ValueError: when it is none, or below 1.
    """
    number = whole_number(text)
    if not number:
        raise ValueError("it must be 1 at least")
    return number


def seconds(text: str) -> float:
    """
    The time that *text* stands for.

    :raise ValueError: when it is none, or not above 0.
    """
    try:
        time = float(text)
    except ValueError:
        time = 0
    if not 0 < time < 10**9:
        raise ValueError(f"{text!r} is no time in seconds")
    return time


_OPTIONS: tuple[tuple[str, str, Callable[[str], Any], str], ...] = (
    ("max-request-line", "request_line", positive, "Bytes; more is 414."),
    ("max-header-size", "header_size", positive, "Bytes of fields; more is 431."),
    ("max-header-count", "header_count", positive, "Fields; more is 431."),
    ("max-body", "body", whole_number, "Bytes of content; more is 413."),
    ("max-pipelined", "pipelined", whole_number, "Bytes of requests that wait."),
    ("max-connections", "connections", whole_number, "More are told 503; 0: any."),
    (
        "max-connections-per-client",
        "connections_per_client",
        whole_number,
        "More from one address are told 503; 0: any.",
    ),
    ("header-timeout", "header_time", seconds, "Seconds for a request's head."),
    ("body-timeout", "body_time", seconds, "Seconds between reads of content."),
    ("min-body-rate", "body_rate", whole_number, "Bytes a second of content."),
    ("write-timeout", "write_time", seconds, "Seconds for a client to read on."),
    ("idle-timeout", "idle_time", seconds, "Seconds between requests."),
)

_DEFAULTS = Limits()

LIMIT_PARAMETERS = tuple(
    (option, None, getattr(_DEFAULTS, name), says, coerce_option(f"--{option}", check))
    for option, name, check, says in _OPTIONS
)
"""For ``optParameters``."""


def limits_of(options: Mapping[str, Any]) -> Limits:
    """The limits that *options* ask for."""
    return Limits(**{name: options[option] for option, name, _, _ in _OPTIONS})

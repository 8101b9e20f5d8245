"""
What a client may ask of a server: the limits of the wire, an option for each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dartio_tut.wire import Limits

from .help_text import LIMITS
from .option import flag, option
from .parsing import positive_number, seconds, whole_number

_DECLARED: tuple[tuple[str, str, Callable[[str], object], str], ...] = (
    (
        "max-request-line",
        "request_line",
        positive_number,
        "Bytes of a request line; more is answered 414.",
    ),
    (
        "max-header-size",
        "header_size",
        positive_number,
        "Bytes of all header fields; more is answered 431.",
    ),
    (
        "max-header-count",
        "header_count",
        positive_number,
        "Number of header fields; more is answered 431.",
    ),
    ("max-body", "body", whole_number, "Bytes of a body; more is answered 413."),
    (
        "max-pipelined",
        "pipelined",
        whole_number,
        "Bytes of requests that wait behind another on their connection.",
    ),
    (
        "max-streams",
        "streams",
        positive_number,
        "Requests at a time on a connection by HTTP/2; more are refused.",
    ),
    (
        "max-connections",
        "connections",
        whole_number,
        "Connections at a time; more are answered 503. 0 sets no limit.",
    ),
    (
        "max-connections-per-client",
        "connections_per_client",
        whole_number,
        "Connections from one address; more are answered 503. 0 sets no limit.",
    ),
    (
        "header-timeout",
        "header_time",
        seconds,
        "Seconds for a request line with its header fields.",
    ),
    ("body-timeout", "body_time", seconds, "Seconds between two reads of a body."),
    (
        "min-body-rate",
        "body_rate",
        whole_number,
        "Bytes a second at which a body must come.",
    ),
    (
        "write-timeout",
        "write_time",
        seconds,
        "Seconds in which a client must read some of a response.",
    ),
    (
        "idle-timeout",
        "idle_time",
        seconds,
        "Seconds between two requests of a connection.",
    ),
)
"""The name of the option, that of the field of `Limits`, the check, the help."""

LIMIT_OPTIONS = (
    *(
        option(name, help, check, getattr(Limits(), field), group=LIMITS)
        for name, field, check, help in _DECLARED
    ),
    flag(
        "half-close",
        "Answer clients that have closed their half of the connection and wait; by "
        "default they are taken to have gone.",
        group=LIMITS,
    ),
)


def limits_of(options: Mapping[str, float]) -> Limits:
    """The limits that *options* ask for."""
    asked = {field: options[name] for name, field, _, _ in _DECLARED}
    return Limits(half_close=bool(options["half-close"]), **asked)  # type: ignore[arg-type]  # each has been checked

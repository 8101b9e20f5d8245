"""
What came of a try, as JSON for a page.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from dartio_tut.anatomy import copies, message_json, take_apart
from dartio_tut.wire import seconds_since_epoch

from .bench import Bench
from .sending import MAX_RESPONSE_BYTES, PATIENCE_SECONDS, Outcome
from .witness import Program, Seen

KEPT_BYTES = 64 * 1024
"""Bytes of an answer that are shown."""

OPEN = "open"
"""The ending of an exchange that has not ended."""

CLIENT_NAME = "laboratory"


def outcome_json(outcome: Outcome, bench: Bench, stored: Any) -> dict[str, Any]:
    """All of a try, with what the server has *stored* by now."""
    return {
        "exchanges": [
            exchange_json(seen, number, bench, outcome)
            for number, seen in enumerate(outcome.exchanges, 1)
        ],
        "left_out": outcome.left_out,
        "closed": outcome.closed,
        "waited": outcome.waited,
        "stored": stored,
    }


def exchange_json(
    seen: Seen, number: int, bench: Bench, outcome: Outcome
) -> dict[str, Any]:
    """One exchange."""
    request = bytes(seen.request)
    done = seen.done
    ending, reason, clause = OPEN, _why_open(outcome), ""
    if done is not None and not seen.is_open:
        ending, reason, clause = done.ending.value, done.reason, done.clause
    return {
        "id": number,
        "connection": 1,
        "server": bench.name,
        "peer": CLIENT_NAME,
        "started": seconds_since_epoch(done.started) if done else time.time(),
        "first_byte": seen.arrivals[0][0] if seen.arrivals else None,
        "ended": None if seen.is_open else seen.ended,
        "ending": ending,
        "reason": reason,
        "clause": clause,
        "request": message_json(
            take_apart(request, "client"), arrivals=[(0.0, len(request))]
        ),
        "response": _response_json(seen, outcome, ending),
        "program": _program_json(seen.program, done.status if done else 0),
        "tls": None,
        "copies": copies(request, bench.url()),
    }


def _response_json(seen: Seen, outcome: Outcome, ending: str) -> dict[str, Any] | None:
    """What came; ``None`` if nothing did."""
    response = bytes(seen.response)
    if not response:
        return None
    is_all = len(response) <= KEPT_BYTES
    is_last = seen is outcome.exchanges[-1]
    answer = take_apart(
        response[:KEPT_BYTES],
        "server",
        request_method=seen.method or b"GET",
        has_ended=is_all and is_last and outcome.closed,
    )
    return message_json(
        answer,
        total=len(response),
        is_complete=None if is_all else ending == "complete",
        arrivals=seen.arrivals,
    )


def _why_open(outcome: Outcome) -> str:
    if outcome.is_cut:
        return (
            f"the answers have more than {MAX_RESPONSE_BYTES} bytes: the laboratory"
            " takes no more of them"
        )
    return f"the answer had not ended after {PATIENCE_SECONDS} seconds"


def _program_json(program: Program | None, status: int) -> dict[str, Any] | None:
    if program is None:
        return None
    return {
        "method": _text(program.method),
        "uri": _text(program.uri),
        "args": _args_json(program.args),
        "status": status,
        "resource": program.resource,
    }


def _args_json(args: Mapping[bytes, list[bytes]]) -> dict[str, list[str]]:
    return {
        _text(name): [_text(value) for value in values] for name, values in args.items()
    }


def _text(data: bytes) -> str:
    """*data* as text; bytes that are not UTF-8 are shown as escapes."""
    return data.decode("utf-8", "backslashreplace")

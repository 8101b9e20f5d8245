"""
Parsing JSON without holding up other clients.

Rule: a long body is parsed in a thread, one at a time. Parsing 1 MiB takes up to 0.1 s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.threads import deferToThread

from .json_body import json_object, json_value

MAX_INLINE_BYTES = 64 * 1024
"""A shorter body is parsed at once: that takes less than 10 ms."""

RunInThread = Callable[..., Deferred[Any]]
"""Calls a function in a thread, as `deferToThread` does."""

# Python runs one thread at a time: a second parser would only slow down the others.
_turns = DeferredSemaphore(1)


async def parse_json(body: bytes, run: RunInThread = deferToThread) -> Any:
    """
    Parse *body* as any JSON value.

    :param run: runs the parser of a long body.
    :raise HTTPError: 400 with line and column when it is not JSON.
    """
    return await _parsed(json_value, body, run)


async def parse_json_object(
    body: bytes, run: RunInThread = deferToThread
) -> dict[str, Any]:
    """
    Parse *body* as a JSON object.

    :param run: runs the parser of a long body.
    :raise HTTPError: 400 with line and column when it is not JSON; 422 when it is
        another JSON value.
    """
    value: dict[str, Any] = await _parsed(json_object, body, run)
    return value


async def _parsed(parse: Callable[[bytes], Any], body: bytes, run: RunInThread) -> Any:
    if len(body) <= MAX_INLINE_BYTES:
        return parse(body)
    return await _turns.run(run, parse, body)

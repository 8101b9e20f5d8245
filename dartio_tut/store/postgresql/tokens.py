"""
What makes a repeated write harmless: each write has a token, kept with its outcome.

Rule: a statement that writes also stores its token. The tokens of callers are kept for
a day, as the interface promises; our own ones only as long as one operation is tried.
"""

from __future__ import annotations

import os
from hashlib import sha256
from math import ceil, inf
from typing import Any

from twisted.python.failure import Failure

from ..interface import IdempotencyKeyReused
from .pool import Pool

KEY_LIFETIME_SECONDS = 24 * 60 * 60
"""How long the token of a caller is kept, at least."""

OWN_KEY_LIFETIME_SECONDS = 60
"""How long one of our own is, and twice the deadline: then nobody tries again."""

PRUNE_INTERVAL_SECONDS = 60.0
"""Between two looks for tokens that may be removed."""

PRUNE_MAX_ROWS = 10_000
"""Tokens that one statement removes: it must end in time."""

DELETE_OLD_TOKENS = """
WITH gone AS (
    DELETE FROM dartio_tokens WHERE owner = %(owner)b AND token IN (
        SELECT token FROM dartio_tokens WHERE owner = %(owner)b AND until < now()
        ORDER BY until LIMIT %(most)s)
    RETURNING token
)
SELECT count(*) FROM gone
"""


class IdempotencyKeys:
    """The tokens of the log or the collection *owner*."""

    def __init__(self, pool: Pool, owner: bytes) -> None:
        self.owner = owner
        self._pool = pool
        self._next_look = 0.0

    def of(self, token: str | None, *request: bytes) -> dict[str, Any]:
        """The parameters of a statement that does *request* only once for *token*."""
        if token is None:
            key = os.urandom(16)
            kept = OWN_KEY_LIFETIME_SECONDS + 2 * ceil(self._pool.database.deadline)
        else:
            # A digest has a fixed length, and no byte that a database refuses.
            key, kept = (
                sha256(token.encode("utf-8", "surrogatepass")).digest(),
                KEY_LIFETIME_SECONDS,
            )
        return {
            "owner": self.owner,
            "token": key,
            "request": sha256(b"\0".join(request)).digest(),
            "kept": kept,
        }

    def prune(self) -> None:
        """Now and then, remove tokens that have been kept long enough."""
        if self._pool.reactor.seconds() >= self._next_look:
            self._next_look = inf
            # Nobody waits for it, and it tells nothing of the writes that fail.
            self._pool.run_with_deadline(self._prune()).addBoth(self._pruned)

    async def _prune(self) -> bool:
        """Remove some tokens; whether there are more."""
        parameters = {"owner": self.owner, "most": PRUNE_MAX_ROWS}
        ((gone,),) = await self._pool.execute(DELETE_OLD_TOKENS, parameters)
        return bool(gone == PRUNE_MAX_ROWS)

    def _pruned(self, has_more: bool | Failure) -> None:
        pause = 0 if has_more is True else PRUNE_INTERVAL_SECONDS  # after an error too
        self._next_look = self._pool.reactor.seconds() + pause


def key_reused_error() -> IdempotencyKeyReused:
    """The error for a token that came with another request before."""
    return IdempotencyKeyReused("the token came with something else before")

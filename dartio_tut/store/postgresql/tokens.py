"""
What makes a repeated write harmless: each one has a token, kept beside its outcome.

Rule: a statement that writes keeps its token in the same breath. The caller's tokens
are kept for a day, as promised; those of our own only outlive the tries of one
operation.
"""

from __future__ import annotations

import os
from hashlib import sha256
from math import ceil, inf
from typing import Any

from twisted.python.failure import Failure

from ..interface import TokenReused
from .pool import Pool

TOKEN_SECONDS = 24 * 60 * 60
"""Seconds that a caller's token is kept, at least."""

OWN_TOKEN_SECONDS = 60
"""Seconds that one of ours is, beside twice the deadline: then nobody asks again."""

PRUNE_INTERVAL_SECONDS = 60.0
"""Seconds between two looks for tokens that may go."""

PRUNE_MAX_ROWS = 10_000
"""Tokens removed by one statement: it must end in time."""

DELETE_OLD_TOKENS = """
WITH gone AS (
    DELETE FROM dartio_tokens WHERE owner = %(owner)b AND token IN (
        SELECT token FROM dartio_tokens WHERE owner = %(owner)b AND until < now()
        ORDER BY until LIMIT %(most)s)
    RETURNING token
)
SELECT count(*) FROM gone
"""


class Tokens:
    """The tokens of the log or the collection *owner*."""

    def __init__(self, pool: Pool, owner: bytes) -> None:
        self.owner = owner
        self._pool = pool
        self._next_look = 0.0

    def of(self, token: str | None, *request: bytes) -> dict[str, Any]:
        """The parameters of a statement that does *request* once for *token*."""
        if token is None:
            key = os.urandom(16)
            kept = OWN_TOKEN_SECONDS + 2 * ceil(self._pool.database.deadline)
        else:
            # A digest has no byte that a database dislikes, and one length.
            key, kept = (
                sha256(token.encode("utf-8", "surrogatepass")).digest(),
                TOKEN_SECONDS,
            )
        return {
            "owner": self.owner,
            "token": key,
            "request": sha256(b"\0".join(request)).digest(),
            "kept": kept,
        }

    def prune(self) -> None:
        """Remove what has been kept long enough, now and then."""
        if self._pool.reactor.seconds() >= self._next_look:
            self._next_look = inf
            self._pool.run(self._prune()).addBoth(self._pruned)

    async def _prune(self) -> bool:
        """Remove some; whether there are more."""
        parameters = {"owner": self.owner, "most": PRUNE_MAX_ROWS}
        ((gone,),) = await self._pool.execute(DELETE_OLD_TOKENS, parameters)
        return bool(gone == PRUNE_MAX_ROWS)

    def _pruned(self, has_more: bool | Failure) -> None:
        pause = 0 if has_more is True else PRUNE_INTERVAL_SECONDS  # after an error too
        self._next_look = self._pool.reactor.seconds() + pause


def token_reused() -> TokenReused:
    """A token is known, but it came with another request."""
    return TokenReused("the token came with something else before")

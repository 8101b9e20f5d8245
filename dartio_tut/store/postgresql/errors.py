"""
What an error of the database means for the operation that met it.
"""

from __future__ import annotations

import psycopg

from ..interface import StoreFull

CONNECTION_LOST_STATES = ("08", "57P")
"""SQLSTATEs that begin so: the connection is lost, or about to be."""

READ_ONLY_STATE = "25006"
"""The primary has become a replica: other connections may lead to its successor."""

UNIQUE_VIOLATION = "23505"

RETRYABLE_STATES = (
    "40001",  # serialization failure: how distributed databases settle a race
    "40P01",  # deadlock
    UNIQUE_VIOLATION,  # the same token at the same time, or an answer lost
    "55P03",  # lock not available
    "57014",  # cancelled, by its timeout or an administrator: nothing was done
    "0A000",  # a prepared statement from before the tables were altered
)
"""SQLSTATEs of what may well succeed the next time."""

DISK_FULL_STATE = "53100"

NOT_NULL_VIOLATION = "23502"
"""Not null violation: how a statement says that what it did does not fit."""


class Retryable(Exception):
    """
    Worth another try; as an operation's tokens tell, never done twice.

    :ivar lost: on another connection.
    """

    def __init__(self, text: str, lost: bool) -> None:
        super().__init__(text)
        self.lost = lost


class QuotaExceeded(Exception):
    """What was written did not fit, and was undone."""


def translated(error: psycopg.Error) -> Exception:
    """What to raise for *error*."""
    state = error.sqlstate
    if state is None:
        is_line = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return Retryable(str(error), lost=True) if is_line else error
    if state.startswith(CONNECTION_LOST_STATES) or state == READ_ONLY_STATE:
        return Retryable(str(error), lost=True)
    if state == DISK_FULL_STATE:
        return StoreFull("the database's disk is full")
    if state == NOT_NULL_VIOLATION:
        return QuotaExceeded()
    if state == UNIQUE_VIOLATION and error.diag.table_name == "dartio_notes":
        return OSError("the log has more notes in the database than it has counted")
    if state in RETRYABLE_STATES or state.startswith("53"):  # insufficient resources
        return Retryable(str(error), lost=False)
    return OSError(f"the database refuses ({state}): {error.diag.message_primary}")

"""
What an error of the database means for the operation that gets it.
"""

from __future__ import annotations

import psycopg

from ..interface import StoreFull

CONNECTION_LOST_STATES = ("08", "57P")
"""SQLSTATEs that begin like this: the connection is lost, or is about to be."""

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
"""SQLSTATEs of statements that may well succeed the next time."""

DISK_FULL_STATE = "53100"

NOT_NULL_VIOLATION = "23502"
"""Not null violation: how a statement says that what it did does not fit."""


NOT_PREPARED_STATES = (
    "26000",  # the prepared statement does not exist
    "42P05",  # the prepared statement exists already
    "08P01",  # how some poolers say the same
)
"""
SQLSTATEs of a pooler that gives each transaction another connection of the server:
there the statements that were prepared are those of somebody else.
"""


class Retryable(Exception):
    """
    The statement is worth another try; its token keeps it from being done twice.

    :ivar lost: whether it needs another connection.
    :ivar is_read_only: whether that is because this one leads to a replica.
    :ivar is_pooled: whether a pooler has lost the statements that were prepared.
    """

    def __init__(
        self,
        text: str,
        lost: bool,
        is_pooled: bool = False,
        is_read_only: bool = False,
    ) -> None:
        super().__init__(text)
        self.lost = lost
        self.is_read_only = is_read_only
        self.is_pooled = is_pooled


class QuotaExceeded(Exception):
    """What was written did not fit into the quota, and was undone."""


def translate_error(error: psycopg.Error) -> Exception:
    """The exception to raise for *error*."""
    state = error.sqlstate
    if state is None:
        is_lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return Retryable(str(error), lost=True) if is_lost else error
    if state in NOT_PREPARED_STATES and "prepared statement" in str(error):
        return Retryable(str(error), lost=False, is_pooled=True)
    if state == READ_ONLY_STATE:
        return Retryable(str(error), lost=True, is_read_only=True)
    if state.startswith(CONNECTION_LOST_STATES):
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

"""
Notes in PostgreSQL; see `dartio_tut.store.Notes`.

Notes are numbered without gaps, which takes the row that counts the log; so one write
comes after the other. While one statement is on its way, the notes that come in wait,
and are sent together with the next: one flush of the database's disk for all of them.

A note that is missing below the count was deleted, by whomever: its number stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred

from ..interface import (
    Conflict,
    Deleted,
    NoSuchEntry,
    NotesState,
    Quota,
    StoreFull,
)
from .pool import Pool
from .tokens import IdempotencyKeys, key_reused_error

MAX_NUMBER = 2**63 - 1
"""The largest bigint."""

MAX_BATCH = 200
"""Notes in one statement: enough to share a flush, few enough to be quick."""

MAX_BATCH_BYTES = 1024 * 1024
"""Bytes of the notes in one statement, unless a single note has more."""

FIND_LOG = "SELECT notes FROM dartio_logs WHERE name = %(name)b"

CREATE_LOG = """
INSERT INTO dartio_logs (name, notes, size) VALUES (%(name)b, 0, 0)
ON CONFLICT DO NOTHING
"""

APPEND_NOTES = """
WITH asked AS (
    SELECT place, text, token, request, kept FROM unnest(
        %(texts)b::bytea[], %(tokens)b::bytea[], %(requests)b::bytea[], %(kepts)b::int[]
    ) WITH ORDINALITY AS a (text, token, request, kept, place)
), known AS (
    SELECT a.place, t.request, t.outcome, CASE
        WHEN t.outcome::bigint >= coalesce((
            SELECT notes FROM dartio_logs WHERE name = %(log)b), 0)
        OR t.request = a.request AND a.text <> coalesce((
            SELECT n.text FROM dartio_notes AS n
            WHERE n.log = %(log)b AND n.number = t.outcome::bigint), a.text)
        THEN t.until::text END AS stale
    FROM asked AS a JOIN dartio_tokens AS t
    ON t.owner = %(owner)b AND t.token = a.token
), fresh AS (
    SELECT a.*, row_number() OVER (ORDER BY a.place) - 1 AS nth FROM asked AS a
    WHERE NOT EXISTS (SELECT 1 FROM known AS k WHERE k.place = a.place)
), more AS (
    SELECT count(*)::bigint AS notes, coalesce(sum(length(text)), 0)::bigint AS size
    FROM fresh
), numbered AS (
    UPDATE dartio_logs AS l SET notes = l.notes + m.notes, size = l.size + m.size
    FROM more AS m WHERE l.name = %(log)b AND m.notes > 0
    AND (%(most_notes)s::bigint = 0 OR l.notes + m.notes <= %(most_notes)s::bigint)
    AND (%(most_size)s::bigint = 0 OR l.size + m.size <= %(most_size)s::bigint)
    RETURNING l.notes - m.notes AS first
), noted AS (
    INSERT INTO dartio_notes (log, number, text)
    SELECT %(log)b, n.first + f.nth, f.text FROM fresh AS f, numbered AS n
), remembered AS (
    INSERT INTO dartio_tokens (owner, token, request, outcome, until)
    SELECT %(owner)b, f.token, f.request, (n.first + f.nth)::text,
        now() + f.kept * interval '1 second'
    FROM fresh AS f, numbered AS n
)
SELECT place, request, outcome, stale FROM known UNION ALL
SELECT f.place, f.request, (n.first + f.nth)::text, NULL
FROM fresh AS f, numbered AS n
"""

# Not those that another daemon has stored anew meanwhile. It is a statement of its own,
# because CockroachDB changes a table but once in one.
FORGET_TOKENS = """
DELETE FROM dartio_tokens WHERE owner = %(owner)b
AND token = ANY(%(tokens)b::bytea[]) AND until::text = ANY(%(untils)s::text[])
RETURNING token
"""

EXTEND_LOG = """
WITH known AS (
    SELECT outcome FROM dartio_tokens WHERE owner = %(owner)b AND token = %(token)b
), asked AS (
    SELECT text, is_kept, place FROM unnest(%(texts)b::bytea[], %(are_kept)b::bool[])
    WITH ORDINALITY AS a (text, is_kept, place)
), more AS (
    SELECT count(*)::bigint AS notes, coalesce(sum(length(text)), 0)::bigint AS size
    FROM asked
), numbered AS (
    UPDATE dartio_logs AS l SET notes = l.notes + m.notes, size = l.size + m.size
    FROM more AS m WHERE l.name = %(log)b AND l.notes = %(start)s::bigint
    AND NOT EXISTS (SELECT 1 FROM known)
    AND (%(most_notes)s::bigint = 0 OR l.notes + m.notes <= %(most_notes)s::bigint)
    AND (%(most_size)s::bigint = 0 OR l.size + m.size <= %(most_size)s::bigint)
    RETURNING l.notes - m.notes AS first
), noted AS (
    INSERT INTO dartio_notes (log, number, text)
    SELECT %(log)b, n.first + a.place - 1, a.text FROM asked AS a, numbered AS n
    WHERE a.is_kept
), remembered AS (
    INSERT INTO dartio_tokens (owner, token, request, outcome, until)
    SELECT %(owner)b, %(token)b, %(request)b, '',
        now() + %(kept)s::int * interval '1 second'
    FROM numbered
)
SELECT (SELECT count(*) FROM known) + (SELECT count(*) FROM numbered),
    (SELECT notes FROM dartio_logs WHERE name = %(log)b)
"""

DELETE_NOTE = """
WITH known AS (
    SELECT outcome FROM dartio_tokens WHERE owner = %(owner)b AND token = %(token)b
), gone AS (
    DELETE FROM dartio_notes WHERE log = %(log)b AND number = %(number)s::bigint
    AND NOT EXISTS (SELECT 1 FROM known) RETURNING length(text) AS size
), counted AS (
    UPDATE dartio_logs AS l SET size = l.size - g.size FROM gone AS g
    WHERE l.name = %(log)b
), remembered AS (
    INSERT INTO dartio_tokens (owner, token, request, outcome, until)
    SELECT %(owner)b, %(token)b, %(request)b, '',
        now() + %(kept)s::int * interval '1 second'
    FROM gone
)
SELECT (SELECT count(*) FROM known) + (SELECT count(*) FROM gone)
"""

SELECT_NOTES = """
SELECT number, text, false FROM dartio_notes WHERE log = %(log)b
AND number >= %(start)s::bigint AND number < %(stop)s::bigint
UNION ALL SELECT notes, NULL, true FROM dartio_logs WHERE name = %(log)b
"""

SELECT_STATE = "SELECT notes, epoch FROM dartio_logs WHERE name = %(log)b"

SELECT_NOTE = """
SELECT text FROM dartio_notes WHERE log = %(log)b AND number = %(number)s::bigint
"""


class _Note(NamedTuple):
    """
    A note that waits to be sent.

    :ivar asked: the parameters of its token.
    """

    text: bytes
    asked: dict[str, Any]
    number: Deferred[int]


class PostgresqlNotes:
    """One log of a database."""

    def __init__(self, pool: Pool, log: bytes, quota: Quota) -> None:
        self._pool = pool
        self._log = log
        self._tokens = IdempotencyKeys(pool, b"log:" + log)
        self._quota = quota
        self._waiting: list[_Note] = []
        self._is_sending = False

    def append(self, text: str, token: str | None = None) -> Deferred[int]:
        """Add a note."""
        return self._pool.run(self._append(text, token), writes=True)

    def extend(self, start: int, texts: Sequence[str | None]) -> Deferred[None]:
        """Add all notes *texts*, or none of them."""
        return self._pool.run(self._extend(start, texts), writes=True)

    def entry(self, number: int) -> Deferred[str]:
        """The note of that number."""
        return self._pool.run(self._entry(number))

    def entries(self, start: int, limit: int) -> Deferred[list[str | None]]:
        """The notes from *start* on; ``None`` for those that were deleted."""
        return self._pool.run(self._entries(start, limit))

    def count(self) -> Deferred[int]:
        """The number that the next note will get."""
        return self._pool.run(self._count())

    def state(self) -> Deferred[NotesState]:
        """The count, and whether the log was made anew since."""
        return self._pool.run(self._state())

    def delete(self, number: int) -> Deferred[None]:
        """Delete the note of that number."""
        return self._pool.run(self._delete(number), writes=True)

    def close(self) -> Deferred[None]:
        """Close the connections, once all pending operations have ended."""
        return self._pool.close()

    async def _append(self, text: str, token: str | None) -> int:
        encoded = text.encode()
        self._tokens.prune()
        number: Deferred[int] = Deferred()
        asked = self._tokens.of(token, encoded)
        self._waiting.append(_Note(encoded, asked, number))
        if not self._is_sending:
            self._is_sending = True
            Deferred.fromCoroutine(self._send_all())
        return await number

    async def _send_all(self) -> None:
        """Send the notes that wait, and those that come meanwhile."""
        while notes := self._next_batch():
            try:
                await self._pool.run_with_deadline(self._send(notes))
            except Exception as error:  # noqa: BLE001 - told to whom it concerns
                for note in notes:
                    _fire(note, error)
        self._is_sending = False

    def _next_batch(self) -> list[_Note]:
        """The notes to send next; those with the same token one after the other."""
        together: dict[bytes, _Note] = {}
        left, size = [], 0
        for note in self._waiting:
            if note.number.called:
                continue  # its time is up
            size += len(note.text)
            is_full = len(together) == MAX_BATCH or size > MAX_BATCH_BYTES
            if together and (is_full or note.asked["token"] in together):
                left.append(note)
            else:
                together[note.asked["token"]] = note
        self._waiting = left
        return list(together.values())

    async def _send(self, notes: list[_Note]) -> None:
        try:
            outcomes = await self._outcomes(notes)
        except (StoreFull, OSError) as error:
            await self._send_singly(notes, error)
            return
        for note, outcome in zip(notes, outcomes, strict=True):
            _fire(note, outcome)

    async def _send_singly(self, notes: list[_Note], error: Exception) -> None:
        """Send the notes one by one: together they may have been too many."""
        if len(notes) == 1:
            _fire(notes[0], error)
            return
        for note in notes:
            await self._send([note])

    async def _outcomes(self, notes: list[_Note]) -> list[int | Exception]:
        """The outcome of each of *notes*: all of them are stored, or none."""
        parameters = {
            "log": self._log,
            "owner": self._tokens.owner,
            "texts": [note.text for note in notes],
            "tokens": [note.asked["token"] for note in notes],
            "requests": [note.asked["request"] for note in notes],
            "kepts": [note.asked["kept"] for note in notes],
            "most_notes": self._quota.notes,
            "most_size": self._quota.size,
        }
        rows = sorted(await self._pool.execute(APPEND_NOTES, parameters))
        if untils := [stale for *_, stale in rows if stale is not None]:
            # Their notes were removed by SQL: they are stored again.
            stale = parameters | {"untils": untils}
            await self._pool.execute(FORGET_TOKENS, stale)
            return await self._outcomes(notes)
        if len(rows) < len(notes):
            raise _quota_exceeded(self._quota)
        return [
            int(outcome) if request == note.asked["request"] else key_reused_error()
            for note, (_, request, outcome, _) in zip(notes, rows, strict=True)
        ]

    async def _entry(self, number: int) -> str:
        if 0 <= number <= MAX_NUMBER:
            rows = await self._pool.execute(
                SELECT_NOTE, {"log": self._log, "number": number}
            )
            if rows:
                return str(rows[0][0], "utf-8")
            if number < await self._count():
                raise Deleted(f"note {number} was deleted")
        raise NoSuchEntry(f"there is no note {number}")

    async def _entries(self, start: int, limit: int) -> list[str | None]:
        if start > MAX_NUMBER or limit <= 0:
            return []
        stop = min(start + limit, MAX_NUMBER)
        parameters = {"log": self._log, "start": start, "stop": stop}
        rows = await self._pool.execute(SELECT_NOTES, parameters)
        texts = {number: text for number, text, is_count in rows if not is_count}
        counts = [number for number, _, is_count in rows if is_count]
        end = max(min(stop, *counts) if counts else 0, max(texts, default=-1) + 1)
        found = [texts.get(number) for number in range(start, end)]
        return [None if text is None else str(text, "utf-8") for text in found]

    async def _count(self) -> int:
        return (await self._state()).count

    async def _state(self) -> NotesState:
        rows = await self._pool.execute(SELECT_STATE, {"log": self._log})
        return NotesState(*rows[0]) if rows else NotesState(0, 0)

    async def _delete(self, number: int) -> None:
        if 0 <= number <= MAX_NUMBER:
            parameters = self._tokens.of(None) | {"log": self._log, "number": number}
            ((deleted,),) = await self._pool.execute(DELETE_NOTE, parameters)
            if deleted:
                return
            if number < await self._count():
                raise Deleted(f"note {number} was deleted")
        raise NoSuchEntry(f"there is no note {number}")

    async def _extend(self, start: int, texts: Sequence[str | None]) -> None:
        parameters = self._tokens.of(None) | {
            "log": self._log,
            "start": start,
            "texts": [(text or "").encode() for text in texts],
            "are_kept": [text is not None for text in texts],
            "most_notes": self._quota.notes,
            "most_size": self._quota.size,
        }
        ((done, count),) = await self._pool.execute(EXTEND_LOG, parameters)
        if done:
            return
        if count != start:
            raise Conflict(f"the next note is {count}")
        raise _quota_exceeded(self._quota)


def _fire(note: _Note, outcome: int | Exception) -> None:
    if note.number.called:
        return  # its time is up
    if isinstance(outcome, Exception):
        note.number.errback(outcome)
    else:
        note.number.callback(outcome)


def _quota_exceeded(quota: Quota) -> Exception:
    said = [f"{quota.notes} notes"] * bool(quota.notes)
    said += [f"{quota.size} bytes"] * bool(quota.size)
    if not said:
        return OSError("the log is gone from the database")
    return StoreFull(f"there is room for {' and '.join(said)} only")

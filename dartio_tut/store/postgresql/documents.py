"""
Documents in PostgreSQL; see `dartio_tut.store.Documents`.

Each write is one statement, which changes a document only if it is still as the
statement found it. If somebody else was faster it does nothing, and is sent again.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from typing import Any

from twisted.internet.defer import Deferred

from ..interface import (
    Conflict,
    Document,
    DocumentInfo,
    NoSuchEntry,
    Quota,
    StoreFull,
    is_as_expected,
)
from ..names import check_name, fold_name, same_name_taken
from .errors import QuotaExceeded
from .pool import Pool
from .tokens import IdempotencyKeys, key_reused_error

AFTER_EVERY_NAME = b"\xff"
"""It comes after every name: UTF-8 does not have this byte."""

DocumentPage = list[DocumentInfo]

MAX_LISTED = 2**31 - 1

FIND_COLLECTION = "SELECT documents FROM dartio_collections WHERE name = %(name)b"

CREATE_COLLECTION = """
INSERT INTO dartio_collections (name, documents, size) VALUES (%(name)b, 0, 0)
ON CONFLICT DO NOTHING
"""

_FIND = """
WITH known AS (
    SELECT request, outcome FROM dartio_tokens
    WHERE owner = %(owner)b AND token = %(token)b
), found AS (
    SELECT version, size FROM dartio_documents
    WHERE collection = %(collection)b AND name = %(name)b
), twin AS (
    SELECT name FROM dartio_documents
    WHERE collection = %(collection)b AND folded = %(folded)b AND name <> %(name)b
), written AS (
"""

# Without room nothing is counted: then the outcome is null, and everything is undone.
_REMEMBER = """
), counted AS (
    UPDATE dartio_collections AS c
    SET documents = c.documents + w.more, size = c.size + w.grown
    FROM written AS w WHERE c.name = %(collection)b
    AND (w.more <= 0 OR %(most_documents)s::bigint = 0
         OR c.documents + w.more <= %(most_documents)s::bigint)
    AND (w.grown <= 0 OR %(most_size)s::bigint = 0
         OR c.size + w.grown <= %(most_size)s::bigint)
    RETURNING c.name
), remembered AS (
    INSERT INTO dartio_tokens (owner, token, request, outcome, until)
    SELECT %(owner)b, %(token)b, %(request)b,
        (SELECT %(outcome)s::text FROM counted),
        now() + %(kept)s::int * interval '1 second'
    FROM written
)
SELECT (SELECT request FROM known), (SELECT outcome FROM known),
    (SELECT version FROM found), (SELECT count(*) FROM written),
    (SELECT name FROM twin)
"""

_IF_AS_FOUND = """
    d.collection = %(collection)b AND d.name = %(name)b AND d.version = f.version
    AND NOT EXISTS (SELECT 1 FROM known)
    AND (%(whatever)s OR f.version = ANY(%(expected)b::bytea[]))
"""

INSERT_DOCUMENT = f"""
{_FIND}
    INSERT INTO dartio_documents
        (collection, name, folded, version, size, content, modified)
    SELECT %(collection)b, %(name)b, %(folded)b, %(version)b, %(size)s::bigint,
        %(content)b, now()
    WHERE NOT EXISTS (SELECT 1 FROM known) AND NOT EXISTS (SELECT 1 FROM twin)
    ON CONFLICT DO NOTHING RETURNING 1 AS more, size AS grown
{_REMEMBER}
"""  # noqa: S608 - put together from constants

UPDATE_DOCUMENT = f"""
{_FIND}
    UPDATE dartio_documents AS d
    SET version = %(version)b, size = %(size)s::bigint, content = %(content)b,
        modified = now()
    FROM found AS f WHERE {_IF_AS_FOUND}
    RETURNING 0 AS more, %(size)s::bigint - f.size AS grown
{_REMEMBER}
"""  # noqa: S608

DELETE_DOCUMENT = f"""
{_FIND}
    DELETE FROM dartio_documents AS d USING found AS f WHERE {_IF_AS_FOUND}
    RETURNING -1 AS more, -f.size AS grown
{_REMEMBER}
"""  # noqa: S608

SELECT_DOCUMENT = """
SELECT content, version FROM dartio_documents
WHERE collection = %(collection)b AND name = %(name)b
"""

LIST_DOCUMENTS = """
SELECT name, size, extract(epoch FROM modified)::float8, version
FROM dartio_documents WHERE collection = %(collection)b
AND name >= %(first)b AND name > %(after)b AND name < %(end)b
ORDER BY name LIMIT %(limit)s::bigint
"""


class PostgresqlDocuments:
    """One collection of a database."""

    def __init__(self, pool: Pool, collection: bytes, quota: Quota) -> None:
        self._pool = pool
        self._collection = collection
        self._tokens = IdempotencyKeys(pool, b"collection:" + collection)
        self._quota = quota

    def get(self, name: str) -> Deferred[Document]:
        """The document *name*."""
        return self._pool.run(self._get(name))

    def put(
        self,
        name: str,
        content: bytes,
        expected: Collection[str] | None = None,
        token: str | None = None,
    ) -> Deferred[str]:
        """Store *content* as the document *name*."""
        return self._pool.run(self._put(name, content, expected, token), writes=True)

    def delete(
        self, name: str, expected: Collection[str] | None = None
    ) -> Deferred[None]:
        """Remove the document *name*."""
        return self._pool.run(self._delete(name, expected), writes=True)

    def list(
        self, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Deferred[DocumentPage]:
        """The documents whose names begin with *prefix* and come after *after*."""
        return self._pool.run(self._list(prefix, after, limit))

    def close(self) -> Deferred[None]:
        """Close the connections, once all pending operations have ended."""
        return self._pool.close()

    async def _get(self, name: str) -> Document:
        key = check_name(name).encode()
        rows = await self._pool.execute(
            SELECT_DOCUMENT, {"collection": self._collection, "name": key}
        )
        if not rows:
            raise _no_such_document(name)
        content, version = rows[0]
        return Document(bytes(content), version.hex())

    async def _put(
        self,
        name: str,
        content: bytes,
        expected: Collection[str] | None,
        token: str | None,
    ) -> str:
        key = check_name(name).encode()
        version = sha256(content).digest()
        parameters = self._parameters(key, expected) | {
            **self._tokens.of(token, key, content),
            "outcome": version.hex(),
            "version": version,
            "size": len(content),
            "content": content,
        }
        self._tokens.prune()
        is_there = expected is None or bool(expected)
        while True:
            sql = UPDATE_DOCUMENT if is_there else INSERT_DOCUMENT
            outcome, found, twin = await self._write(sql, parameters)
            if outcome is not None:
                return outcome
            _check(name, found, expected)
            if found is None and twin is not None:
                raise same_name_taken(name, twin)
            is_there = found is not None

    async def _delete(self, name: str, expected: Collection[str] | None) -> None:
        key = check_name(name).encode()
        parameters = self._parameters(key, expected) | {
            **self._tokens.of(None, key),
            "outcome": "",
        }
        while True:
            outcome, found, _ = await self._write(DELETE_DOCUMENT, parameters)
            if outcome is not None:
                return
            _check(name, found, expected)
            if found is None:
                raise _no_such_document(name)

    async def _list(self, prefix: str, after: str, limit: int) -> DocumentPage:
        first = prefix.encode("utf-8", "surrogatepass")
        parameters = {
            "collection": self._collection,
            "first": first,
            "after": after.encode("utf-8", "surrogatepass"),
            # No byte of UTF-8 is so great that it has no successor.
            "end": first[:-1] + bytes([first[-1] + 1]) if first else AFTER_EVERY_NAME,
            "limit": min(limit, MAX_LISTED),
        }
        rows = await self._pool.execute(LIST_DOCUMENTS, parameters)
        return [
            DocumentInfo(str(name, "utf-8"), size, modified, version.hex())
            for name, size, modified, version in rows
        ]

    async def _write(
        self, sql: str, parameters: dict[str, Any]
    ) -> tuple[str | None, str | None, str | None]:
        """
        The outcome of a write, ``None`` if nothing was written; the version that was
        there before; and a document that some file systems take for the same.
        """
        try:
            rows = await self._pool.execute(sql, parameters)
        except QuotaExceeded:
            raise _quota_exceeded(self._quota) from None
        known, outcome, found, written, twin = rows[0]
        if known is not None and known != parameters["request"]:
            raise key_reused_error()
        if written:
            outcome = parameters["outcome"]
        version = None if found is None else found.hex()
        return outcome, version, None if twin is None else str(twin, "utf-8")

    def _parameters(
        self, key: bytes, expected: Collection[str] | None
    ) -> dict[str, Any]:
        versions = [_digest(version) for version in expected or ()]
        return {
            "collection": self._collection,
            "name": key,
            "folded": fold_name(key.decode()).encode(),
            "whatever": expected is None or "*" in expected,
            "expected": [version for version in versions if version is not None],
            "most_documents": self._quota.documents,
            "most_size": self._quota.size,
        }


def _digest(version: str) -> bytes | None:
    """The bytes of *version*, if it can be a version."""
    try:
        digest = bytes.fromhex(version)
    except ValueError:
        return None
    return digest if digest.hex() == version else None


def _check(name: str, found: str | None, expected: Collection[str] | None) -> None:
    if not is_as_expected(found, expected):
        raise Conflict(f"{name} does not have the expected version")


def _no_such_document(name: str) -> NoSuchEntry:
    return NoSuchEntry(f"there is no document {name}")


def _quota_exceeded(quota: Quota) -> Exception:
    said = [f"{quota.documents} documents"] * bool(quota.documents)
    said += [f"{quota.size} bytes"] * bool(quota.size)
    if not said:
        return OSError("the collection is gone from the database")
    return StoreFull(f"there is room for {' and '.join(said)} only")

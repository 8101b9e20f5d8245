"""
Copying one store into another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.store import (
    CopyConflict,
    Document,
    DocumentInfo,
    InvalidName,
    MemoryDocuments,
    MemoryNotes,
    StoreUnavailable,
    copy_documents,
    copy_notes,
    version_of,
)

from .support.store_suite import ODD_NOTES

MANY_NOTES = 450
"""More than a few pages."""


class CopyNotesTests(SynchronousTestCase):
    """Copying notes."""

    def setUp(self) -> None:
        self.source, self.target = MemoryNotes(), MemoryNotes()
        self.texts = [*ODD_NOTES, *map(str, range(MANY_NOTES))]
        for text in self.texts:
            self.source.append(text)

    def copy(self, target: MemoryNotes | None = None) -> Deferred[Any]:
        return Deferred.fromCoroutine(copy_notes(self.source, target or self.target))

    def there(self) -> list[str | None]:
        found: list[str | None] = self.successResultOf(self.target.entries(0, 10**6))
        return found

    def test_copies_all_notes_in_order(self) -> None:
        self.assertEqual(self.successResultOf(self.copy())[:2], (len(self.texts), 0))
        self.assertTrue(self.there() == self.texts)

    def test_second_copy_writes_nothing(self) -> None:
        self.successResultOf(self.copy())
        self.assertEqual(self.successResultOf(self.copy())[:2], (0, len(self.texts)))
        self.assertEqual(len(self.there()), len(self.texts))

    def test_interrupted_copy_continues_where_it_ended(self) -> None:
        class CutOff(MemoryNotes):
            """Goes away after some notes; the answer to the last ones is lost."""

            def extend(self, start: int, texts: Sequence[str | None]) -> Deferred[None]:
                added = super().extend(start, texts)
                return added if "300" not in texts else fail(StoreUnavailable("away"))

        self.failureResultOf(self.copy(CutOff()), StoreUnavailable)
        target = CutOff()
        self.failureResultOf(self.copy(target), StoreUnavailable)
        kept = self.successResultOf(target.entries(0, 10**6))
        self.target.extend(0, kept)
        done = self.successResultOf(self.copy())
        self.assertEqual(done[:2], (len(self.texts) - len(kept), len(kept)))
        self.assertTrue(self.there() == self.texts)

    def test_difference_ends_the_copy(self) -> None:
        self.target.append("another")
        error = self.failureResultOf(self.copy(), CopyConflict)
        self.assertIn("note 0", str(error.value))
        self.assertEqual(self.there(), ["another"])

    def test_longer_target_ends_the_copy(self) -> None:
        for text in [*self.texts, "one more"]:
            self.target.append(text)
        self.failureResultOf(self.copy(), CopyConflict)

    def test_note_added_by_another_client_ends_the_copy(self) -> None:
        class Shared(MemoryNotes):
            """Another client adds a note, too."""

            def extend(self, start: int, texts: Sequence[str | None]) -> Deferred[None]:
                if "7" in texts:
                    super().append("of another")
                return super().extend(start, texts)

        self.failureResultOf(self.copy(Shared()), CopyConflict)


class CopyDocumentsTests(SynchronousTestCase):
    """Copying documents."""

    def setUp(self) -> None:
        self.source, self.target = MemoryDocuments(), MemoryDocuments()
        for number in range(MANY_NOTES):
            self.source.put(f"{number} é.json", b"\0\xff%d" % number)

    def copy(self) -> Deferred[Any]:
        return Deferred.fromCoroutine(copy_documents(self.source, self.target))

    def test_copies_all_documents_and_a_second_copy_writes_nothing(self) -> None:
        self.assertEqual(self.successResultOf(self.copy()), (MANY_NOTES, 0, {}))
        self.assertEqual(self.successResultOf(self.copy()), (0, MANY_NOTES, {}))
        name = "17 é.json"
        self.assertEqual(
            self.successResultOf(self.target.get(name)),
            self.successResultOf(self.source.get(name)),
        )

    def test_difference_ends_the_copy(self) -> None:
        self.target.put("3 é.json", b"another")
        error = self.failureResultOf(self.copy(), CopyConflict)
        self.assertIn("3 é.json", str(error.value))
        found = self.successResultOf(self.target.get("3 é.json"))
        self.assertEqual(found.content, b"another")

    def test_names_that_the_target_takes_for_one_are_told_and_the_rest_copied(
        self,
    ) -> None:
        self.target.put("3 É.json", b"another")
        self.target.put("4 e\N{COMBINING ACUTE ACCENT}.json", b"another")
        copied = self.successResultOf(self.copy())
        self.assertEqual(copied[:2], (MANY_NOTES - 2, 0))
        self.assertEqual(set(copied.taken), {"3 é.json", "4 é.json"})
        self.assertIn("3 É.json", copied.taken["3 é.json"])

    def test_a_name_that_the_target_cannot_have_is_told_and_the_rest_copied(
        self,
    ) -> None:
        put = self.target.put

        def refuse(name: str, *rest: Any) -> Deferred[str]:
            if name.startswith("3 "):
                return fail(InvalidName("notes are kept in the file of that name"))
            return put(name, *rest)

        self.patch(self.target, "put", refuse)
        copied = self.successResultOf(self.copy())
        self.assertEqual(copied[:2], (MANY_NOTES - 1, 0))
        self.assertEqual(list(copied.taken), ["3 é.json"])

    def test_of_names_that_the_target_takes_for_one_the_first_is_copied(self) -> None:
        self.source = Twins()
        waiting: list[Deferred[None]] = []
        get = self.source.get

        def slowly(name: str) -> Deferred[Any]:
            """The first in the list is the last that can be read."""
            read: Deferred[None] = Deferred()
            waiting.append(read)
            return read.addCallback(lambda _: get(name))

        self.source.get = slowly  # type: ignore[method-assign]
        copying = self.copy()
        while waiting:
            waiting.pop().callback(None)
        copied = self.successResultOf(copying)
        self.assertEqual(copied[:2], (2, 0))
        self.assertEqual(set(copied.taken), {"a.json", "\xe9.json"})

    def test_of_names_that_the_target_takes_for_one_the_one_there_is_kept(self) -> None:
        self.source = Twins()
        self.target.put("a.json", b"{}")
        copied = self.successResultOf(self.copy())
        self.assertEqual(copied[:2], (1, 1))
        self.assertEqual(set(copied.taken), {"A.json", "\xe9.json"})


class Twins(MemoryDocuments):
    """Documents of a folder in which names were not compared."""

    NAMES = ("A.json", "a.json", "\xc9.json", "\xe9.json")

    def list(
        self, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Deferred[list[DocumentInfo]]:
        """All four."""
        names = [name for name in self.NAMES if name > after]
        return succeed([DocumentInfo(name, 2, 0) for name in names])

    def get(self, name: str) -> Deferred[Document]:
        """Each is the same."""
        return succeed(Document(b"{}", version_of(b"{}")))

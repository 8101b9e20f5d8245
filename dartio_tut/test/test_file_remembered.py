"""
What is remembered of files: how many of them, and for how long.
"""

from __future__ import annotations

import os
import time
import tracemalloc
from pathlib import Path
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources.files import precompressed
from dartio_tut.resources.files.precompressed import (
    FOLDER_TTL_SECONDS,
    LOOKUP_TTL_SECONDS,
    PrecompressedFiles,
)
from dartio_tut.resources.files.remembered import (
    MAX_REMEMBERED_PATH_BYTES,
    Remembered,
    may_be_remembered,
)


class RememberedTests(SynchronousTestCase):
    """What is forgotten when there is too much."""

    def test_nothing_is_forgotten_before_there_are_too_many(self) -> None:
        kept: Remembered[int, str] = Remembered(3, choose=lambda most: 0)
        for number in range(3):
            kept.put(number, str(number))
        kept.put(1, "another")
        found = [kept.get(number) for number in range(4)]
        self.assertEqual(found, ["0", "another", "2", None])

    def test_one_is_forgotten_for_each_that_is_too_many(self) -> None:
        kept: Remembered[int, str] = Remembered(3, choose=lambda most: most - 2)
        for number in range(5):
            kept.put(number, str(number))
        found = [kept.get(number) for number in range(5)]
        self.assertEqual(found, ["0", None, "2", None, "4"])
        self.assertEqual(len(kept), 3)

    def test_most_are_still_there_when_more_than_all_come_in_turn(self) -> None:
        kept: Remembered[int, bool] = Remembered(100, choose=Random(1).randrange)
        hits = 0
        for _ in range(20):
            for number in range(120):
                hits += kept.get(number) is not None
                kept.put(number, True)
        self.assertGreater(hits, 20 * 120 // 2)
        self.assertEqual(len(kept), 100)

    def test_a_path_may_be_remembered_unless_it_takes_too_much_memory(self) -> None:
        usual = (b"node_modules", b"@scope", b"package", b"dist", b"index.js")
        self.assertTrue(may_be_remembered(usual))
        self.assertTrue(may_be_remembered((b"a" * 255,) * 6))
        self.assertFalse(may_be_remembered((b"a" * MAX_REMEMBERED_PATH_BYTES,)))
        self.assertFalse(may_be_remembered((b"a",) * 50))


class CompressedFormsTests(SynchronousTestCase):
    """When it is looked for compressed forms of a file again."""

    def setUp(self) -> None:
        self.root = Path(self.mktemp())
        (self.root / "a").mkdir(parents=True)
        self.now, self.since_change, self.looked = 0.0, 10, 0
        self.patch(precompressed, "monotonic", lambda: self.now)
        self.patch(
            precompressed,
            "time_ns",
            lambda: time.time_ns() + self.since_change * 10**9,
        )
        lexists = os.path.lexists

        def counted(path: bytes) -> bool:
            self.looked += 1
            return lexists(path)

        self.patch(os.path, "lexists", counted)
        self.forms = PrecompressedFiles(os.fsencode(self.root))

    def looks(self) -> tuple[tuple[bytes, ...], int]:
        """The codings that are found much later, and how many files were looked for."""
        self.now += 10 * LOOKUP_TTL_SECONDS
        before = self.looked
        found = self.forms.codings((b"a", b"x.js"))
        return found, self.looked - before

    def test_none_is_looked_for_while_the_folder_does_not_change(self) -> None:
        self.assertEqual(self.looks(), ((), 3))
        self.assertEqual(self.looks(), ((), 0))
        (self.root / "other").touch()
        self.assertEqual(self.looks(), ((), 0))
        (self.root / "a" / "x.js.gz").touch()
        self.assertEqual(self.looks()[0], (b"gzip",))
        (self.root / "a" / "x.js.gz").unlink()
        self.assertEqual(self.looks()[0], ())

    def test_a_folder_whose_time_stands_still_is_relied_on_for_a_while(self) -> None:
        self.patch(PrecompressedFiles, "_version", lambda *_: (1, 2, 3))
        self.assertEqual(self.looks(), ((), 3))
        (self.root / "a" / "x.js.gz").touch()
        self.assertEqual(self.looks(), ((), 0))
        self.now += FOLDER_TTL_SECONDS
        self.assertEqual(self.looks()[0], (b"gzip",))

    def test_a_folder_that_has_changed_just_now_is_not_relied_on(self) -> None:
        self.since_change = 1
        self.assertEqual(self.looks(), ((), 3))
        self.assertEqual(self.looks(), ((), 3))

    def test_a_link_may_lead_to_a_file_without_a_change_of_the_folder(self) -> None:
        (self.root / "a" / "x.js.br").symlink_to(self.root.absolute() / "later")
        self.assertEqual(self.looks()[0], ())
        (self.root / "later").touch()
        self.assertEqual(self.looks()[0], (b"br",))

    def test_a_folder_that_is_gone_has_none(self) -> None:
        (self.root / "a").rmdir()
        self.assertEqual(self.looks(), ((), 3))
        (self.root / "a").mkdir()
        (self.root / "a" / "x.js.zst").touch()
        self.assertEqual(self.looks()[0], (b"zstd",))

    def test_nothing_is_remembered_of_very_long_paths_that_anybody_may_ask_for(
        self,
    ) -> None:
        for long in ((b"a",) * 2000, (b"x" * 4000,)):
            tracemalloc.start()
            self.addCleanup(tracemalloc.stop)
            for number in range(10):
                self.forms.codings((*long, b"%d" % number))
            held = tracemalloc.get_traced_memory()[0]
            self.assertLess(held, 10 * 1024)
            tracemalloc.stop()

    def test_compressed_forms_are_found_at_very_long_paths_too(self) -> None:
        long = (b"a",) * 100
        folder = self.root.joinpath(*map(os.fsdecode, long))
        folder.mkdir(parents=True)
        (folder / "x.js.br").touch()
        names = (*long, b"x.js")
        self.assertEqual(self.forms.codings(names), (b"br",))
        self.assertFalse(self.forms.had_any(names))
        self.assertEqual(self.forms.none_until(names), 0)

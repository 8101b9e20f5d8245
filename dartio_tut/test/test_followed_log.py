"""
`dartio_tut.daemon.followed_log`: a log whose name somebody gives to another file.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon.followed_log import FollowedLogFile


class FollowedLogFileTests(SynchronousTestCase):
    """`FollowedLogFile`."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        self.path = self.folder / "a.log"
        self.log = FollowedLogFile.fromFullPath(str(self.path))
        self.addCleanup(self.log.close)
        self.log.write("1\n")

    def kept(self) -> dict[str, str]:
        """The content of all files."""
        return {path.name: path.read_text() for path in self.folder.iterdir()}

    def test_renamed_file_is_made_again(self) -> None:
        for number in (2, 3):
            self.path.rename(self.folder / f"old{number}")
            self.log.write(f"{number}\n")
            self.log.write("more\n")
        self.assertEqual(
            self.kept(), {"old2": "1\n", "old3": "2\nmore\n", "a.log": "3\nmore\n"}
        )

    def test_removed_file_is_made_again(self) -> None:
        self.path.unlink()
        self.log.write("2\n")
        self.assertEqual(self.kept(), {"a.log": "2\n"})

    def test_file_that_others_have_made_is_gone_on_with(self) -> None:
        self.path.rename(self.folder / "old")
        self.path.write_text("theirs\n")
        self.log.write("2\n")
        self.assertEqual(self.kept(), {"old": "1\n", "a.log": "theirs\n2\n"})

    def test_rotating_what_was_renamed_makes_one_file(self) -> None:
        self.path.rename(self.folder / "old")
        self.log.rotate()
        self.log.write("2\n")
        self.assertEqual(self.kept(), {"old": "1\n", "a.log": "2\n"})
        self.log.rotate()
        self.log.write("3\n")
        self.assertEqual(self.kept(), {"old": "1\n", "a.log.1": "2\n", "a.log": "3\n"})

    def test_file_is_followed_though_nothing_was_written_in_between(self) -> None:
        for number in (1, 2):
            self.path.rename(self.folder / f"old{number}")
            self.log.rotate()
        self.path.rename(self.folder / "old3")
        self.log.write("2\n")
        self.assertEqual(
            self.kept(), {"old1": "1\n", "old2": "", "old3": "", "a.log": "2\n"}
        )
        self.log.rotate()
        self.path.unlink()
        self.log.write("3\n")
        self.assertEqual(self.path.read_text(), "3\n")

    def test_file_of_a_million_bytes_is_begun_anew(self) -> None:
        self.log.rotateLength = 2
        self.log.write("2\n")
        self.log.write("3\n")
        self.assertEqual(
            self.kept(), {"a.log.2": "1\n", "a.log.1": "2\n", "a.log": "3\n"}
        )

    def test_what_cannot_be_opened_changes_nothing(self) -> None:
        old = self.folder / "old"
        self.path.rename(old)
        for make, remove in (
            (lambda: self.path.mkdir(), self.path.rmdir),
            (lambda: os.mkfifo(self.path), self.path.unlink),
            (lambda: self.path.symlink_to(self.path), self.path.unlink),
        ):
            make()
            self.log.write("2\n")
            remove()
        self.assertEqual(old.read_text(), "1\n2\n2\n2\n")
        self.log.write("3\n")
        self.assertEqual(self.path.read_text(), "3\n")

    def test_who_may_not_make_it_goes_on_with_the_file_of_before(self) -> None:
        self.patch(os, "access", lambda *_: False)
        self.path.rename(self.folder / "old")
        self.log.write("2\n")
        self.assertEqual(self.kept(), {"old": "1\n2\n"})

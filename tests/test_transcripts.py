"""
Every console transcript in the documentation does what its page says.

Those of README and the tutorial are typed by a newcomer, in ``test_readme``.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from twisted.trial.unittest import SkipTest

from .support.harness import CHECKOUT, Case
from .support.transcripts import CTRL_C, SHOWN, Shell, matches, steps

PAGES = [
    page
    for page in sorted((CHECKOUT / "docs").rglob("*.md"))
    if "tutorial" not in page.parts
]

OUTSIDE = ("curl", "systemd-socket-activate")
"""Programs that are not ours, which `make test` installs where it may."""


class TranscriptTests(Case):
    """A test for each page that has transcripts."""

    def follow(self, page: Path) -> None:
        shell = Shell(self)
        for step in steps(page):
            program = step.command.split()[0]
            if program in OUTSIDE and not shutil.which(program):
                raise SkipTest(f"NOT TESTED: {page.name}: no {program} here")
            shell.run(step)


def _add_tests() -> None:
    for page in PAGES:
        if any(steps(page)):
            name = "_".join(page.relative_to(CHECKOUT).with_suffix("").parts)

            def test(self: TranscriptTests, page: Path = page) -> None:
                self.follow(page)

            setattr(TranscriptTests, f"test_{name}", test)


_add_tests()


class ReadingTests(Case):
    """How pages are read, and their outputs compared."""

    def test_all_lines_that_come_must_be_shown(self) -> None:
        self.assertTrue(matches("a\nb", "a\nb\n"))
        for shown in ("a", "b", "a b", "a...", "...b", "a...b", "a\nb\nc", ""):
            self.assertFalse(matches(shown, "a\nb\n"), shown)

    def test_dots_stand_for_a_part_of_a_line_and_alone_for_lines(self) -> None:
        self.assertTrue(matches("a ... c", "a b c\n"))
        self.assertFalse(matches("a ... c", "a b d"))
        for shown in ("...", "...\nc", "a\n...\nc", "a\n...\nb\nc", "a\n..."):
            self.assertTrue(matches(shown, "a\nb\nc\n"), shown)
        self.assertFalse(matches("...\nb", "a\nb\nc\n"))

    def test_dots_in_brackets_stand_for_the_beginning_of_a_log_line(self) -> None:
        for begin in ("11:21:16", "2026-11-26T11:21:24+0000 [twisted.web#info]"):
            self.assertTrue(matches("[...] It listens.", f"{begin} It listens."))
        for line in ("It listens.", "11:21:16 And it listens."):
            self.assertFalse(matches("[...] It listens.", line), line)

    def test_blocks_are_typed_where_their_captions_say(self) -> None:
        page = self.here / "page.md"
        page.write_text(
            "*Terminal 2*, then *Terminal 1*:\n\n```console\n$ a\nout\n^C\n$ b\n```\n"
            "\nText.\n\n```console\n$ c\n```\n\n*Terminal 2*\n\n```console\n$ d\n```\n"
        )
        self.assertEqual(
            [(step.terminal, step.command, step.expected) for step in steps(page)],
            [
                (1, "a", ["out"]),
                (1, CTRL_C, []),
                (1, "b", []),
                (1, "c", []),
                (2, "d", []),
            ],
        )

    def test_block_without_a_command_is_what_a_program_shows_next(self) -> None:
        page = self.here / "page.md"
        page.write_text("*Terminal 2*\n\n```console\none\ntwo\n$ a\nout\n```\n")
        self.assertEqual(
            [(step.terminal, step.command, step.expected) for step in steps(page)],
            [(2, SHOWN, ["one", "two"]), (2, "a", ["out"])],
        )

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

    def test_dots_match_anything_and_the_rest_must_be_the_same(self) -> None:
        self.assertTrue(matches("a ... c", "a b c\n"))
        self.assertFalse(matches("a ... c", "a b d"))
        self.assertFalse(matches("", "something"))

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

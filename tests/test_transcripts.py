"""
Every shell transcript in README and docs does what the page says.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from twisted.trial.unittest import SkipTest

from .support.harness import CHECKOUT, Case
from .support.transcripts import Shell, matches, steps

PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]

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


class MatchingTests(Case):
    """The comparison itself can fail."""

    def test_matches(self) -> None:
        self.assertTrue(matches("a ... c", "a b c\n"))
        self.assertFalse(matches("a ... c", "a b d"))
        self.assertFalse(matches("", "something"))

    def test_every_lesson_has_a_transcript(self) -> None:
        told = "".join(step.command for page in PAGES for step in steps(page))
        for name in (
            "hello", "thinker", "notes", "mini-file", "basic-file", "hello-secure",
            "static", "writer", "pages", "tutorial", "dartio guess", "dartio write",
            "dartio note", "dartio get",
        ):  # fmt: skip
            self.assertIn(name, told)

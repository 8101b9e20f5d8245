"""
Twisted's own tests judge our channel and request: they may differ only where we say so.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from twisted.trial.unittest import TestCase

from .support.harness import PATIENCE

PROGRAM = Path(__file__).with_name("support") / "twisted_suite.py"
RECORD = Path(__file__).with_name("twisted_suite.toml")

TESTS = 800
"""Twisted 26.10 has 814; far fewer would mean that they were not found."""


def recorded(*of: str) -> set[str]:
    """The tests that are known to fail, of the request or the channel."""
    listed = tomllib.loads(RECORD.read_text())["difference"]
    return {test for one in listed if one["of"] in of for test in one["tests"]}


class TwistedSuiteTests(TestCase):
    """Twisted's own tests, with and without ours in place of its own."""

    def run_suite(self, *modes: str) -> list[dict[str, str]]:
        """What goes wrong, and why, in each of *modes*, side by side."""
        folders = {mode: Path(self.mktemp()).absolute() for mode in modes}
        running = []
        for mode, folder in folders.items():
            folder.mkdir(parents=True)
            # -P: the modules of this folder are no modules of that program.
            command = [sys.executable, "-P", str(PROGRAM), mode, "result.json"]
            running.append(
                subprocess.Popen(
                    command,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )
        said = [one.communicate(timeout=4 * PATIENCE)[0] for one in running]
        self.assertEqual([one.returncode for one in running], [0] * len(modes), said)
        results = []
        for folder in folders.values():
            found = json.loads((folder / "result.json").read_text())
            self.assertGreater(found["ran"], TESTS)
            results.append(found["wrong"])
        return results

    def test_we_differ_where_we_say_so(self) -> None:
        # Some fail on Twisted itself here: as root, or without a program they need.
        usual, request, both = self.run_suite("stock", "request", "both")
        self.check(request, usual, recorded("request"))
        self.check(both, usual, recorded("request", "channel"))

    def check(
        self, wrong: dict[str, str], usual: Iterable[str], known: set[str]
    ) -> None:
        """*wrong* is what is *known* to be, but for what is *usual*."""
        ours = wrong.keys() - set(usual)
        new = {name: wrong[name] for name in sorted(ours - known)}
        self.assertEqual(new, {}, "mend them, or say in twisted_suite.toml why not")
        mended = sorted(known - wrong.keys())
        self.assertEqual(mended, [], "take them out of twisted_suite.toml")

    def test_every_difference_has_its_reason(self) -> None:
        listed = tomllib.loads(RECORD.read_text())["difference"]
        names = [test for one in listed for test in one["tests"]]
        self.assertEqual(len(names), len(set(names)))
        for one in listed:
            self.assertIn(one["kind"], ("deliberate", "inside", "bug"))
            self.assertIn(one["of"], ("request", "channel"))
            self.assertTrue(one["why"].strip().endswith("."), one["why"])

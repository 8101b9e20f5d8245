"""
Installing as docs/operations.md says, word for word.
"""

from __future__ import annotations

import shutil

from .support.command_blocks import command_blocks, replaced_in, run_block
from .support.harness import CHECKOUT, Case, ask

PAGE = CHECKOUT / "docs" / "operations.md"

NOT_IN_A_CLONE = shutil.ignore_patterns(
    ".*", "build", "dist", "*.egg-info", "__pycache__", "_build"
)


class InstallingTests(Case):
    """The section *Installing*."""

    def test_wheel_of_a_clone_serves_and_takes_an_extra_afterwards(self) -> None:
        clone, target = self.folder / "clone", self.folder / "opt"
        shutil.copytree(CHECKOUT, clone, ignore=NOT_IN_A_CLONE)
        install, extra = command_blocks(PAGE, "Installing")
        place = {"/opt/dartio-tut": str(target)}
        run_block(replaced_in(install, place), clone, self.home)
        shutil.rmtree(clone)  # the installed package needs it no more
        twistd = str(target / "bin" / "twistd")
        daemon = self.started(twistd, "-n", "--pidfile=", "hello", "--port", "0")
        self.addCleanup(daemon.stop)
        self.assertEqual(ask(daemon.ready()).body, b"Hello, world!")
        run_block(replaced_in(extra, place), self.here, self.home)
        line = ("hello", "--metrics", "tcp:0", "--check")
        checked = self.started(twistd, "-n", *line)
        self.assertEqual(checked.ended(), 0, checked.output())
        self.assertIn("all is in order", checked.output())

"""
Run a program, or a module of this package, with an installation of this project.

    $ .venv/bin/python benchmarks/stores/programs/launch.py 5 .venv/bin/twistd -n notes
    $ .venv/bin/python benchmarks/stores/programs/launch.py 0 -m MODULE ARGUMENTS

The number is how many milliseconds longer every fsync takes: a disk slower than this
one. The wait is like a disk's, for other threads go on meanwhile.
"""

from __future__ import annotations

import os
import runpy
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]


def delay_flushes(milliseconds: float) -> None:
    """Make every fsync take so much longer."""
    flush, seconds = os.fsync, milliseconds / 1000

    def fsync(descriptor: int) -> None:
        time.sleep(seconds)
        flush(descriptor)

    os.fsync = fsync  # type: ignore[assignment]


def main() -> None:
    """Run the program that the command line names, or the module behind ``-m``."""
    # Last, so that what is measured is the project that is installed.
    sys.path[:] = [*sys.path[1:], str(CHECKOUT)]
    milliseconds, *sys.argv = sys.argv[1:]
    if float(milliseconds):
        delay_flushes(float(milliseconds))
    if sys.argv[0] == "-m":
        del sys.argv[0]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()

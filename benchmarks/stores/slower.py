"""
A disk whose flush takes longer: every fsync of a program in Python waits before it.

    $ python benchmarks/stores/slower.py 5 .venv/bin/twistd -n notes

The wait is like a disk's: other threads go on meanwhile. So what is measured on a fast
disk says something of others too.
"""

from __future__ import annotations

import os
import runpy
import sys
import time


def delayed(milliseconds: float) -> None:
    """Have every fsync take so much longer."""
    flush, seconds = os.fsync, milliseconds / 1000

    def fsync(descriptor: int) -> None:
        time.sleep(seconds)
        flush(descriptor)

    os.fsync = fsync  # type: ignore[assignment]


def main() -> None:
    """Run the program that the command line names, or the module behind ``-m``."""
    sys.path[0] = os.getcwd()  # as ``-m`` does
    delayed(float(sys.argv[1]))
    if sys.argv[2] == "-m":
        sys.argv = sys.argv[3:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        return
    sys.argv = sys.argv[2:]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()

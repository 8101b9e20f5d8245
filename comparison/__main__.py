"""
The command: ask every server, write the page.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from local_servers import install_programs

from .answer_rows import ERRORS, SAID
from .folder_rows import FOLDERS
from .method_rows import CONDITIONS, METHODS
from .page import page
from .peers import NOT_COVERED, PEERS, PROGRAMS, Peer
from .range_rows import RANGES
from .starting import Asked, ask_all
from .tree import make_tree
from .tree_rows import ROWS
from .type_rows import CODED, TYPE_ROWS
from .wire_rows import WIRE

GROUPS = (
    *(ROWS, METHODS, CONDITIONS, RANGES, TYPE_ROWS, CODED),
    *(FOLDERS, ERRORS, SAID, WIRE),
)

OUT = Path("docs", "comparison.md")


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m comparison",
        description="What our file server and its peers answer to the same.",
    )
    add = parser.add_argument
    names = [peer.name for peer in PEERS]
    add("--peer", action="append", choices=names, help="only this (repeatable)")
    add("--out", type=Path, help=f"the page (default: {OUT}, when all are asked)")
    add(
        "--venv",
        type=lambda path: Path(path).absolute(),
        default=Path(sys.prefix),
        help="an environment with this project, instead of the one that runs this",
    )
    add("--installed", action="store_true", help="install no program of the system")
    return parser.parse_args()


def asked(peers: Sequence[Peer], environment: Path) -> list[Asked]:
    """What came of asking each of *peers*."""
    answers = []
    rows = [row for group in GROUPS for row in group.rows]
    with tempfile.TemporaryDirectory() as folder:
        tree = make_tree(Path(folder))
        for peer in peers:
            asked = ask_all(peer, environment, rows, tree)
            counts = Counter(v.mark.value for v in asked.verdicts.values())
            said = ", ".join(f"{mark} {number}" for mark, number in counts.items())
            print(
                f"{peer.name:12} {said or f'not installed: {asked.missing}'}",
                flush=True,
            )
            answers.append(asked)
    return answers


def main() -> None:
    """Do what the command line says."""
    options = arguments()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    if not options.installed:
        install_programs(*PROGRAMS)
    wanted = [p for p in PEERS if not options.peer or p.name in options.peer]
    text = page(GROUPS, asked(wanted, options.venv), NOT_COVERED)
    out = options.out or (None if options.peer else OUT)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text)
        print(f"See {out}")
    else:
        print(text)


if __name__ == "__main__":
    main()

"""
The blocks of commands that a page tells an operator to type, run as they stand there.

Rule: only what is a machine's own (a folder of the system's, a port) is replaced, and
whatever is to be replaced must be there.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .harness import environment

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)

INSTALL_SECONDS = 300
"""Until a block is given up: some install packages, on a busy machine."""


def section(page: Path, title: str) -> str:
    """What stands on *page* below the heading *title*, to the next heading like it."""
    text = page.read_text()
    found = re.search(rf"^(#+) {re.escape(title)}\n", text, re.MULTILINE)
    if found is None:
        raise AssertionError(f"{page.name} has no section {title!r}")
    rest = text[found.end() :]
    return re.split(rf"^#{{1,{len(found[1])}}} ", rest, maxsplit=1, flags=re.MULTILINE)[
        0
    ]


def command_blocks(page: Path, title: str) -> list[str]:
    """The blocks fenced as ``sh`` in the section *title* of *page*."""
    return _BLOCK.findall(section(page, title))


def replaced_in(block: str, replacements: Mapping[str, str]) -> str:
    """*block* with all *replacements*, each of which must be needed."""
    for old, new in replacements.items():
        if old not in block:
            raise AssertionError(f"{old!r} is not in:\n{block}")
        block = block.replace(old, new)
    return block


def run_block(block: str, folder: Path, home: Path, **more: str) -> str:
    """
    Run *block* by a shell that stops at the first command that fails.

    :param more: what else is in its environment.
    :return: what it printed.
    """
    pip = {name: text for name, text in os.environ.items() if name.startswith("PIP_")}
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=folder,
        env=environment(home) | pip | more,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    if ended.returncode:
        raise AssertionError(
            f"exit code {ended.returncode} of:\n{block}\n{ended.stdout}"
        )
    return ended.stdout

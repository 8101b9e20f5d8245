"""
Programs that run as somebody else than root, for tests that root runs.

Rule: the installation may be one that only root can read, as in root's home folder.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

MODES_APPLY = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
"""Starts a program as root, but bound by the modes of files as everybody else is."""


def become(user: str, needed: Sequence[str]) -> list[str] | None:
    """
    How root starts programs as *user*, a name or a number; ``None``: there is no way.

    :param needed: a command that *user* must be able to run.
    """
    for way in (
        # Root under another name, who may still read what is root's alone.
        ["unshare", "--user", f"--map-user={user}", f"--map-group={user}"],
        # For containers, where that is often forbidden.
        ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"],
    ):
        # env: a program that setpriv starts is still opened with root's rights, but
        # not one that it starts in turn.
        tried = [*way, "env", *needed]
        if shutil.which(way[0]) and not (
            subprocess.run(tried, cwd="/", capture_output=True, check=False).returncode
        ):
            return way
    return None

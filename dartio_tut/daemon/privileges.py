"""
Acting, for a while, as the user that the daemon will be.

Twistd gives up root's rights (``--uid``, ``--gid``) only when the server has been made
and its ports are bound. What is made on disk before that must belong to the later user.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def running_as_daemon_user(twistd: Mapping[str, int | None]) -> Iterator[None]:
    """
    Run as the user and group that *twistd*, its options, says to change to later.

    Nothing is asked of the system when there is nothing to change: the SystemCallFilter
    of a systemd unit may forbid ``seteuid``.

    :raise OSError: when this process may not change to them.
    """
    uid, gid = twistd.get("uid"), twistd.get("gid")
    if uid is not None and gid is None:
        gid = pwd.getpwuid(uid).pw_gid
    user, group = os.geteuid(), os.getegid()
    changes_user = uid is not None and uid != user
    changes_group = gid is not None and gid != group
    if gid is not None and changes_group:
        os.setegid(gid)
    try:
        if uid is not None and changes_user:
            os.seteuid(uid)
        yield
    finally:
        if changes_user:
            os.seteuid(user)
        if changes_group:
            os.setegid(group)

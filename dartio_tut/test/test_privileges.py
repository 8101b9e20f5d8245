"""
Acting as the user that the daemon will be.
"""

from __future__ import annotations

import os
import pwd

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon.privileges import running_as_daemon_user


class RunningAsDaemonUserTests(SynchronousTestCase):
    """What is asked of the system."""

    def setUp(self) -> None:
        self.calls: list[tuple[str, int]] = []
        self.user, self.group = os.geteuid(), os.getegid()
        self.patch(os, "seteuid", lambda uid: self.calls.append(("user", uid)))
        self.patch(os, "setegid", lambda gid: self.calls.append(("group", gid)))

    def test_nothing_is_asked_when_nothing_changes(self) -> None:
        unchanged: list[dict[str, int | None]] = [
            {},
            {"uid": None, "gid": None},
            {"uid": self.user, "gid": self.group},
            {"gid": self.group},
        ]
        if pwd.getpwuid(self.user).pw_gid == self.group:
            unchanged.append({"uid": self.user})
        for twistd in unchanged:
            with running_as_daemon_user(twistd):
                pass
            self.assertEqual((twistd, self.calls), (twistd, []))

    def test_another_user_is_become_and_left_again(self) -> None:
        with running_as_daemon_user({"uid": self.user + 1, "gid": self.group + 1}):
            changes = [("group", self.group + 1), ("user", self.user + 1)]
            self.assertEqual(self.calls, changes)
        self.assertEqual(
            self.calls, [*changes, ("user", self.user), ("group", self.group)]
        )

    def test_only_what_differs_is_changed(self) -> None:
        with running_as_daemon_user({"uid": self.user, "gid": self.group + 1}):
            pass
        self.assertEqual(self.calls, [("group", self.group + 1), ("group", self.group)])

    def test_the_user_is_left_when_the_block_fails(self) -> None:
        with (
            self.assertRaises(KeyError),
            running_as_daemon_user({"uid": self.user + 1, "gid": self.group}),
        ):
            raise KeyError
        self.assertEqual(self.calls[-1], ("user", self.user))

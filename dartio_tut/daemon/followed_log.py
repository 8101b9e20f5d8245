"""
A log file that is made again under its name, when somebody has renamed or removed it.
"""

from __future__ import annotations

import os
import stat
from typing import Any

from twisted.python.logfile import LogFile


class FollowedLogFile(LogFile):
    """
    Looks before each line which file has its name: whoever rotates logs need not tell.
    Twisted's goes on writing into the file of before, and does not rotate that, either.
    """

    def write(self, data: Any) -> None:
        """Write *data* into the file that has the name now."""
        self._follow()
        super().write(data)

    def rotate(self) -> None:
        """Begin the file anew, unless that was just done."""
        if not self._follow():
            super().rotate()

    def _follow(self) -> bool:
        """Open the file that has the name, or make it: whether it is another one."""
        try:
            status = os.stat(self.path)
        except FileNotFoundError:
            named, place = None, self.directory
        except OSError:
            return False
        else:
            named, place = (status.st_dev, status.st_ino), self.path
            if not stat.S_ISREG(status.st_mode):
                return False
        opened = os.fstat(self._file.fileno())
        if named == (opened.st_dev, opened.st_ino) or not os.access(place, os.W_OK):
            return False  # who may not open it goes on with the file of before
        self.reopen()
        return True

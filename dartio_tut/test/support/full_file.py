"""
Temporary files on a disk that is full.
"""

from __future__ import annotations

import errno
import os
from io import BytesIO


class LateFullFile(BytesIO):
    """A file that keeps in a buffer what it takes, and then has no room for it."""

    def seek(self, at: int, whence: int = 0, /) -> int:
        """Fail, as what is in the buffer must be written first."""
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        """Close it, and fail, too."""
        if not self.closed:
            super().close()
            self.seek(0)

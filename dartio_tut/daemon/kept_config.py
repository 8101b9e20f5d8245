"""
What the file ``--config`` says, for those workers that follow one that has died.

They begin with what that one had. The file may have been changed since, or be half
written; that counts from the next SIGHUP on, which replaces all workers. Else some of
them would soon serve something else than others, or none could start.
"""

from __future__ import annotations

import json
from collections.abc import Callable

MAX_BYTES = 64 * 1024
"""
Of a text as JSON that is kept: it goes to workers in their environment, where one
variable may have 128 KiB (``MAX_ARG_STRLEN`` of Linux). They read a longer file
themselves.
"""


class KeptConfig:
    """
    The content of the file, as each worker was started with it.

    :param text: what it had when the parent was started; ``None`` without ``--config``.
    :param read: reads what it has now.
    """

    def __init__(self, text: str | None, read: Callable[[], str]) -> None:
        self._at_start = text
        self._read = read
        self._answered: dict[int, str | None] = {}

    def for_worker(self, number: int, replaces: bool) -> str | None:
        """
        What the worker of that *number* is to take for the content of the file;
        ``None`` if it is to read it itself.

        :param replaces: whether it is started for a worker that is still there.
        """
        if not replaces:
            return self._answered.get(number, _if_short(self._at_start))
        if self._at_start is None:
            return None
        try:
            return _if_short(self._read())
        except (OSError, ValueError):  # which the worker will meet, and tell
            return None

    def answered(self, number: int, text: str | None) -> None:
        """The worker of that *number*, which was started with *text*, answers."""
        self._answered[number] = text


def _if_short(text: str | None) -> str | None:
    return None if text is None or len(json.dumps(text)) > MAX_BYTES else text

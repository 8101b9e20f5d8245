"""
The validators of a file: its entity tag and its date (RFC 9110 section 8.8).

Rule: two contents under one URL never have the same tag. The time of the last change
and the size do not tell them apart: builds set all files to one time, archives keep
whole seconds, and two files that one program writes may have one time to the
nanosecond. So the content itself goes into the tag. That of a large file is not read:
if a tool has set its time, what only this file system knows takes its place.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from time import time

SECOND_NS = 10**9

MAX_DIGESTED_BYTES = 256 * 1024
"""A larger file would keep other clients waiting while it is read."""


def last_modified(status: os.stat_result) -> int | None:
    """
    Return the time of a file's last change, in whole seconds since the epoch.

    ``None`` stands for a time that tells nothing: builds that want the same output
    each time set it to the epoch, or to a second after it.
    """
    if status.st_mtime_ns <= SECOND_NS:
        return None
    # A date in the future would be no date to compare with (section 8.8.2.1).
    return min(status.st_mtime_ns // SECOND_NS, int(time()))


def is_date_strong(status: os.stat_result) -> bool:
    """
    Return whether the second of a file's last change is that of its content alone.

    A tool that sets the time, such as ``cp -p``, ``tar`` and ``touch``, may give one
    time to two contents; it leaves the time of the change of status as it is. What was
    written in that second and fetched later is the only content of that second, which
    is what a client has to see to before it sends a date (RFC 9110 section 8.8.2.2).
    """
    second, fraction = divmod(status.st_mtime_ns, SECOND_NS)
    return fraction != 0 and status.st_ctime_ns // SECOND_NS == second


def entity_tag(
    descriptor: int, status: os.stat_result, coding: bytes | None = None
) -> bytes:
    """
    Return the entity tag, with its quotes, of an open file of this *status*.

    :param coding: the content coding of the file, which belongs to its tag.
    :raise OSError: when the file cannot be read.
    """
    parts = [b"%x" % max(status.st_mtime_ns, 0), b"%x" % status.st_size]
    if status.st_size <= MAX_DIGESTED_BYTES:
        content = os.pread(descriptor, status.st_size, 0)
        parts.append(blake2b(content, digest_size=8).hexdigest().encode())
    elif not is_date_strong(status):
        parts += (b"%x" % n for n in _known_here(status))
    if coding:
        parts.append(coding)
    return b'"%b"' % b"-".join(parts)


def _known_here(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ctime_ns, status.st_dev, status.st_ino

"""
Files that cannot be read, in the log: a line for each request, except where the fault
is the machine's and each request would have one.
"""

from __future__ import annotations

from twisted.logger import Logger

from dartio_tut.wire import FAULTS_OF_THE_MACHINE, RepeatedLine

from .root import path_for_log

_of_the_machine = RepeatedLine()


def report_read_error(log: Logger, path: bytes, error: OSError) -> None:
    """Have *log* tell that what was asked for at *path* cannot be read: *error*."""
    if error.errno not in FAULTS_OF_THE_MACHINE:
        log.error("{path}: {error}", path=path_for_log(path), error=error.strerror)
        return
    count = _of_the_machine.count()
    if count:
        log.error(
            "{path}: {error} ({count} since the last line)",
            path=path_for_log(path),
            error=error.strerror,
            count=count,
        )

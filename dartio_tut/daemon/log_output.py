"""
How the log of a daemon is written: which lines, and in which format.

twistd makes its log itself, unless it is told the name of a function that makes an
observer (its option ``--logger``). Here is that function. Where the log goes stays as
twistd has it: to standard output, or to a file that it begins anew when it is long or
SIGUSR1 comes.
"""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from io import TextIOBase
from threading import current_thread, main_thread
from types import FrameType, MappingProxyType
from typing import IO, Any, NamedTuple

from twisted.logger import (
    FileLogObserver,
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    formatEvent,
    formatEventAsClassicLogText,
)

from .followed_log import FollowedLogFile
from .privileges import running_as_daemon_user
from .standard_output import LogStream, StandardOutput
from .startup import startup_errors

OBSERVER_NAME = f"{__name__}.log_observer"
"""What twistd imports."""

LEVELS = ("debug", "info", "warn", "error", "critical")
"""From the level with all lines to the one with the fewest, as Twisted calls them."""

FORMATS = ("text", "json")

TWISTD_LOG_FILE = "twistd.log"
"""Where a twistd in the background logs unless told otherwise."""

TWISTD_NAMESPACE = "twisted.scripts._twistd_unix.UnixAppLogger"
"""Who says that twistd starts and ends, which a person at a terminal knows."""

TWISTED_ENDS = re.compile(r"\((TCP|TLS) Port \d+ Closed\)|Main loop terminated\.")
"""What Twisted says when it ends, after the line that it shuts down."""

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_log = Logger()

_NOT_OF_A_PERSON = {LogLevel.debug, LogLevel.info}


class LogOutput(NamedTuple):
    """
    What the log of this process is to be.

    :param path: the file; ``None`` for standard output.
    :param twistd: the options of twistd, which say what user the daemon will be.
    """

    level: str
    format: str
    path: str | None
    twistd: Mapping[str, Any] = MappingProxyType({})


_output = LogOutput("info", "text", None)


def set_log_output(twistd: Mapping[str, Any], level: str, format: str) -> None:
    """
    Let the log be as *level* and *format* say, and where *twistd*, its options, says.
    """
    global _output
    path = twistd["logfile"] or (None if twistd["nodaemon"] else TWISTD_LOG_FILE)
    _output = LogOutput(level, format, None if path == "-" else path, twistd)


def is_log_on_stdout_json() -> bool:
    """Whether standard output is read by a program, as lines of JSON."""
    return _output.format == "json" and _output.path is None


def log_observer() -> ILogObserver:
    """
    What twistd calls when it begins to log.

    :raise StartupError: when the file cannot be written.
    """
    if _output.path is None:
        stream: Any = _standard_output()
    else:
        with startup_errors("--logfile"):
            stream = _log_file(_output.path)
    return observer_for(stream, _output.level, _output.format)


def _standard_output() -> IO[str] | LogStream:
    """Standard output, whose reader nobody waits for."""
    from twisted.internet import reactor

    # Of a worker, whose parent has the log. After `is not`, mypy takes it for None.
    if id(sys.stdout) != id(sys.__stdout__):
        return sys.stdout
    try:
        output = StandardOutput()
    except OSError:  # it is closed, which is for Python to cope with
        return sys.stdout
    if not output.has_reader:
        return sys.stdout
    sys.stdout.flush()
    return LogStream(output, reactor.callLater)


def observer_for(stream: IO[Any], level: str, format: str) -> ILogObserver:
    """An observer that writes to *stream*; short lines, if it is a terminal."""
    line: Callable[[LogEvent], str | None] = formatEventAsClassicLogText
    if format == "json":
        line = json_line
    elif isinstance(stream, TextIOBase) and stream.isatty():
        line = short_line
    writing = FileLogObserver(stream, _encodable(line, stream))
    predicate = LogLevelFilterPredicate(LogLevel.levelWithName(level))
    return FilteringLogObserver(writing, [predicate])


def short_line(event: LogEvent) -> str | None:
    """*event* for a person at a terminal: the time, and what is said."""
    level = event.get("log_level", LogLevel.info)
    is_detail = level in _NOT_OF_A_PERSON
    text = _text(event)
    of_twistd = event.get("log_namespace") == TWISTD_NAMESPACE
    if not text or (is_detail and (of_twistd or TWISTED_ENDS.fullmatch(text))):
        return None
    time = datetime.fromtimestamp(event["log_time"]).strftime("%H:%M:%S")
    said = "" if is_detail else f"{level.name}: "
    safe = _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
    return f"{time} {said}{safe}\n".replace("\n", "\n\t").removesuffix("\t")


def json_line(event: LogEvent) -> str | None:
    """*event* as an object of JSON on a line."""
    message, traceback = formatEvent(event), _traceback(event)
    if not message and not traceback:
        return None
    time = datetime.fromtimestamp(event["log_time"], UTC)
    members = {
        "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": event.get("log_level", LogLevel.info).name,
        "logger": event.get("log_namespace") or "-",
        "message": message,
    }
    if traceback:
        members["traceback"] = traceback
    return json.dumps(members) + "\n"


def _text(event: LogEvent) -> str:
    return "\n".join(filter(None, (formatEvent(event), _traceback(event))))


def _traceback(event: LogEvent) -> str:
    failure = event.get("log_failure")
    return "" if failure is None else str(failure.getTraceback()).rstrip("\n")


def _encodable(
    line: Callable[[LogEvent], str | None], stream: IO[Any]
) -> Callable[[LogEvent], str | None]:
    """*line* with what the encoding of *stream* does not have as escapes."""
    encoding = getattr(stream, "encoding", None) or "utf-8"

    def encodable(event: LogEvent) -> str | None:
        text = line(event)
        return text and text.encode(encoding, "backslashreplace").decode(encoding)

    return encodable


def _log_file(path: str) -> Any:
    """The file *path*, which SIGUSR1 begins anew, if nothing else is to."""
    is_new = not os.path.lexists(path)
    file = FollowedLogFile.fromFullPath(path)
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):  # Twisted would give /dev/null another name
        file.rotateLength = None
        return file
    # twistd in the background has a umask of its own.
    file.defaultMode = stat.S_IMODE(mode)
    _give_to_daemon_user(path, is_new)

    def begin_anew(number: int, frame: FrameType | None) -> None:
        from twisted.internet import reactor

        reactor.callFromThread(file.rotate)  # type: ignore[attr-defined]

    if not signal.getsignal(signal.SIGUSR1):
        signal.signal(signal.SIGUSR1, begin_anew)
    return file


def _give_to_daemon_user(path: str, is_new: bool) -> None:
    """
    Let the user whom twistd will change to begin the file *path* anew. Who may not do
    that is not told by Twisted.

    :param is_new: whether it was made just now: no other file is given to that user,
        who may have put a link there.
    """
    uid, gid = (_output.twistd.get(name) for name in ("uid", "gid"))
    if uid is None and gid is None:
        return
    if is_new:
        with suppress(OSError):
            _give(path, -1 if uid is None else uid, -1 if gid is None else gid)
    folder = os.path.dirname(os.path.abspath(path))
    with running_as_daemon_user(_output.twistd):
        for needed, rights in ((folder, os.W_OK | os.X_OK), (path, os.W_OK)):
            if os.access(needed, rights, effective_ids=True):
                continue
            _log.warn(
                "{path} is never begun anew, however long it is: the user of --uid "
                "cannot write to {needed}",
                path=path,
                needed=needed,
            )
            return


def _give(path: str, uid: int, gid: int) -> None:
    """Give the file *path* away, unless it is a link, or has another name."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
            os.fchown(descriptor, uid, gid)
    finally:
        os.close(descriptor)


def outlive_sigusr1() -> None:
    """
    Ignore SIGUSR1, which would end the process, if there is no log file to begin anew:
    whoever rotates logs may send it to all processes of a service. If there is a file,
    twistd has set a handler of its own before.
    """
    if current_thread() is not main_thread():
        return
    if signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)

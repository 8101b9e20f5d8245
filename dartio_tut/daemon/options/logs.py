"""
The logs of a server: what it tells an operator, and what it has answered.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Mapping
from typing import Any

from twisted.python.usage import UsageError

from ..access_log_format import FORMATS as LINE_FORMATS
from ..log_output import FORMATS, LEVELS, OBSERVER_NAME, set_log_output
from .help_text import LOGS
from .option import flag, option
from .parsing import endpoint_string, log_file, one_of

MAX_PID_BYTES, MAX_PID = 64, 2**31
"""How long a PID file may be; and beyond what no process is numbered."""

LOG_OPTIONS = (
    option(
        "access-log",
        "File to which a line is appended for each request; - is stdout.",
        log_file,
        group=LOGS,
        is_path=True,
    ),
    option(
        "access-log-format",
        "What its lines are: combined (Apache's and nginx's) or json.",
        one_of(tuple(LINE_FORMATS)),
        "combined",
        group=LOGS,
    ),
    option(
        "log-level",
        f"Least level of the lines in the log: {', '.join(LEVELS)}.",
        one_of(LEVELS),
        "info",
        group=LOGS,
    ),
    option(
        "log-format",
        "Format of the log: text, which is short on a terminal, or json, an object a "
        "line.",
        one_of(FORMATS),
        "text",
        group=LOGS,
    ),
    option(
        "metrics",
        "Twisted endpoint string, such as tcp:9100:interface=127.0.0.1, where "
        "/metrics (for Prometheus), /healthz and /readyz are.",
        endpoint_string,
        group=LOGS,
        is_path=True,
    ),
    flag(
        "health",
        "Answer /healthz and /readyz on the server's own ports, before anything else.",
        group=LOGS,
    ),
)


def set_up_log(options: Mapping[str, Any], given: set[str], twistd: Any) -> None:
    """
    Let *twistd* log as *options* say, unless it was told how by its own options.

    :param given: the names of the options that were given.
    :param twistd: its options.
    :raise UsageError: when the options do not go together.
    """
    asked = sorted(given & {"log-level", "log-format"})
    if "logger" not in twistd:
        if asked:
            raise UsageError(f"--{asked[0]} is for servers that twistd runs")
        return
    others = [name for name in ("logger", "syslog") if twistd[name]]
    if others:
        if asked:
            raise UsageError(f"--{asked[0]} does not go with --{others[0]}")
        return
    if twistd["logfile"] == "-" and not twistd["nodaemon"]:
        raise UsageError("--logfile=- needs -n: there is no stdout in the background")
    set_log_output(twistd, options["log-level"], options["log-format"])
    twistd["logger"] = OBSERVER_NAME


def check_twistd_user(twistd: Mapping[str, Any]) -> None:
    """
    See that the system knows the user that *twistd*, whose options these are, is to be.

    :raise UsageError: when it does not.
    """
    uid = twistd.get("uid")
    if uid is None or uid == os.getuid():
        return
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise UsageError(
            f"--uid: the system has no user {uid}: make one, or start the server as "
            "that user"
        ) from None


def check_twistd_folders(twistd: Mapping[str, Any]) -> None:
    """
    See that *twistd*, whose options these are, can enter the folder that it runs in,
    and write its PID file. It would only show a traceback.

    :raise UsageError: when it cannot.
    """
    folder = twistd.get("rundir") or "."
    named = "the current folder" if folder == "." else folder
    try:
        is_folder = stat.S_ISDIR(os.stat(folder).st_mode)
    except OSError as error:
        why = os.strerror(error.errno or 0).lower()
        raise UsageError(f"--rundir: {named}: {why}") from None
    if not is_folder:
        raise UsageError(f"--rundir: {named}: not a folder")
    if not os.access(folder, os.X_OK):
        raise UsageError(f"--rundir: {named}: permission denied")
    pid_file = twistd.get("pidfile")
    if pid_file:
        path = os.path.join(folder, pid_file)
        target = path if os.path.exists(path) else os.path.dirname(path) or "."
        if not os.access(target, os.W_OK):
            raise UsageError(f"--pidfile: {pid_file}: cannot be written")
        if os.path.isdir(path):
            raise UsageError(f"--pidfile: {pid_file}: it is a folder")
        if os.path.isfile(path) and not _has_process_number(path):
            raise UsageError(
                f"--pidfile: {pid_file}: it has no process number: remove it, if the "
                "server does not run"
            )


def _has_process_number(path: str) -> bool:
    """Whether the file *path* has what a PID file has; also if it cannot be read."""
    try:
        with open(path, "rb") as file:
            text = file.read(MAX_PID_BYTES).strip()
    except OSError:
        return True
    return text.isdigit() and 0 < int(text) < MAX_PID

"""
The files of the daemon itself, which nobody should be served by accident.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress

from .certificate_folder import find_pairs
from .options.certificate import folder_of_self_signed
from .options.server import ServerOptions

TWISTD_LOG = "twistd.log"
"""The name that twistd gives to its log in the background, unless told otherwise."""

_KEY_ARGUMENTS = ("key", "privateKey")
"""Arguments of endpoint strings that name a file with a private key."""


def private_file_paths(options: ServerOptions) -> list[str]:
    """
    Return the absolute paths of the files that the daemon writes, or keeps secret: its
    logs, its pid file, its private keys. Some may not be there yet.
    """
    found = [options["access-log"], options.get("key")]
    if options["self-signed"]:
        found.append(os.path.join(folder_of_self_signed(options), "key.pem"))
    found += _twistd_files(options.parent or {})
    if options["cert-folder"] is not None:
        with suppress(OSError, ValueError):  # the start will say what is wrong
            found += [key for _, key in find_pairs(options["cert-folder"])]
    for endpoint in options["listen"]:
        found += _private_keys(endpoint)
    return [os.path.abspath(path) for path in found if path and path != "-"]


def _twistd_files(twistd: dict[str, str | None]) -> list[str | None]:
    """What twistd writes: its log from where it starts, the rest in its rundir."""
    found = [twistd.get("logfile")]
    if twistd and not (twistd.get("nodaemon") or twistd.get("syslog") or found[0]):
        found = [TWISTD_LOG]
    folder = twistd.get("rundir") or ""
    for name in ("pidfile", "profile"):
        path = twistd.get(name)
        if path:
            found.append(os.path.join(folder, path))
    return found


def _private_keys(endpoint: str) -> list[str]:
    """The files with private keys that an *endpoint* string names."""
    found = []
    for argument in re.split(r"(?<!\\):", endpoint):
        name, mark, value = argument.partition("=")
        if mark and name in _KEY_ARGUMENTS:
            found.append(re.sub(r"\\(.)", r"\1", value))
    return found

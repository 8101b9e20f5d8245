"""
The files of the daemon itself, which nobody should be served by accident.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress

from .options.certificate import folder_of_self_signed
from .options.elsewhere import CONFIG
from .options.server import ServerOptions

TWISTD_LOG = "twistd.log"
"""The name that twistd gives to its log in the background, unless told otherwise."""

_KEY_ARGUMENTS = ("key", "passwordFile", "privateKey")
"""Arguments of endpoint strings that name a file with a private key or its password."""

_FOLDER_ARGUMENT = "certFolder"

_ARGUMENTS = {
    "https": ("port", "cert", "key", "passwordFile"),
    "ssl": ("port", "privateKey", "certKey"),
    "tls": (_FOLDER_ARGUMENT,),
}
"""Arguments that may stand in an endpoint string without their names, in order."""

_DEFAULTS = {"ssl": {"privateKey": "server.pem"}}
"""Files that are meant where an endpoint string does not say so."""


class PrivatePaths(Collection[str]):
    """
    Absolute paths: *known*, and those of the keys that are now in *folders* of
    certificates.
    """

    def __init__(self, known: list[str], folders: list[str]) -> None:
        self._known = known
        self._folders = folders

    def __iter__(self) -> Iterator[str]:
        yield from self._known
        for folder in self._folders:
            with suppress(OSError):  # the start, or the log, says so
                for name in sorted(os.listdir(folder)):
                    yield from self._keys(folder, name)

    def _keys(self, folder: str, name: str) -> Iterator[str]:
        """The key behind *name*, also one whose certificate has not come yet."""
        inside = os.path.join(folder, name, "privkey.pem")
        if name.endswith((".key", ".pem")):
            yield os.path.join(folder, name)
        elif os.path.lexists(inside):
            yield inside

    def __len__(self) -> int:
        return sum(1 for _ in self)  # list() would ask for the length first

    def __contains__(self, path: object) -> bool:
        return any(path == each for each in self)


def private_file_paths(options: ServerOptions) -> PrivatePaths:
    """
    The files that the daemon writes, or keeps secret: its logs, its pid file, its
    private keys and their password, and its options, which may have the password of a
    database. Some may not be there yet, and keys may be added to --cert-folder.

    Those of the server that has started this one in the same process are among them.
    """
    found = _twistd_files(options.parent or {})
    folders: list[str] = []
    for each in filter(None, (options, options.started_by)):
        found += _own_files(each)
        folders += filter(None, [each["cert-folder"]])
        for endpoint in filter(None, [*each["listen"], each["metrics"]]):
            arguments = _arguments(endpoint)
            found += [arguments.get(name) for name in _KEY_ARGUMENTS]
            folders += filter(None, [arguments.get(_FOLDER_ARGUMENT)])
    known = [os.path.abspath(path) for path in found if path and path != "-"]
    return PrivatePaths(known, [*map(os.path.abspath, folders)])


def _own_files(options: ServerOptions) -> list[str | None]:
    """What *options* name; the logs and the files of secrets."""
    names = ("access-log", CONFIG, "key", "key-password-file")
    found = [options[name] for name in names]
    if options["self-signed"]:
        found.append(os.path.join(folder_of_self_signed(options), "key.pem"))
    return found


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


def _arguments(endpoint: str) -> dict[str, str]:
    """The arguments of an *endpoint* string, by their names."""
    kind, *parts = re.split(r"(?<!\\):", endpoint)
    names = iter(_ARGUMENTS.get(kind, ()))
    found = dict(_DEFAULTS.get(kind, {}))
    for part in parts:
        name, mark, value = part.partition("=")
        if not mark:
            name, value = next(names, ""), part
        found[name] = re.sub(r"\\(.)", r"\1", value)
    return found

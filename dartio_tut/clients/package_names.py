"""
Names for a package of one's own: what can be one, and which are taken.
"""

from __future__ import annotations

import grp
import keyword
import pwd
import re
import sys
import unicodedata
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

UNIT_FOLDERS = ("/etc/systemd/system", "/usr/lib/systemd/system")
"""Where systemd has units; one of the same name would take the place of the other."""

MAX_NAME_CHARACTERS = 31
"""As long as the name of a user may be, as whom systemd runs the server."""

OTHER_FOLDERS = frozenset(("build", "deploy", "dist"))
"""Folders that a project has beside its package, or will have."""

_PACKAGE_NAME = re.compile(r"[a-z](?:_?[a-z0-9])*")
"""A wheel has a single _ where a name has two."""


def parse_package_name(text: str) -> str:
    """
    *text*, if a package may have that name.

    :raise ValueError: when it may not; it says what would do.
    """
    if not _PACKAGE_NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} is no name for a package: use small letters, digits and _, and "
            f"begin with a letter, as in {_similar(text)!r}"
        )
    if len(text) > MAX_NAME_CHARACTERS:
        raise ValueError(
            f"{text!r} has {len(text)} characters: use at most {MAX_NAME_CHARACTERS}"
        )
    if text in OTHER_FOLDERS:
        raise ValueError(
            f"{text!r} is another folder of each project: use another name, as in "
            f"'{text}_server'"
        )
    if keyword.iskeyword(text):
        raise ValueError(
            f"{text!r} is a keyword of Python, so nothing can import it: use another "
            f"name, as in '{text}_server'"
        )
    if text in sys.stdlib_module_names:
        raise ValueError(
            f"{text!r} is a module of Python's standard library, and one would hide "
            f"the other: use another name, as in '{text}_server'"
        )
    return text


def _similar(text: str) -> str:
    """A name that is like *text*, and free."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_0123456789")
    name = words[:MAX_NAME_CHARACTERS].rstrip("_") or "my_server"
    try:
        check_is_free(parse_package_name(name))
    except ValueError:
        name = name[: MAX_NAME_CHARACTERS - len("_server")].rstrip("_")
        return f"{name}_server"
    return name


def check_is_free(name: str) -> None:
    """
    See that nothing that is installed has this *name*.

    :raise ValueError: when something has.
    """
    try:
        version = distribution(name).version
    except PackageNotFoundError:
        pass
    else:
        raise ValueError(f"{name} {version} is installed here. Choose another name")
    if spec := find_spec(name):
        where = spec.origin or ", ".join(spec.submodule_search_locations or ())
        raise ValueError(f"Python has a package {name!r}: {where}. Choose another name")
    if why := _why_no_user(name):
        raise ValueError(f"{name!r} is {why}. Choose another name, as '{name}_server'")
    for folder in UNIT_FOLDERS:
        if (unit := Path(folder, f"{name}.service")).exists():
            raise ValueError(f"systemd has a unit {unit}. Choose another name")
    if name in _servers_of_twistd():
        raise ValueError(f"twistd has a server {name!r} already. Choose another name")


def _why_no_user(name: str) -> str:
    """
    Why DynamicUser= cannot make a user *name*; nothing if it can. Where there is one,
    it makes none: the server would run as root, or as a user whose files it could read.
    """
    for find, why in (
        (pwd.getpwnam, "a user of this machine, as whom systemd would run the server"),
        (grp.getgrnam, "a group of this machine: systemd would not start the server"),
    ):
        with suppress(KeyError):
            find(name)
            return why
    return ""


def _servers_of_twistd() -> set[str]:
    """The names that ``twistd --help`` lists."""
    from twisted.application.service import IServiceMaker
    from twisted.plugin import getPlugins

    return {maker.tapname for maker in getPlugins(IServiceMaker)}

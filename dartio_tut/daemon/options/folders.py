"""
The options of servers that serve a folder, or keep what they are sent in a store.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from errno import EACCES
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from platformdirs import user_data_path
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.usage import UsageError

from dartio_tut.store import folder_path, is_database, location_for_log, timed

from ..privileges import running_as_daemon_user
from ..startup import error_text, startup_errors
from ..store_folders import folder_of_parent, remember_folder
from ..this_worker import this_worker
from .option import Option, option
from .parsing import existing_folder
from .quota import QUOTA_OPTIONS, quota_of
from .server import ServerOptions


class ClosableStore(Protocol):
    """A store, as far as it has to be closed."""

    def close(self) -> Deferred[None]:
        """Release what is held open; fires when that is done."""


S = TypeVar("S", bound=ClosableStore)

_log = Logger()


class RootOptions(ServerOptions):
    """
    The options of a server that serves a folder, ``options["root"]``.

    :cvar default_root: the folder to serve when none is given.
    """

    default_root: ClassVar[str] = "."
    options: ClassVar[Sequence[Option]] = (
        option("root", "Folder to serve.", existing_folder, letter="r", is_path=True),
    )

    def __init__(self) -> None:
        super().__init__()
        self.set_default("root", self.default_root)

    def postOptions(self) -> None:
        """
        See that the default can be served, where no folder was given, and that the user
        whom the daemon will be can read all that is served.

        :raise UsageError: when it cannot; or when some options do not go together.
        """
        super().postOptions()
        if "root" not in self.given:
            try:
                self["root"] = existing_folder(self["root"])
            except (OSError, ValueError) as error:
                raise UsageError(f"--root: {error_text(error)}") from None
        for name, path in self.served_paths():
            try:
                _check_readable(path, self.parent or {})
            except (OSError, LookupError) as error:
                raise UsageError(f"--{name}: {error_text(error)}") from None

    def served_paths(self) -> Sequence[tuple[str, str]]:
        """The folders and files that are served, each with the option that says so."""
        return [("root", self["root"])]


class StoreOptions(ServerOptions):
    """
    The options of a server that keeps something in a store.

    :cvar store_name: the name of its folder below the user's data folder, which is
        used when no store is given.
    :cvar store_file_names: what matches the names of files in it that clients read and
        write (a regular expression); those of notes, unless it says more.
    """

    store_name: ClassVar[str]
    store_file_names: ClassVar[str] = r"notes\.txt|notes\.torn.*|\.notes(-.*)?"
    options: ClassVar[Sequence[Option]] = (
        option(
            "store",
            "Folder, or postgresql://HOST/DATABASE, to keep things in; without it, a "
            "folder in your data folder.",
            letter="s",
            is_path=True,
        ),
        *QUOTA_OPTIONS,
    )

    def open_store(self, opened: Callable[..., S]) -> S:
        """
        The store that *opened* makes of ``--store`` and a `Quota`, as the user the
        daemon will be. It is closed when the daemon stops. With ``--check`` it is
        called with ``only_check=True``, and is to change nothing. With ``--metrics``,
        its operations are timed.

        :raise StartupError: when it cannot be read and written.
        """
        with startup_errors("--store"), running_as_daemon_user(self.parent or {}):
            where = self["store"] or data_folder(self.store_name)
            if not is_database(where):
                self._check_own(folder_path(where))
            _check_free(where, self["keep-free"])
            store = self._opened(opened, where)
        self.store_location = location_for_log(where)
        self.closing.append(store.close)
        _log.info("All of it is kept in {where}", where=without_password(where))
        if self["metrics"] is None:
            return store
        return timed(store, self.store_times.observer(where))

    def _check_own(self, folder: str) -> None:
        """
        See that no file of the daemon itself is one that is kept in *folder*.

        :raise ValueError: when it has one, or will have.
        """
        from ..private_paths import private_file_paths

        real_folder = os.path.realpath(folder)
        more = filter(None, [self["cert"], self["client-ca"]])
        for path in (*private_file_paths(self), *more):
            for each in (os.path.abspath(path), os.path.realpath(path)):
                parent, name = os.path.split(each)
                is_there = os.path.realpath(parent) == real_folder
                if is_there and re.fullmatch(self.store_file_names, name):
                    raise ValueError(
                        f"{name} of the daemon itself would be one of the files that "
                        f"are kept in {folder}: use another folder"
                    )

    def _opened(self, opened: Callable[..., S], where: str) -> S:
        """The store at *where*, in the same folder for a parent and its workers."""
        if self["check"]:
            return opened(where, quota_of(self), only_check=True)
        if is_database(where):
            return opened(where, quota_of(self))
        folder = os.path.abspath(folder_path(where))
        if this_worker() is not None:
            with folder_of_parent(folder):
                return opened(where, quota_of(self))
        store = opened(where, quota_of(self))
        if self["workers"] > 1:
            remember_folder(folder)
        return store


class SharedStoreOptions(StoreOptions):
    """
    The options of a server that keeps something in memory, unless a store is given that
    it shares with others.
    """

    options: ClassVar[Sequence[Option]] = (
        option(
            "store",
            "Folder, or postgresql://HOST/DATABASE, to share with other servers; "
            "without it, nothing is kept.",
            letter="s",
        ),
    )

    def why_one_process(self) -> str:
        """What is kept in memory has one process."""
        if self["store"]:
            return super().why_one_process()
        return (
            "what it keeps is in the memory of one process; give it a --store, which "
            "several share"
        )

    def open_shared_store(self, opened: Callable[..., S]) -> S | None:
        """
        The store that *opened* makes, as `open_store`; ``None`` if none is given.

        :raise StartupError: when it cannot be read and written.
        """
        return self.open_store(opened) if self["store"] else None


def _check_free(where: str, wanted: int) -> None:
    """
    See that as many bytes as ``--keep-free`` says can be free on the disk.

    :raise StartupError: when the disk is smaller.
    """
    if is_database(where) or not wanted:
        return
    found = Path(folder_path(where)).absolute()
    while not found.exists():
        found = found.parent
    disk = os.statvfs(found)
    size = disk.f_blocks * disk.f_frsize
    if size and size <= wanted:  # some file systems have no size
        with startup_errors("--keep-free"):
            raise ValueError(f"the disk of {found} has {size} bytes in all")


def _check_readable(path: str, twistd: Mapping[str, Any]) -> None:
    """
    See that the user whom *twistd*, its options, says to change to can read *path*.

    :raise OSError: when that user cannot.
    """
    if twistd.get("uid") is None and twistd.get("gid") is None:
        return
    with running_as_daemon_user(twistd):
        wanted = os.R_OK | os.X_OK if os.path.isdir(path) else os.R_OK
        if not os.access(path, wanted, effective_ids=True):
            raise PermissionError(EACCES, "the user of --uid cannot read it", path)


def data_folder(name: str) -> str:
    """
    Where the server *name* keeps its data unless told otherwise.

    Below the user's data folder (``$XDG_DATA_HOME``, usually
    ``~/.local/share``); nothing is created yet.
    """
    return str(user_data_path("dartio_tut") / name)


def without_password(where: str) -> str:
    """*where* as it may stand in a log: without a user and a password."""
    return location_for_log(where)

"""
The options of servers that serve a folder, or keep what they are sent in a store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol, TypeVar

from platformdirs import user_data_path
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from dartio_tut.store import Quota, location_for_log

from ..privileges import running_as_daemon_user
from ..startup import startup_errors
from .option import Option, option
from .parsing import existing_folder
from .quota import QUOTA_OPTIONS, quota_of
from .server import ServerOptions


class Closable(Protocol):
    """A store, as far as it has to be closed."""

    def close(self) -> Deferred[None]:
        """Release what is held open; fires when that is done."""


S = TypeVar("S", bound=Closable)

_log = Logger()


class RootOptions(ServerOptions):
    """
    The options of a server that serves a folder, ``options["root"]``.

    :cvar default_root: the folder to serve when none is given.
    """

    default_root: ClassVar[str] = "."
    options: ClassVar[Sequence[Option]] = (
        option("root", "Folder to serve.", existing_folder, letter="r"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.set_default("root", self.default_root)


class StoreOptions(ServerOptions):
    """
    The options of a server that keeps something in a store.

    :cvar store_name: the name of its folder below the user's data folder, which is
        used when no store is given.
    """

    store_name: ClassVar[str]
    options: ClassVar[Sequence[Option]] = (
        option(
            "store",
            "Folder, or postgresql://HOST/DATABASE, to keep things in; without it, a "
            "folder in your data folder.",
            letter="s",
        ),
        *QUOTA_OPTIONS,
    )

    def open_store(self, opened: Callable[[str, Quota], S]) -> S:
        """
        The store that *opened* makes of ``--store``, as the user the daemon will be.
        It is closed when the daemon stops.

        :raise StartupError: when it cannot be read and written.
        """
        with startup_errors("--store"), running_as_daemon_user(self.parent or {}):
            if self["store"] == "":
                raise ValueError("it is empty")
            where = self["store"] or data_folder(self.store_name)
            store = opened(where, quota_of(self))
        self.store_location = location_for_log(where)
        self.closing.append(store.close)
        _log.info("All of it is kept in {where}", where=loggable(where))
        return store


def data_folder(name: str) -> str:
    """
    Where the server *name* keeps its data unless told otherwise.

    Below the user's data folder (``$XDG_DATA_HOME``, usually
    ``~/.local/share``); nothing is created yet.
    """
    return str(user_data_path("dartio_tut") / name)


def loggable(where: str) -> str:
    """*where* as it may stand in a log: without a user and a password."""
    return location_for_log(where)

"""
The options of servers that serve a folder, or keep what they are sent in one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from dartio_tut.store import Quota, location_for_log

from ..startup import (
    as_daemon,
    coerce_option,
    data_folder,
    existing_folder,
    startup_errors,
)
from .quota import QUOTA_PARAMETERS, quota_of
from .server import ServerOptions


class Closable(Protocol):
    """What can be closed."""

    def close(self) -> Deferred[None]:
        """Let go of what is held open."""


S = TypeVar("S", bound=Closable)

_log = Logger()


class RootOptions(ServerOptions):
    """
    The options of a server that serves a folder, ``options["root"]``.

    :cvar defaultRoot: the folder to serve when none is given.
    """

    defaultRoot: ClassVar[str] = "."
    optParameters: ClassVar[Sequence[Sequence[object]]] = (
        (
            "root",
            "r",
            None,
            "Folder to serve.",
            coerce_option("--root", existing_folder),
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.defaults["root"] = self["root"] = self.defaultRoot


class StoreOptions(ServerOptions):
    """
    The options of a server that keeps something in a store.

    :cvar storeName: what its folder below the user's data folder is called, which is
        used when none is given.
    """

    storeName: ClassVar[str]
    optParameters: ClassVar[Sequence[Sequence[object]]] = (
        (
            "store",
            "s",
            None,
            "Folder, or postgresql://HOST/DATABASE; else in your data folder.",
        ),
        *QUOTA_PARAMETERS,
    )

    def open_store(self, opened: Callable[[str, Quota], S]) -> S:
        """
        The store that *opened* makes of ``--store``, as the user the daemon will be.
        It is closed when the daemon stops.

        :raise StartupError: when it cannot be read and written.
        """
        with startup_errors("--store"), as_daemon(self):
            if self["store"] == "":
                raise ValueError("it is empty")
            where = self["store"] or data_folder(self.storeName)
            store = opened(where, quota_of(self))
        self.closing.append(store.close)
        _log.info("All of it is kept in {where}", where=loggable(where))
        return store


def loggable(where: str) -> str:
    """*where* as it may stand in a log: without a user and a password."""
    return location_for_log(where)

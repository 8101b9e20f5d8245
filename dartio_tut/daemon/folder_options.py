"""
The options of servers that serve a folder, or keep what they are sent in one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from dartio_tut.store import Room

from .options import ServerOptions
from .room_options import ROOM_PARAMETERS, room_of
from .startup import (
    as_daemon,
    checked,
    data_folder,
    existing_folder,
    told_in_one_line,
)


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
        ("root", "r", None, "Folder to serve.", checked("--root", existing_folder)),
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
        *ROOM_PARAMETERS,
    )

    def open_store(self, opened: Callable[[str, Room], S]) -> S:
        """
        The store that *opened* makes of ``--store``, as the user the daemon will be.
        It is closed when the daemon stops.

        :raise CannotStart: when it cannot be read and written.
        """
        with told_in_one_line("--store"), as_daemon(self):
            if self["store"] == "":
                raise ValueError("it is empty")
            where = self["store"] or data_folder(self.storeName)
            store = opened(where, room_of(self))
        self.closing.append(store.close)
        _log.info("All of it is kept in {where}", where=told_where(where))
        return store


def told_where(where: str) -> str:
    """*where* as it may stand in a log: an absolute path, or no password."""
    if "://" not in where:
        return os.path.abspath(where)
    return re.sub(r"(?<=://).*@", "", where.partition("?")[0])

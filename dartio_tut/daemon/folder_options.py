"""
The options of servers that serve a folder, or keep what they are sent in one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from twisted.logger import Logger

from .options import ServerOptions
from .startup import (
    as_daemon,
    checked,
    data_folder,
    existing_folder,
    told_in_one_line,
)

T = TypeVar("T")

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
    The options of a server that keeps something in a folder.

    :cvar storeName: what its folder below the user's data folder is called, which is
        used when none is given.
    """

    storeName: ClassVar[str]
    optParameters: ClassVar[Sequence[Sequence[object]]] = (
        ("store", "s", None, "Folder to keep it in; by default in your data folder."),
    )

    def open_store(self, opened: Callable[[str], T]) -> T:
        """
        The store that *opened* makes of the folder, as the user the daemon will be.

        :raise CannotStart: when it cannot be read and written.
        """
        with told_in_one_line("--store"), as_daemon(self):
            folder = self["store"] or data_folder(self.storeName)
            store = opened(folder)
        _log.info("All of it is kept in {folder}", folder=folder)
        return store

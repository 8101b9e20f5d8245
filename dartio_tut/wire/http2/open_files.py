"""
How many files exchanges by HTTP/2 may keep open.

A response that waits for its client keeps its file open, and a large request body is in
one. A connection by HTTP/1.1 has one at a time; by HTTP/2 it might have a hundred, and
ten such clients would take all descriptors of a usual process. So all connections of a
site together have as many as there may be connections; when these are taken, each has
one at a time: another response that needs a file is a 503.

What counts is the file, not the request: whether there will be one, and when, nobody
knows when a request comes.
"""

from __future__ import annotations


class OpenFiles:
    """
    Those of all connections of a site.

    :ivar most: how many there may be beyond one for each connection; 0: no limit.
    :ivar count: how many there are.
    """

    __slots__ = ("count", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.count = 0


class ConnectionFiles:
    """
    Those of one connection.

    :param all: those of all connections of its site.
    :ivar count: how many there are.
    """

    __slots__ = ("_all", "count")

    def __init__(self, all: OpenFiles) -> None:
        self._all = all
        self.count = 0

    def is_full(self) -> bool:
        """Whether this connection may open no other before it has closed one."""
        return self.count > 0 and 0 < self._all.most <= self._all.count

    def opened(self) -> None:
        """A file is open."""
        self.count += 1
        self._all.count += 1

    def closed(self) -> None:
        """It is closed."""
        self.count -= 1
        self._all.count -= 1

"""
`dartio_tut.wire.twisted_private`: nothing else uses private names of other packages.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

from OpenSSL import SSL
from twisted.internet.task import Clock
from twisted.internet.tcp import Server
from twisted.trial.unittest import SynchronousTestCase

import dartio_tut
from dartio_tut.wire import twisted_private

from .support.syntax_trees import sources, syntax_nodes

PACKAGE = Path(dartio_tut.__file__).parent
FENCE = PACKAGE / "wire" / "twisted_private.py"


DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

DOCUMENTED = {"_exit", "_replace"}
"""Public in spite of its underscore: of `os`, and of named tuples."""


def is_private(name: str) -> bool:
    """Whether *name* is private by its underscore."""
    return name.startswith("_") and not name.startswith("__")


@cache
def modules() -> list[Path]:
    """The modules of the package, but for its tests and the fence."""
    found = sources(PACKAGE)
    return [p for p in found if p != FENCE and p.parent.name not in ("test", "support")]


class FenceTests(SynchronousTestCase):
    """Private names stand in one place."""

    def test_no_other_module_imports_a_private_name(self) -> None:
        found = [
            (str(path.relative_to(PACKAGE)), node.module, name.name)
            for path in modules()
            for node in syntax_nodes(path, ast.ImportFrom)
            if not node.level
            for name in node.names
            if is_private(name.name) or is_private((node.module or "").split(".")[-1])
        ]
        self.assertEqual(found, [], "\n".join(map(str, found)))

    def test_no_other_module_reads_a_private_attribute_of_others(self) -> None:
        ours = {*DOCUMENTED}
        for inherited in twisted_private.INHERITED_PRIVATE_NAMES.values():
            ours.update(inherited)
        for path in modules():
            for definition in syntax_nodes(path, *DEFINITIONS):
                ours.add(definition.name)
            for name in syntax_nodes(path, ast.Name):
                if isinstance(name.ctx, ast.Store):
                    ours.add(name.id)
            for attribute in syntax_nodes(path, ast.Attribute):
                if isinstance(attribute.ctx, ast.Store):
                    ours.add(attribute.attr)
            for constant in syntax_nodes(path, ast.Constant):
                if isinstance(constant.value, str):
                    ours.add(constant.value)  # of __slots__
        found = [
            f"{path.relative_to(PACKAGE)}:{node.lineno} {node.attr}"
            for path in modules()
            for node in syntax_nodes(path, ast.Attribute)
            if is_private(node.attr) and node.attr not in ours
        ]
        self.assertEqual(found, [], "\n".join(map(str, found)))

    def test_what_is_inherited_is_there_in_the_installed_version(self) -> None:
        for owner, names in twisted_private.INHERITED_PRIVATE_NAMES.items():
            for name in names:
                if name.startswith("_tempData"):
                    continue  # made for each instance: see below
                self.assertTrue(hasattr(owner, name), f"{owner.__name__}.{name}")

    def test_a_connection_of_twisteds_buffers_where_it_is_looked_for(self) -> None:
        connection = Server.__new__(Server)
        super(Server, connection).__init__(FakeSocket(), None, Clock())  # type: ignore[arg-type]
        connection.connected = 1
        self.assertTrue(twisted_private.has_nothing_buffered(connection))
        connection.startWriting = lambda: None  # type: ignore[method-assign]
        connection.write(b"12345")
        self.assertEqual(twisted_private.buffered_bytes(connection), 5)
        self.assertFalse(twisted_private.has_nothing_buffered(connection))


class RecordsTests(SynchronousTestCase):
    """`tls_write_records` without what pyOpenSSL has in private."""

    def test_records_are_sent_until_the_socket_takes_no_more(self) -> None:
        size = twisted_private.TLS_RECORD_BYTES
        data = bytes(range(256)) * (3 * size // 256) + b"rest"
        for room, error, expected in (
            (9, SSL.WantWriteError(), (len(data), False)),
            (2, SSL.WantWriteError(), (2 * size, False)),
            (2, SSL.WantReadError(), (2 * size, True)),
            (0, SSL.WantReadError(), (0, True)),
        ):
            connection: Any = FakeTLS(room, error)
            found = twisted_private.tls_write_records(connection, memoryview(data))
            self.assertEqual(found, expected)
            self.assertEqual(connection.taken, data[: expected[0]])

    def test_fault_is_raised(self) -> None:
        connection: Any = FakeTLS(1, SSL.Error("of the test"))
        data = bytes(100_000)
        self.assertRaises(
            SSL.Error, twisted_private.tls_write_records, connection, data
        )


class FakeTLS:
    """
    A connection that has no private parts.

    :param room: records that its socket takes; then comes *error*.
    """

    def __init__(self, room: int, error: Exception) -> None:
        self._room = room
        self._error = error
        self.taken = b""

    def send(self, data: memoryview) -> int:
        """Take a record."""
        if not self._room:
            raise self._error
        self._room -= 1
        self.taken += data
        return len(data)


class FakeSocket:
    """As much of a socket as a connection needs."""

    def setblocking(self, flag: bool) -> None:
        """It blocks nobody."""

    def fileno(self) -> int:
        """There is no descriptor."""
        return -1

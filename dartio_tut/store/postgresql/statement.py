"""
One statement in one thread, and the way to free that thread from outside.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from threading import Lock
from typing import Any

import psycopg
from twisted.enterprise import adbapi
from twisted.internet.defer import CancelledError

from .errors import Retryable, translated

Rows = list[tuple[Any, ...]]


class Connection(adbapi.Connection):
    """
    A thread's connection, made when it is asked for.

    A statement commits by itself: there is nothing to commit or to roll back.
    """

    def __init__(self, pool: adbapi.ConnectionPool) -> None:
        self._pool = pool
        self._connection = None

    def is_old(self) -> bool:
        """Whether there is one from before."""
        return self._pool.threadID() in self._pool.connections

    def open(self) -> psycopg.Connection:
        """The one there is, or a new one."""
        opened: psycopg.Connection = self._pool.connect()
        return opened

    def drop(self) -> None:
        """Close the one there is: it is of no use any more."""
        if self.is_old():
            self._pool.disconnect(self.open())

    def commit(self) -> None:
        """Done already."""

    def rollback(self) -> None:
        """Done already."""


class Statement:
    """A *statement*; called in a thread, given up from another."""

    def __init__(self, statement: str, parameters: dict[str, Any]) -> None:
        self._statement = statement
        self._parameters = parameters
        self._lock = Lock()
        self._given_up = False
        self._socket: socket.socket | None = None

    def __call__(self, connection: Connection) -> Rows:
        """What it returns."""
        was_old = connection.is_old()
        try:
            return self._try(connection)
        except Retryable as retryable:
            if not (retryable.lost and was_old):
                raise
        # It was lost before, most likely: what a new one says is news.
        return self._try(connection)

    def give_up(self) -> None:
        """Nobody waits any more: free the thread, or let it not begin."""
        with self._lock:
            self._given_up = True
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _try(self, connection: Connection) -> Rows:
        self._hold(None)
        try:
            opened = connection.open()
            # A descriptor of our own: libpq may close its one at any time.
            with socket.socket(fileno=os.dup(opened.fileno())) as connection_socket:
                self._hold(connection_socket)
                try:
                    cursor = opened.execute(
                        self._statement, self._parameters, binary=True
                    )
                    return cursor.fetchall()
                finally:
                    self._socket_is_gone()
        except psycopg.Error as error:
            meaning = translated(error)
            if isinstance(meaning, Retryable) and meaning.lost:
                connection.drop()
            raise meaning from None

    def _hold(self, connection_socket: socket.socket | None) -> None:
        with self._lock:
            if self._given_up:
                raise CancelledError
            self._socket = connection_socket

    def _socket_is_gone(self) -> None:
        with self._lock:
            self._socket = None

"""
One statement in one thread, and how to free that thread from outside.
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

from .errors import Retryable, translate_error

Rows = list[tuple[Any, ...]]


class Connection(adbapi.Connection):
    """
    The connection of a thread, which is made when it is needed.

    Every statement commits by itself: there is nothing to commit or to roll back.
    """

    def __init__(self, pool: adbapi.ConnectionPool) -> None:
        self._pool = pool
        self._connection = None

    def is_old(self) -> bool:
        """Whether there is a connection from before."""
        return self._pool.threadID() in self._pool.connections

    def open(self) -> psycopg.Connection:
        """The connection that there is, or a new one."""
        opened: psycopg.Connection = self._pool.connect()
        return opened

    def drop(self) -> None:
        """Close the connection, if there is one: it is of no use any more."""
        if self.is_old():
            self._pool.disconnect(self.open())

    def prepare_nothing(self) -> None:
        """From now on, prepare no statements on any new connection."""
        self._pool.connkw["prepare_threshold"] = None
        self.drop()  # with what it has prepared

    def commit(self) -> None:
        """Every statement has committed by itself."""

    def rollback(self) -> None:
        """Every statement has committed by itself."""


class Statement:
    """A statement, which is executed in a thread and given up from another."""

    def __init__(self, sql: str, parameters: dict[str, Any]) -> None:
        self._sql = sql
        self._parameters = parameters
        self._lock = Lock()
        self._given_up = False
        self._socket: socket.socket | None = None

    def __call__(self, connection: Connection) -> Rows:
        """The rows that it returns."""
        was_old = connection.is_old()
        try:
            return self._try(connection)
        except Retryable as retryable:
            may_be_old = was_old or retryable.is_read_only
            if not (retryable.lost and may_be_old):
                raise
        # The connection was probably lost before, or was made just before its server
        # became a replica: the answer of a new one counts.
        return self._try(connection)

    def give_up(self) -> None:
        """Nobody waits any more: free the thread, or keep it from beginning."""
        with self._lock:
            self._given_up = True
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _try(self, connection: Connection) -> Rows:
        self._hold(None)
        try:
            opened = connection.open()
            # A descriptor of our own: libpq may close its own one at any time.
            with socket.socket(fileno=os.dup(opened.fileno())) as connection_socket:
                self._hold(connection_socket)
                try:
                    cursor = opened.execute(self._sql, self._parameters, binary=True)
                    return cursor.fetchall()
                finally:
                    self._release()
        except psycopg.Error as error:
            meaning = translate_error(error)
            if isinstance(meaning, Retryable):
                if meaning.lost:
                    connection.drop()
                if meaning.is_pooled:
                    connection.prepare_nothing()
            raise meaning from None

    def _hold(self, connection_socket: socket.socket | None) -> None:
        with self._lock:
            if self._given_up:
                raise CancelledError
            self._socket = connection_socket

    def _release(self) -> None:
        with self._lock:
            self._socket = None

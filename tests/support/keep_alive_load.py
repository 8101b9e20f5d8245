"""
Clients that ask again and again on connections that they keep, as browsers and proxies
do, and note each request that is not answered. Others take a connection for each
request.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import time

from .harness import PATIENCE

CLIENTS = 4

PAUSE_SECONDS = 0.005
"""Between two requests of a client: the server has time for more than to answer."""


class KeepAliveLoad:
    """
    *clients* threads that ask the daemon at *port*, from now on.

    A client opens another connection only when the server has said that it closes the
    one that it has.

    :param tls: the settings with which they connect; without any, by HTTP.
    :param keeps: whether they keep their connections.
    :ivar answered: how many requests have been answered.
    :ivar failures: what went wrong with the others.
    """

    def __init__(
        self,
        port: int,
        clients: int = CLIENTS,
        *,
        tls: ssl.SSLContext | None = None,
        keeps: bool = True,
    ) -> None:
        self.clients = clients
        self.answered = 0
        self.failures: list[str] = []
        self._port = port
        self._tls = tls
        self._fields = {} if keeps else {"Connection": "close"}
        self._changed = threading.Condition()
        self._is_over = False
        self._threads = [
            threading.Thread(target=self._ask, daemon=True) for _ in range(clients)
        ]
        for thread in self._threads:
            thread.start()

    def wait_for(self, count: int) -> None:
        """Wait until *count* requests have been answered."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.answered >= count, PATIENCE):
                raise AssertionError(f"{self.answered} of {count}: {self.failures}")

    def stop(self) -> None:
        """Ask no more."""
        self._is_over = True
        for thread in self._threads:
            thread.join(PATIENCE)

    def _ask(self) -> None:
        client = self._client()
        while not self._is_over:
            try:
                client.request("GET", "/", headers=self._fields)
                response = client.getresponse()
                response.read()
                failure = "" if response.status == 200 else str(response.status)
            except (OSError, http.client.HTTPException) as error:
                client.close()
                failure = repr(error)
            with self._changed:
                if failure:
                    self.failures.append(failure)
                else:
                    self.answered += 1
                self._changed.notify_all()
            time.sleep(PAUSE_SECONDS)
        client.close()

    def _client(self) -> http.client.HTTPConnection:
        address = ("127.0.0.1", self._port)
        if self._tls is None:
            return http.client.HTTPConnection(*address, timeout=PATIENCE)
        return http.client.HTTPSConnection(
            *address, timeout=PATIENCE, context=self._tls
        )

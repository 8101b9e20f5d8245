"""
An exchange with both of its messages taken apart.
"""

from __future__ import annotations

from dartio_tut.anatomy import Message, take_apart

from ..web import RawExchange


class Seen:
    """
    *exchange*, taken apart.

    :ivar response: ``None`` if nothing came.
    :ivar failure: why there is no whole response; empty if there is one.
    """

    def __init__(self, exchange: RawExchange) -> None:
        self.exchange = exchange
        self.request = take_apart(exchange.request, "client")
        self.response: Message | None = None
        if exchange.received:
            self.response = take_apart(
                bytes(exchange.received),
                "server",
                request_method=exchange.method.encode("ascii"),
                has_ended=exchange.was_closed,
                has_broken_off=exchange.broke_off,
            )
        self.failure = exchange.failure or self._malformed()

    def _malformed(self) -> str:
        """Why the response is not one; empty if it is, as far as it was read."""
        if self.response is None:
            return f"no answer from {self.exchange.url}: it closed the connection"
        if self.response.fault:
            return f"{self.exchange.url}: {self.response.fault.removesuffix('.')}"
        return ""

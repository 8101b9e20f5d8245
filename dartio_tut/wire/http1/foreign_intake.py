"""
Taking in requests from transports of Twisted's, which differ in how they close.
"""

from __future__ import annotations

from .request_intake import RequestIntake
from .states import NO_MORE_REQUESTS


class ForeignIntake(RequestIntake):
    """
    The same for transports of Twisted's. Its TLS goes on handing over bytes when it was
    told to close, and it does not close as long as it has a producer.
    """

    def receive(self, data: bytes) -> None:
        """Take in *data* as far as the state allows."""
        if not self._channel.output.transport.is_closing:
            super().receive(data)
            self.let_close()

    def go_on(self) -> None:
        """Take in what waits, and read on."""
        super().go_on()
        self.let_close()

    def let_close(self) -> None:
        """Close, if somebody has asked the transport to, and not within a request."""
        if self.has_ended or self.is_active or self._channel.state in NO_MORE_REQUESTS:
            return
        transport = self._channel.output.transport
        if transport.is_closing:
            transport.loseConnection()  # which also flushes what its TLS has collected
            self._channel.close()

    def end(self) -> None:
        """The connection is lost: the transport lets go of this."""
        self._channel.output.transport.taken_over()
        super().end()

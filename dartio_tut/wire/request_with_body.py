"""
The part of a request that takes in its body, and hands it to whoever wants it.
"""

from __future__ import annotations

from twisted.internet.interfaces import IProtocol
from twisted.python.failure import Failure

from .http1.protocol_error import NO_SPACE_FOR_BODY, ProtocolError
from .lazy_request import LazyRequest
from .repeated_line import RepeatedLine
from .streamed_body import HeldBody

_not_held = RepeatedLine()


class RequestWithBody(LazyRequest):
    """A request that may have a body."""

    _received = 0
    _has_failed = False

    def handleContentChunk(self, data: bytes) -> None:
        """
        A piece of the body has come.

        :raise ProtocolError: when it cannot be held.
        """
        if self._stream.keeps_limits or self._is_within_limit(len(data)):
            if self.body is not None:
                self.body.received(data)
                return
            try:
                super().handleContentChunk(data)
            except OSError as error:  # no space or no descriptor for a temporary file
                count = _not_held.count()
                if count:
                    self._log.error(
                        "Cannot hold a body: {error} ({count} since the last line)",
                        error=error.strerror,
                        count=count,
                    )
                if not self._stream.keeps_limits:
                    self._stream.cut_off("no space to hold the body")
                    return
                raise ProtocolError(*NO_SPACE_FOR_BODY) from None

    def _is_within_limit(self, count: int) -> bool:
        """
        Whether *count* more bytes may come, on a channel that has no limit itself.
        """
        self._received += count
        limits = getattr(getattr(self.channel, "site", None), "limits", None)
        if limits is None or self._received <= limits.body:
            return True
        self._stream.cut_off("body too large")
        return False

    def deliver_body(self, protocol: IProtocol) -> None:
        """
        Hand the body to *protocol*: as it comes, when the resource streams it, else all
        at once.

        Its transport is a push producer. Its ``connectionLost`` has `ConnectionDone`
        when all of the body has come, and `IncompleteBody` otherwise. What it raises is
        as if ``render`` had raised it.

        :raise RuntimeError: when the body was delivered already.
        """
        if self.body is None:
            if self._disconnected or self.finished or self.content is None:
                raise RuntimeError("the body of this request is gone")
            self.body = HeldBody(self.content).body
        self.body.deliver(protocol, self._delivery_failed)

    def _delivery_failed(self, reason: Failure) -> None:
        """The protocol that the body is delivered to has raised *reason*."""
        self.processingFailed(reason)
        self._has_failed = True

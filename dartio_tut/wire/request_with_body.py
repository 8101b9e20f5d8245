"""
The part of a request that takes in its body, and hands it to whoever wants it.
"""

from __future__ import annotations

from io import SEEK_END, SEEK_SET

from twisted.internet.interfaces import IProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from .http1.protocol_error import NO_SPACE_FOR_BODY, ProtocolError
from .lazy_request import LazyRequest
from .repeated_line import RepeatedLine
from .streamed_body import HeldBody

_log = Logger()

_not_held = RepeatedLine()


def tell_not_held(error: OSError) -> None:
    """Say in the log, once a minute, that a body cannot be held because of *error*."""
    count = _not_held.count()
    if count:
        _log.error(
            "Cannot hold a body: {error} ({count} since the last line)",
            error=error.strerror,
            count=count,
        )


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
                self._cannot_hold(error)

    def rewind_content(self) -> bool:
        """
        The body is whole: it is read from its beginning. Return whether it can be.

        :raise ProtocolError: when its end cannot be held.
        """
        # Either writes what is still in a buffer. Twisted asks how long the body is by
        # where it ends, and then rewinds it itself.
        whence = SEEK_SET if self._stream.keeps_limits else SEEK_END
        try:
            self.content.seek(0, whence)
        except OSError as error:
            self._cannot_hold(error)
            return False
        return True

    def _cannot_hold(self, error: OSError) -> None:
        tell_not_held(error)
        if self._stream.keeps_limits:
            raise ProtocolError(*NO_SPACE_FOR_BODY) from None
        self._stream.cut_off("no space to hold the body")

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

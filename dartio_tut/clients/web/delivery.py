"""
The content of a response on its way to the client: decoded, timed, and with the reason
when it does not come whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from twisted.internet.error import ConnectionClosed
from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.components import proxyForInterface
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import BAD_REQUEST, PotentialDataLoss
from twisted.web.iweb import UNKNOWN_LENGTH, IResponse

from ..errors import ClientError
from .codings import ContentDecoder, ContentError
from .connection import Connection
from .exchange_timeout import ExchangeTimeout
from .reasons import malformed_response_text

PIECES_A_TURN = 16
"""How many pieces are decoded before the reactor has its turn: about a megabyte, some
milliseconds, so that Ctrl-C and time limits work whatever the content expands to."""


class ContentResponse(proxyForInterface(IResponse)):  # type: ignore[misc]
    """
    A response that delivers its content without its codings.

    One that is not known matters only to whoever wants the content: a redirect is
    followed, whatever it is in, and the content of an error is delivered as it is.
    """

    def __init__(
        self,
        original: IResponse,
        url: str,
        connection: Connection,
        patience: ExchangeTimeout,
        reactor: Any,
    ) -> None:
        super().__init__(original)
        self.url = url
        self.connection = connection
        self.patience = patience
        self.reactor = reactor
        codings = b",".join(original.headers.getRawHeaders(b"Content-Encoding", []))
        if original.length == 0:
            codings = b""  # there is nothing to decode
        self.length = original.length
        self._fault = ""
        try:
            self.decoder = ContentDecoder(codings.decode("latin-1").split(","))
        except ContentError as error:
            self.decoder = ContentDecoder([])
            if original.code < BAD_REQUEST:
                self._fault = f"{url}: {error}"
        if self.decoder:
            self.length = UNKNOWN_LENGTH
            original.headers.removeHeader(b"Content-Encoding")

    def deliverBody(self, protocol: IProtocol) -> None:
        """
        Deliver the content to *protocol*; what goes wrong is a `ClientError`.

        :raises ClientError: it has a coding that is not known.
        """
        if self._fault:
            raise ClientError(self._fault)
        self.original.deliverBody(_Delivery(self, protocol))

    def discard(self) -> None:
        """Nobody will read the content: close the connection."""
        self.connection.abort()


def _cause(end: Failure) -> BaseException | None:
    """What Twisted's parser could not read, if that is why it gave up with *end*."""
    reasons = getattr(end.value, "reasons", None)
    if not reasons or reasons[0].check(ConnectionClosed):
        return None
    cause: BaseException = reasons[0].value
    return cause


class _Delivery(Protocol):
    """
    Between Twisted's response and whoever reads the content.

    Decoding goes on in turns of the reactor. Until all that has come is decoded, the
    transport is paused, and the end of the content is kept back.
    """

    transport: Any

    def __init__(self, response: ContentResponse, receiver: IProtocol) -> None:
        self._response = response
        self._receiver = receiver
        self._received_bytes = 0
        self._pieces: Iterator[bytes] = iter(())
        self._is_decoding = self._is_paused = False
        self._end: Failure | None = None
        self._is_over = False

    def connectionMade(self) -> None:
        self._receiver.makeConnection(self.transport)
        self._response.patience.give_up = self._give_up

    def dataReceived(self, data: bytes) -> None:
        self._received_bytes += len(data)
        self._response.patience.heard()
        self._pieces = chain(self._pieces, self._response.decoder.decode(data))
        if not self._is_decoding:
            self._decode()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._end = reason
        if not self._is_decoding:
            self._finish(reason)

    def _decode(self) -> None:
        """Hand on some pieces; the others wait for the next turn."""
        self._is_decoding = True
        try:
            for _ in range(PIECES_A_TURN):
                piece = next(self._pieces, None)
                if piece is None or self._is_over:
                    break
                self._receiver.dataReceived(piece)
            else:
                self.transport.pauseProducing()
                self._is_paused = True
                self._response.patience.heard()
                self._response.reactor.callLater(0, self._decode)
                return
        except ContentError as error:
            self._fail(str(error))
        self._is_decoding = False
        if self._end:
            self._finish(self._end)
        elif self._is_paused:
            self._is_paused = False
            self.transport.resumeProducing()

    def _give_up(self) -> None:
        self._fail(f"not complete {self._response.patience.reason}")

    def _fail(self, why: str) -> None:
        """Tell the receiver that the content will not come whole, and close."""
        if self._is_over:
            return
        self._is_over = True
        self._pieces = iter(())
        self._response.patience.stop()
        self._receiver.connectionLost(
            Failure(ClientError(f"{self._response.url}: {why}"))
        )
        self._response.connection.abort()

    def _finish(self, end: Failure) -> None:
        """All that will come has come, and *end* says how: tell whether it was all."""
        if self._is_over:
            return
        try:
            self._check(end)
            self._response.decoder.check_end()
        except ContentError as error:
            self._fail(str(error))
            return
        self._is_over = True
        self._response.patience.stop()
        self._receiver.connectionLost(Failure(ResponseDone()))

    def _check(self, end: Failure) -> None:
        """
        :raises ContentError: *end* came before the last byte of the content.
        """
        if end.check(ResponseDone):
            return
        received = self._received_bytes
        cause = _cause(end)
        if cause is not None:
            raise ContentError(
                f"malformed after {received} bytes: {malformed_response_text(cause)}"
            )
        length = self._response.original.length
        if end.check(PotentialDataLoss):  # it lasts until the connection is closed
            if not self._response.connection.was_closed_well():
                raise ContentError(f"incomplete: broken off after {received} bytes")
        elif length == UNKNOWN_LENGTH:
            raise ContentError(
                f"incomplete: closed after {received} bytes, before the last chunk"
            )
        else:
            raise ContentError(f"incomplete: {received} of {length} bytes")

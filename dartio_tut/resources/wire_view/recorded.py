"""
What is kept of a connection and of an exchange.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dartio_tut.wire import ExchangeDone, TLSFacts

from .kept_body import KEPT_BODY_BYTES
from .kept_message import KeptRequest, KeptResponse


@dataclass(eq=False, slots=True)
class RecordedConnection:
    """
    A connection.

    :ivar server: the name of the server that was connected to.
    :ivar address: the host and the port that were connected to.
    :ivar opened: when it began, in seconds since the epoch.
    :ivar closed: when it ended; ``None`` if it has not.
    """

    number: int
    server: str
    opened: float
    peer: str = ""
    address: str = ""
    closed: float | None = None
    tls: TLSFacts | None = None


@dataclass(eq=False, slots=True)
class RecordedExchange:
    """
    An exchange.

    :ivar number: 0 until it is shown.
    :ivar change: grows with each change that is shown.
    :ivar started: when its first byte came, in seconds since the epoch.
    :ivar began: the same moment by the clock of events, as all that came later is.
    :ivar resource: the class of the resource that answered; empty if none was asked.
    :ivar done: how it ended; ``None`` if it has not.
    :ivar status: the status code of the response; 0 if there was none.
    :ivar is_hidden: whether it is never shown.
    :ivar size: what it counts in the ring.
    """

    connection: RecordedConnection
    started: float
    began: float
    request: KeptRequest = field(default_factory=KeptRequest)
    response: KeptResponse = field(default_factory=KeptResponse)
    number: int = 0
    change: int = 0
    resource: str = ""
    done: Done | None = None
    is_hidden: bool = False
    size: int = 0

    @property
    def first_byte(self) -> float | None:
        """When the response began; ``None`` if it has not."""
        if self.done is not None:
            return self.done.first_byte
        return self.response.arrivals[0][0] if self.response.arrivals else None

    def measured(self) -> int:
        """Bytes that it keeps, and those that it may keep before it ends."""
        kept = len(self.request.kept) + len(self.response.kept)
        return kept if self.done is not None else kept + 2 * KEPT_BODY_BYTES

    def forget(self) -> None:
        """Keep nothing of it, now and later."""
        self.request.forget()
        self.response.forget()


@dataclass(frozen=True, slots=True)
class Done:
    """
    How an exchange ended, without the bytes that its event has.
    """

    status: int
    first_byte: float | None
    ended: float
    ending: str
    reason: str
    clause: str

    @classmethod
    def of(cls, event: ExchangeDone) -> Done:
        """What *event* tells."""
        return cls(
            event.status,
            event.first_byte,
            event.ended,
            event.ending.value,
            event.reason,
            event.clause,
        )

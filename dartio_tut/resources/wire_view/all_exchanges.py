"""
All that a recorder keeps, as one JSON object that is sent piece by piece: taking
hundreds of exchanges apart at once would keep everybody else waiting.
"""

from __future__ import annotations

import json

from twisted.internet.interfaces import IPullProducer
from twisted.web.server import Request
from zope.interface import implementer

from .exchange_json import connection_json, exchange_json
from .recorder import Recorder


@implementer(IPullProducer)
class AllExchanges:
    """
    Answers *request* with what *recorder* keeps.

    :param after: exchanges up to this number are left out.
    """

    def __init__(self, request: Request, recorder: Recorder, after: int) -> None:
        self._request = request
        self._recorder = recorder
        self._numbers = [one.number for one in recorder.exchanges(after)][::-1]
        self._comma = b""

    def start(self) -> None:
        """Begin with the connections."""
        recorder = self._recorder
        kept = recorder.exchanges()
        connections = [connection_json(one, kept) for one in recorder.connections()]
        head = {"connections": connections, "dropped": recorder.dropped}
        begun = json.dumps(head).encode().removesuffix(b"}")
        self._request.write(begun + b', "exchanges": [')
        self._request.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """Send the next exchange that is still kept, or the end."""
        while self._numbers:
            exchange = self._recorder.exchange(self._numbers.pop())
            if exchange is not None:
                text = json.dumps(exchange_json(exchange), ensure_ascii=False)
                self._request.write(self._comma + text.encode())
                self._comma = b",\n"
                return
        self._request.write(b"]}")
        self._request.unregisterProducer()
        self._request.finish()

    def stopProducing(self) -> None:
        """The client has gone."""
        self._numbers = []

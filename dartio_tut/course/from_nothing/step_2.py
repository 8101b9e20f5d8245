"""
Step 2: a protocol that answers by hand.
"""

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import react

END_OF_HEAD = b"\r\n\r\n"

RESPONSE = (
    b"HTTP/1.1 200 OK\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 13\r\n"
    b"\r\n"
    b"Hello, world!"
)


class Greeting(Protocol):
    """One connection: it greets whenever the head of a request is complete."""

    transport: ITransport
    received = b""

    def dataReceived(self, data: bytes) -> None:
        """Keep what has arrived, and answer each request in it."""
        self.received += data
        while END_OF_HEAD in self.received:
            head, _, self.received = self.received.partition(END_OF_HEAD)
            print(head.partition(b"\r\n")[0])
            self.transport.write(RESPONSE)


async def main(reactor: object) -> None:
    """Listen until Ctrl-C is pressed."""
    endpoint = serverFromString(reactor, "tcp:4040:interface=127.0.0.1")
    await endpoint.listen(Factory.forProtocol(Greeting))
    print("Listening on http://127.0.0.1:4040/")
    await Deferred()  # never gets a result, so this waits for ever


if __name__ == "__main__":
    react(main)

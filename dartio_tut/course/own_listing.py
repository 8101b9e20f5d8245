"""
A folder whose listing is made in a way of one's own, with nothing but Twisted.
"""

import sys

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import react
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import Data, File


class Songs(File):
    """A folder of songs, and all that is below it."""

    def directoryListing(self) -> Resource:
        """Make the resource for a folder that has no index file."""
        songs = "".join(f"A song: {name}\n" for name in self.listNames())
        return Data(songs.encode("utf-8", "replace"), "text/plain; charset=utf-8")


def make_tree(folder: str) -> Resource:
    """Make the resources of this server; return the root."""
    root = Resource()
    root.putChild(b"songs", Songs(folder))
    root.putChild(b"hello", Data(b"Hello, world!\n", "text/plain"))
    return root


async def main(reactor: object, folder: str, number: str = "4040") -> None:
    """Listen at the port with this number, until Ctrl-C is pressed."""
    endpoint = serverFromString(reactor, f"tcp:{number}:interface=127.0.0.1")
    port = await endpoint.listen(Site(make_tree(folder)))
    print(f"Listening on http://127.0.0.1:{port.getHost().port}/", flush=True)
    await Deferred()  # never gets a result, so this waits for ever


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit("Name a folder to list")
    react(main, sys.argv[1:])

"""
Twisted's own site as it comes: ``twisted_site.py PORT [CERT KEY]``.

Nobody listens to its log: the lines are made all the same, and the last of them
are kept in memory.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.endpoints import serverFromString
from twisted.web.server import Site
from twisted.web.static import File
from twisted_hello import Hello

reactor: Any = installed


def main(port: str, *certificate: str) -> None:
    """Serve until told to end."""
    root = File(os.environ["BENCHMARK_FILES"])
    root.putChild(b"", Hello())
    endpoint = f"tcp:{port}:interface=127.0.0.1:backlog=1024"
    if certificate:
        cert, key = certificate
        endpoint = f"ssl:{port}:interface=127.0.0.1:backlog=1024"
        endpoint += f":certKey={cert}:privateKey={key}"
    serverFromString(reactor, endpoint).listen(Site(root))
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])

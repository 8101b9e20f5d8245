"""
A server as ``dartio new`` makes it, which is asked for the page on one's own.

    $ python -m illustrations.own_server
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from twisted.scripts.twistd import run

from dartio_tut.clients.new import TEMPLATE, make_package


def main() -> None:
    """Make a package, and serve it at a free port until it is ended."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder, TEMPLATE)
        make_package(TEMPLATE, package)
        sys.path.insert(0, str(package))
        sys.argv[1:] = ["-n", "--pidfile=", TEMPLATE, "--port", "0"]
        run()


if __name__ == "__main__":
    main()

"""
The command ``twistd`` as a module, so that it runs with this very Python.
"""

from __future__ import annotations

from twisted.scripts.twistd import run

if __name__ == "__main__":
    run()

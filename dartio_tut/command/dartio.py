"""
What the command ``dartio`` can do.
"""

from __future__ import annotations

from collections.abc import Sequence

from dartio_tut.clients import run as run_client

SERVE = "serve"
"""The name of the command that is no client."""


def run(arguments: Sequence[str] | None = None) -> None:
    """Run what *arguments* (the command line) name."""
    run_client(arguments, {SERVE: ("serve a folder, a file or a lesson", _serve)})


def _serve(words: Sequence[str]) -> None:
    from dartio_tut.servers import hold_signals

    hold_signals()
    from .serve import serve

    serve(words)


def run_worker() -> None:
    """Run a worker of ``dartio serve``, as its parent wants it."""
    from .serve import run_worker as run

    run()

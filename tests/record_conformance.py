"""
Run the tables and raise their records: ``python -m tests.record_conformance``.

It prints what is wrong, and lowers nothing: a verdict that has fallen stays
recorded as right, and its test goes on failing.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from dartio_tut.test.support.http2_client import engines
from dartio_tut.test.support.ratchet import Faults, as_toml, raised, read_verdicts

from . import test_http2_conformance
from .support.harness import TWISTD, Daemon
from .test_conformance import (
    MEMORY,
    SOCKET,
    VERDICTS,
    memory_faults,
    rows,
    socket_faults,
)


def over_socket() -> Faults:
    """What is wrong with a daemon that is started for it."""
    with TemporaryDirectory() as folder:
        here = Path(folder)
        daemon = Daemon(here, here, *TWISTD, "hello", "--port", "0")
        try:
            return socket_faults(daemon.ready().port)
        finally:
            daemon.stop()
            daemon.stderr.close()


def record() -> None:
    """Judge all rows in both houses, tell the faults, write the record."""
    found = {MEMORY: memory_faults(), SOCKET: over_socket()}
    verdicts = {}
    for house, wrong in found.items():
        names = [row.name for row in rows(house)]
        for name, why in wrong.items():
            print(f"{house}: {name}: {why}")
        print(f"{house}: {len(names) - len(wrong)} of {len(names)} rows are right")
        verdicts[house] = raised(read_verdicts(VERDICTS, house), names, wrong)
    VERDICTS.write_text(as_toml(verdicts))
    record_http2()


def record_http2() -> None:
    """The same for the table of HTTP/2, with each engine that is installed."""
    names = test_http2_conformance.names()
    kept = test_http2_conformance.VERDICTS
    verdicts = {
        house: read_verdicts(kept, house)
        for house in ("hpack", "ngh2")
        if read_verdicts(kept, house)
    }
    for engine in engines():
        house = test_http2_conformance.house(engine)
        wrong = test_http2_conformance.faults(engine)
        for name, why in wrong.items():
            print(f"{house}: {name}: {why}")
        print(f"{house}: {len(names) - len(wrong)} of {len(names)} rows are right")
        verdicts[house] = raised(read_verdicts(kept, house), names, wrong)
    kept.write_text(as_toml(verdicts))


if __name__ == "__main__":
    record()

"""
Coverage-guided fuzzing of the channel, offline.

    $ pip install atheris
    $ python -m tests.guided_fuzz -max_total_time=600

It begins with the rows of the conformance table. What it found beyond them is kept in
``tests/corpus``: inputs that each reach something no other did. `tests.test_corpus`
replays them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

CORPUS = Path(__file__).with_name("corpus")

LONGEST = 2048
"""Bytes of an input: the limits are for other tests."""


def main() -> None:
    """Run until a time or count given in libFuzzer's options."""
    import atheris

    with atheris.instrument_imports(include=["dartio_tut.wire", "dartio_tut.daemon"]):
        from dartio_tut.test.test_wire_fuzz import cut, outcome

    def one(data: bytes) -> None:
        """The first byte says where the rest is cut."""
        if len(data) < 2:
            return
        stream = data[1:]
        whole = outcome([stream])
        pieces = outcome(cut(stream, [data[0] * len(stream) // 256]))
        assert whole == pieces, (whole, pieces)

    from .test_conformance import MEMORY, rows

    CORPUS.mkdir(exist_ok=True)
    with TemporaryDirectory() as seeds:
        for number, row in enumerate(rows(MEMORY)):
            if 0 < len(row.request) < LONGEST:
                Path(seeds, str(number)).write_bytes(b"\x80" + row.request)
        options = [f"-max_len={LONGEST}", *sys.argv[1:]]
        atheris.Setup([sys.argv[0], *options, str(CORPUS), seeds], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

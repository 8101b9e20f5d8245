"""
What a file is answered with, by condition and range: the table in docs/behaviour.md.

    $ python -m tests.support.truth_table     # write it anew
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from dartio_tut.resources import Files
from dartio_tut.test.support.memory_client import ask

from .harness import CHECKOUT

PAGE = CHECKOUT / "docs" / "behaviour.md"
BEGIN, END = "<!-- truth table -->\n", "<!-- end of truth table -->\n"

OLD, FUTURE = "Mon, 01 Jan 2001 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"


def conditions(etag: str, date: str) -> dict[str, dict[str, str]]:
    """Preconditions, of a file with this entity tag and date."""
    return {
        "no condition": {},
        "`If-Match`: its tag, or `*`": {"if_match": f'"x", {etag}'},
        "`If-Match`: another, or weak": {"if_match": f'"x", W/{etag}'},
        "`If-Unmodified-Since`: its date": {"if_unmodified_since": date},
        "`If-Unmodified-Since`: before": {"if_unmodified_since": OLD},
        "`If-None-Match`: its tag, weak too, or `*`": {"if_none_match": f"W/{etag}"},
        "`If-None-Match`: another": {"if_none_match": '"x"'},
        "`If-Modified-Since`: its date, or later": {"if_modified_since": FUTURE},
        "`If-Modified-Since`: before": {"if_modified_since": OLD},
        "a date that is none": {
            "if_modified_since": "yesterday",
            "if_unmodified_since": "yesterday",
        },
        "`If-None-Match`: another; `If-Modified-Since`: its date": {
            "if_none_match": '"x"',
            "if_modified_since": date,
        },
        "`If-Match`: its tag; `If-Unmodified-Since`: before": {
            "if_match": etag,
            "if_unmodified_since": OLD,
        },
        "`If-Match`: another; `If-None-Match`: its tag": {
            "if_match": '"x"',
            "if_none_match": etag,
        },
        "`If-Match`: its tag; `If-None-Match`: its tag": {
            "if_match": etag,
            "if_none_match": etag,
        },
    }


def ranges(etag: str, date: str) -> dict[str, dict[str, str]]:
    """Ranges of a file of ten bytes."""
    return {
        "no range": {},
        "one": {"range": "bytes=2-4"},
        "several": {"range": "bytes=0-1,-1"},
        "beyond the end": {"range": "bytes=10-"},
        "malformed": {"range": "bytes=4-2"},
        "one, `If-Range`: its tag or date": {"range": "bytes=2-4", "if_range": etag},
        "one, `If-Range`: other or weak": {
            "range": "bytes=2-4",
            "if_range": f"W/{etag}",
        },
    }


def table() -> str:
    """The table as it is now, in Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "file.bin").write_bytes(b"0123456789")
        files = Files(folder)
        known = ask(files, "GET", "/file.bin").fields
        validators = known["etag"], known["last-modified"]
        across = ranges(*validators)
        lines = ["| | " + " | ".join(across) + " |", "| --- " * (len(across) + 1) + "|"]
        for condition, fields in conditions(*validators).items():
            codes = [
                str(ask(files, "GET", "/file.bin", b"", **fields, **more).code)
                for more in across.values()
            ]
            lines.append(f"| {condition} | {' | '.join(codes)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.partition(END)[2])

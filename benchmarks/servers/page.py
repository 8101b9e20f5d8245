"""
How the servers' page shows its cases.
"""

from __future__ import annotations

from ..page import TIMES, Column, Layout, median_of, name, ratio, with_spread

REFERENCE = "nginx"
"""The peer that all others are compared with."""

INTRODUCTION = f"""\
Each server runs alone, as one worker on one core, with the load on another: 64
keep-alive connections unless a table says otherwise. The processor time is that of all
of the server's processes, in user code and kernel; the median of the rounds is shown,
with the least and the greatest behind it. The ratio to {REFERENCE} is taken within
each round. From one machine to another it differs, too: that of our hello was 1.8 on
one and 2.7 on another. How Python was compiled matters, too: with Debian's 3.11, our
hello cost 0.90 of what it cost with a 3.11 compiled without profile-guided optimisation
(0.85 to 0.91 in three rounds). Requests per second say as much of what else the machine
was doing.
A server that writes an access log does more: compare it with one that does too.

![How much more each server costs than {REFERENCE}](chart.svg)
"""

_NAME = Column("server", name, is_text=True)
_RATIO = Column(f"{TIMES} {REFERENCE}", ratio)

LOAD = Layout(
    (
        _NAME,
        Column("CPU µs a request", with_spread("cpu_us")),
        _RATIO,
        Column("requests/s", median_of("rate", ",.0f")),
        Column("log", lambda row: row.subject.note, is_text=True),
    ),
    cheapest_first=True,
)

IDLE = Layout(
    (
        _NAME,
        Column("KiB a connection", median_of("bytes", ".2f", lambda v: v / 1024)),
        _RATIO,
    ),
    remark=f"{REFERENCE} sets up its table of connections when it starts, about 0.4 "
    "KiB for each of them, which is not in its figure. None has memory of the kernel.",
    cheapest_first=True,
)

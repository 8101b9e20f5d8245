"""
What the stores do on this machine's disk, with one command.

    $ make bench
    $ python -m benchmarks.stores --quick --case appends

A store that flushes before it acknowledges is bounded by the disk. So the first line
of each table is the raw rate: as many lines as there are clients, written and flushed
together, again and again, and nothing else. Everyone's rate is set against the raw
rate of the same round, and beside it stands the processor time of an operation, which
depends less on what else the machine is doing.

Rounds are interleaved, as those of `benchmarks` are. What was acknowledged is looked
for in the folder after every turn over HTTP: a turn that lost something is not counted.

It needs Linux, and a disk: on a filesystem in memory a flush costs nothing.
"""

"""
Stores beside the disk: what a store that flushes before it acknowledges can reach.

The disk limits such a store. So the first line of each table is the raw rate: as many
lines as there are clients, written and flushed together, again and again, and nothing
else. Every other rate is set against the raw rate of the same round, and beside it
stands the processor time of an operation, which depends less on what else the machine
is doing.

What was acknowledged is looked for in the folder after every run over HTTP: a run that
lost something is not counted. On a filesystem in memory a flush costs nothing, so that
a disk is needed.
"""

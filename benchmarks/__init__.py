"""
The servers of this project beside their peers, with one command.

    $ make bench
    $ python -m benchmarks --quick --case hello --peer nginx --peer ours

What is compared is the processor time that a server spends on a request. Unlike the
requests per second it hardly depends on what else the machine is doing, nor on
how fast the load generator is; and as a ratio to nginx, taken in the same round, it
holds from one machine to another.

Each server runs alone, as one worker, on a core of its own with the load on
another. Rounds are interleaved: every peer has its turn before anyone has a second
one, and each round begins with another peer, so that no one gets all the bad moments.
What is reported is the median. Before it is measured a peer must have answered rightly,
and a run with errors is told as such instead of being counted.

It needs Linux: the numbers come from ``/proc``.
"""

"""
The servers of this project beside their peers, and its stores beside the disk.

    $ make bench
    $ python -m benchmarks --quick --case hello --peer nginx --peer ours
    $ make bench-compare BENCH="--case hello --peer nginx --peer ours"

`measuring` says what a case, a subject, a run and a round are. `servers` and `stores`
have the cases of one page each. Every call is kept (`kept_runs`), so that the next one
can say what a change did; two installations of this project can also be measured in the
same rounds, which is more exact: ``--venv before --venv after``.

A server is measured only once it has answered rightly, and a run with errors is
reported instead of being counted. It needs Linux: the numbers come from ``/proc``.
"""

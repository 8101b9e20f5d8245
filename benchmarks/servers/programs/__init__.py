"""
The peers' programs: hello at ``/``, files below it, as a person would write it.

Each takes its settings from the command line or from ``BENCHMARK_FILES``, the folder
to serve, and runs in an environment of its own where this package is not.
"""

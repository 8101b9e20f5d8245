"""
Servers on this machine: their programs installed, started on a free port, stopped.

`benchmarks` and `comparison` share it. Rule of the room: it knows neither what is
measured nor what is asked.
"""

from .installing import (
    Found,
    account,
    cache_folder,
    find_program,
    find_server,
    install_programs,
    our_twistd,
    version_of,
)
from .running import RunFailed, cores, free_port, pinned, printed, result_of, running

__all__ = [
    "Found",
    "RunFailed",
    "account",
    "cache_folder",
    "cores",
    "find_program",
    "find_server",
    "free_port",
    "install_programs",
    "our_twistd",
    "pinned",
    "printed",
    "result_of",
    "running",
    "version_of",
]

"""
Servers on this machine: their programs installed, started on a free port, stopped.

`benchmarks` and `comparison` share it. Rule of the room: it knows neither what is
measured nor what is asked.
"""

from .installing import (
    Found,
    PythonEnvironment,
    account,
    cache_folder,
    find_program,
    find_server,
    install_programs,
    npm_program,
    our_twistd,
    required_program,
    version_of,
)
from .running import RunFailed, cores, free_port, pinned, running

__all__ = [
    "Found",
    "PythonEnvironment",
    "RunFailed",
    "account",
    "cache_folder",
    "cores",
    "find_program",
    "find_server",
    "free_port",
    "install_programs",
    "npm_program",
    "our_twistd",
    "pinned",
    "required_program",
    "running",
    "version_of",
]

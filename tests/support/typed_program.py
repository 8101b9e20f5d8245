"""
What stands for ``dartio``, ``twistd`` and ``python`` in the terminals of newcomers.

It has the process that leads the terminal fork the program, and ends as that does; see
`forking_terminal`. Where a fork would not be the same, it runs the program itself. A
first line names the Python, with what makes it start soon; in place of the line below,
another one says which folders ``SOCKETS`` and ``PROGRAMS`` are.
"""

import marshal
import os
import signal
import socket
import sys
from contextlib import suppress

SOCKETS = PROGRAMS = ""


def is_forked(program: str, line: list[str]) -> bool:
    """Whether a fork of *program* with *line* is the same."""
    if program == "python" and (not line or line[0].startswith("-")):
        return False  # a module may be one of the clone, where it may be changed
    # Sockets of systemd's, and what Python does only when it starts.
    if any(name.startswith(("LISTEN_", "PYTHON")) for name in os.environ):
        return False
    return os.path.exists(lead_of_the_terminal())


def lead_of_the_terminal() -> str:
    """Where the first process of the terminal is asked to fork."""
    return f"{SOCKETS}/{os.getsid(0)}"


def forked(program: str, line: list[str]) -> int:
    """Have *program* forked with *line*; its exit code, when it has ended."""
    ignores_interrupts = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to both
    command = {
        "line": [program, *line],
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "ignores_interrupts": ignores_interrupts,
    }
    lead = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    lead.connect(lead_of_the_terminal())
    socket.send_fds(lead, [marshal.dumps(command)], [0, 1, 2])
    pid = int(lead.recv(100))

    def pass_on(number: int, _: object) -> None:
        with suppress(ProcessLookupError):  # the shell has sent it to both
            os.kill(pid, number)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, pass_on)
    return int(lead.recv(100))


def main() -> None:
    """Be the program that this file is named after."""
    program, line = os.path.basename(sys.argv[0]), sys.argv[1:]
    if not is_forked(program, line):
        path = os.path.join(PROGRAMS, program)
        os.execv(path, [path, *line])
    code = forked(program, line)
    if code < 0:
        if -code != signal.SIGKILL:  # which cannot be caught
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main()

"""
The load: wrk, and h2load where it is HTTP/2, for a bounded time on their core.

Both report what went wrong, and that is handed on: a server that drops
connections is not fast.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .cases import STREAMS, Case

LOADS = ("wrk", "h2load")
"""The programs that make the load."""

SLOWEST = 10
"""Seconds until wrk calls an answer lost; its own 2 are short for a large file."""

COUNTS = """
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("counted %d %d %d\\n",
    summary.requests, summary.bytes, summary.duration))
  io.write(string.format("errors connect=%d read=%d write=%d timeout=%d status=%d\\n",
    e.connect, e.read, e.write, e.timeout, e.status))
end
"""
"""Lua for wrk: the counts in full, which it rounds when a person is to read them."""


KINDS = ("failed", "errored", "timed out")
"""What h2load calls the requests that did not succeed."""


@dataclass(frozen=True)
class Outcome:
    """
    What the load generator counted.

    :ivar fault: what went wrong; empty when nothing did.
    """

    answers: float
    seconds: float
    fault: str


def apply_load(case: Case, port: int, seconds: int, folder: Path, size: int) -> Outcome:
    """
    Repeat the request of *case* for some *seconds*.

    :param size: bytes in an answer, for cases that are counted by bytes.
    """
    scheme = "https" if case.secure else "http"
    url = f"{scheme}://127.0.0.1:{port}{case.path}"
    if case.http2:
        return _h2load(case, url, seconds)
    script = folder / "counts.lua"
    script.write_text(COUNTS)
    command = ["wrk", "-t1", f"-c{case.connections}", f"-d{seconds}s"]
    command += ["--timeout", f"{SLOWEST}s", "-s", str(script)]
    for name, value in case.fields:
        command += ["-H", f"{name}: {value}"]
    said = _said([*command, url], seconds)
    counted = re.search(r"^counted (\d+) (\d+) (\d+)$", said, re.MULTILINE)
    if counted is None:
        return Outcome(0, seconds, "wrk reports nothing")
    requests, received, microseconds = map(int, counted.groups())
    errors = re.findall(r"(\w+)=([1-9]\d*)", said)
    fault = ", ".join(f"{count} {kind} errors" for kind, count in errors)
    answers = received / size if case.by_bytes else requests
    return Outcome(answers, microseconds / 1e6, fault if answers else "no answer")


def _h2load(case: Case, url: str, seconds: int) -> Outcome:
    command = ["h2load", f"-c{case.connections}", f"-m{STREAMS}", "-t1"]
    for name, value in case.fields:
        command += ["-H", f"{name}: {value}"]
    said = _said([*command, f"-D{seconds}", url], seconds)
    done = re.search(
        r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", said
    )
    classes = re.search(r"(\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", said)
    if done is None or classes is None:
        return Outcome(0, seconds, "h2load reports nothing")
    faults = [
        f"{count} {kind}"
        for kind, count in zip(KINDS, done.groups()[1:], strict=True)
        if int(count)
    ]
    other = sum(map(int, classes.groups()[1:]))
    faults += [f"{other} not 2xx"] if other else []
    if "Application protocol: h2" not in said:
        faults.append("no HTTP/2")
    answers = int(done[1])
    return Outcome(answers, seconds, ", ".join(faults) if answers else "no answer")


def _said(command: list[str], seconds: int) -> str:
    """What *command* printed; nothing when it did not end in time."""
    try:
        ended = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds + 2 * SLOWEST,
        )
    except subprocess.TimeoutExpired:
        return ""
    return ended.stdout

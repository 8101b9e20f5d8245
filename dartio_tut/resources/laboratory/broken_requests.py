"""
Broken requests to try: what our servers do with each, and what an attacker would do
with a server that takes it.

They stand in ``broken.toml``, most of them as the table of the conformance tests has
them; a test sends each of them, and compares.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any, NamedTuple


class BrokenRequest(NamedTuple):
    """
    :ivar title: in a few words, what is broken.
    :ivar raw: its bytes.
    :ivar what_happens: what our servers do; it begins with the status code.
    :ivar attack: what an attacker would do with it, somewhere else.
    :ivar clause: the rule that it breaks, or that lets a server refuse it.
    :ivar server: the server of the laboratory that it is for.
    :ivar row: its name in the table of the conformance tests, if it is there.
    """

    title: str
    raw: bytes
    what_happens: str
    attack: str
    clause: str
    server: str = "hello"
    row: str = ""


@cache
def broken_requests() -> tuple[BrokenRequest, ...]:
    """All of them, in the order of the file."""
    text = resources.files(__package__).joinpath("broken.toml").read_text("utf-8")
    return tuple(
        BrokenRequest(raw=_bytes(entry.pop("request")), **entry)
        for entry in tomllib.loads(text)["broken"]
    )


def _bytes(written: str | list[Any]) -> bytes:
    """
    The bytes that *written* stands for: text with the escapes of Python, or a list of
    such, in which ``["x", 9]`` stands for nine times x.
    """
    if isinstance(written, str):
        return written.encode("latin-1").decode("unicode_escape").encode("latin-1")
    return b"".join(
        _bytes(part) if isinstance(part, str) else _bytes(part[0]) * part[1]
        for part in written
    )

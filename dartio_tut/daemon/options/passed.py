"""
The sockets that systemd has passed, and their names: ``FileDescriptorName=`` of the
socket unit, which several may share. An option names them as ``systemd:NAME``.
"""

from __future__ import annotations

import re

from dartio_tut.wire import passed_descriptors, passed_names

from ..socket_activation import passed_endpoints
from .parsing import port_number

_named = re.compile(r"systemd:([^:=]+)").fullmatch


def socket_name(text: object) -> str | None:
    """The name in ``systemd:NAME``; ``None`` for everything else."""
    found = _named(text) if isinstance(text, str) else None
    return found[1] if found else None


def port_or_socket(text: str) -> int | str:
    """
    The TCP port that *text* stands for, or *text* if it names a passed socket.

    :raise ValueError: when it is neither.
    """
    if socket_name(text) is not None:
        return text
    try:
        return port_number(text)
    except ValueError as error:
        raise ValueError(f"{error}, or systemd:NAME") from None


def sockets_passed(without: str | None = None) -> list[str]:
    """
    The endpoint strings of all passed sockets but those that are called *without*.

    :raise ValueError: when one is no socket that listens for streams.
    """
    found = passed_endpoints(passed_descriptors())
    if without is None:
        return found
    return [e for e, name in zip(found, passed_names(), strict=True) if name != without]


def sockets_named(name: str) -> list[str]:
    """
    The endpoint strings of the passed sockets that are called *name*.

    :raise ValueError: when no socket of that name was passed.
    """
    found = passed_endpoints(passed_descriptors())
    names = passed_names()
    if name not in names:
        known = ", ".join(dict.fromkeys(names)) or "none at all"
        raise ValueError(f"systemd passed no socket with this name, but {known}")
    return [e for e, its in zip(found, names, strict=True) if its == name]

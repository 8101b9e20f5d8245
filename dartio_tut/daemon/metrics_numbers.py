"""
The counts of a server as plain numbers: one process can tell them to another, and those
of several processes can be added up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .metrics_store import (
    StoreNumbers,
    added_operations,
    as_entries,
    from_entries,
)

SECONDS = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
"""Upper bounds of the times that are told apart, near those of Prometheus's clients."""

BYTES = (0, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 16777216, 268435456)
"""Upper bounds of the sizes of response bodies that are told apart."""

MAX_REASONS = 100
"""Reasons that are told apart; the wire has fewer."""

Exchange = tuple[str, int, str]
"""A method, the first digit of a status code, and how the exchange ended."""


@dataclass(frozen=True)
class Numbers:
    """
    What one server has done.

    :ivar server: its name.
    :ivar exchanges: how many there were of each kind.
    :ivar reasons: how often an exchange was refused or ended early, by the reason.
    :ivar seconds: exchanges of each of the times `SECONDS`, and of longer ones.
    :ivar sizes: responses of each of the sizes `BYTES`, and of larger ones.
    :ivar opened: connections since the start.
    :ivar connections: those that are open now.
    :ivar certificate_end: when the first of its certificates expires, as a Unix time.
    :ivar is_ready: whether it takes requests.
    :ivar stores: the operations of its stores.
    :ivar failed_handshakes: how many TLS handshakes have failed, by the reason.
    """

    server: str
    exchanges: dict[Exchange, int]
    reasons: dict[str, int]
    seconds: list[int]
    seconds_sum: float
    sizes: list[int]
    bytes_sum: int
    opened: int
    connections: int = 0
    certificate_end: float | None = None
    is_ready: bool = False
    stores: StoreNumbers = field(default_factory=dict)
    failed_handshakes: dict[str, int] = field(default_factory=dict)

    def at_end(self) -> Numbers:
        """These when the process has ended: what holds for the moment is left out."""
        return replace(self, connections=0, certificate_end=None, is_ready=False)

    def without_certificate(self) -> Numbers:
        """These of a process that shows its certificate to nobody new."""
        return replace(self, certificate_end=None)

    def __add__(self, other: Numbers) -> Numbers:
        """These and those that another process has counted."""
        exchanges = dict(self.exchanges)
        for kind, count in other.exchanges.items():
            exchanges[kind] = exchanges.get(kind, 0) + count
        ends = [e for e in (self.certificate_end, other.certificate_end) if e]
        return Numbers(
            self.server,
            exchanges,
            _added_reasons(self.reasons, other.reasons),
            [a + b for a, b in zip(self.seconds, other.seconds, strict=True)],
            self.seconds_sum + other.seconds_sum,
            [a + b for a, b in zip(self.sizes, other.sizes, strict=True)],
            self.bytes_sum + other.bytes_sum,
            self.opened + other.opened,
            self.connections + other.connections,
            min(ends, default=None),
            self.is_ready or other.is_ready,
            added_operations(self.stores, other.stores),
            _added_reasons(self.failed_handshakes, other.failed_handshakes),
        )


def count_reason(reasons: dict[str, int], reason: str, count: int = 1) -> None:
    """Add *count* to that of *reason*; beyond so many reasons, to that of ``other``."""
    if reason not in reasons and len(reasons) >= MAX_REASONS:
        reason = "other"
    reasons[reason] = reasons.get(reason, 0) + count


def _added_reasons(first: dict[str, int], second: dict[str, int]) -> dict[str, int]:
    reasons = dict(first)
    for reason, count in second.items():
        count_reason(reasons, reason, count)
    return reasons


def added_up(parts: Iterable[Numbers]) -> list[Numbers]:
    """The sum of *parts* for each server, in the order in which servers come."""
    sums: dict[str, Numbers] = {}
    for part in parts:
        before = sums.get(part.server)
        sums[part.server] = part if before is None else before + part
    return list(sums.values())


def as_json(parts: Iterable[Numbers]) -> str:
    """*parts* as one line, which `from_json` reads."""
    told = [
        asdict(part)
        | {
            "exchanges": [[*kind, n] for kind, n in part.exchanges.items()],
            "stores": as_entries(part.stores),
        }
        for part in parts
    ]
    return json.dumps(told, separators=(",", ":"))


def from_json(text: str | bytes) -> list[Numbers]:
    """
    What another process has told by `as_json`.

    :raise ValueError: when it is something else, such as what another release tells.
    """
    try:
        return [_numbers(**entry) for entry in json.loads(text)]
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"these are no counts: {error}") from None


def _numbers(exchanges: list[Any], stores: list[Any], **others: Any) -> Numbers:
    kinds = {(method, status, end): count for method, status, end, count in exchanges}
    made = Numbers(exchanges=kinds, stores=from_entries(stores), **others)
    if (len(made.seconds), len(made.sizes)) != (len(SECONDS) + 1, len(BYTES) + 1):
        raise ValueError("these counts tell other times or sizes apart")
    return made

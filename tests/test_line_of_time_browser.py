"""
The lines of time of ``/wire/``, laid out in a real browser.
"""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

from .support.wire_pages import WireViewCase

LAYOUTS = """
const [cases, done] = arguments;
import("/wire/assets/timeline.js").then(({layout}) => done(
  cases.map(([exchanges, connections]) =>
    layout(exchanges, new Map(connections.map((one) => [one.id, one]))).bands)
), (fault) => done(String(fault)));
"""


class LineOfTimeTests(WireViewCase):
    """The lines of time, whatever happens at what time."""

    def test_order_is_kept_and_nothing_covers_anything(self) -> None:
        some = random.Random(11)
        cases = [self.connections_of(some) for _ in range(200)]
        found = self.wire.execute_async_script(LAYOUTS, cases)
        self.assertIsInstance(found, list, found)
        depths = set()
        for (exchanges, _), bands in zip(cases, found, strict=True):
            times = []
            rows: dict[tuple[str, int], list[tuple[float, float]]] = {}
            starts = {one["id"]: one for one in exchanges}
            for band in bands:
                for lane in band["lanes"]:
                    row = rows.setdefault((band["server"], lane["row"]), [])
                    row.append((lane["left"], lane["right"]))
                    beside: dict[int, list[tuple[float, float]]] = {}
                    for block in lane["blocks"]:
                        one = starts.pop(block["id"])
                        times.append((one["started"], block["left"]))
                        if one["ended"] is not None:
                            times.append(
                                (one["started"] + one["ended"], block["right"])
                            )
                        self.assertLessEqual(lane["left"], block["left"])
                        self.assertLessEqual(block["left"] + 90, block["right"])
                        beside.setdefault(block["depth"], []).append(
                            (block["left"], block["right"])
                        )
                        depths.add(block["depth"])
                    for stretches in beside.values():
                        self.do_not_overlap(stretches)
            self.assertEqual(starts, {}, "not shown")
            for stretches in rows.values():
                self.do_not_overlap(stretches)
            places = [place for _, place in sorted(times)]
            self.assertEqual(places, sorted(places))
        self.assertGreater(max(depths), 1)

    def do_not_overlap(self, stretches: list[tuple[float, float]]) -> None:
        stretches.sort()
        for (_, end), (begin, _) in pairwise(stretches):
            self.assertLessEqual(end, begin)

    def connections_of(self, some: random.Random) -> tuple[list[Any], list[Any]]:
        """Exchanges at any time on a few connections, and those connections."""
        exchanges: list[Any] = []
        connections: list[Any] = []
        for number in range(some.randrange(1, 5)):
            opened = some.random() * 10
            own: list[Any] = []
            for _ in range(some.randrange(1, 6)):
                took = some.choice([0, 0.001, 0.5, 20, None])
                own.append({
                    "id": len(exchanges) + len(own), "connection": number,
                    "server": some.choice("ab") if not own else own[0]["server"],
                    "started": opened + some.choice([0, 0.001, 1, 30]), "ended": took,
                    "first_byte": None if took is None else took / 2,
                })  # fmt: skip
            ends = [one["started"] + (one["ended"] or 0) for one in own]
            is_open = some.random() < 0.3 or any(one["ended"] is None for one in own)
            closed = None if is_open else max(ends) + some.choice([0, 3])
            connections.append({"id": number, "opened": opened, "closed": closed})
            exchanges += own
        return exchanges, connections

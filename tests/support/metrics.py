"""
What a daemon says at its port for metrics.
"""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from .harness import ask


def samples(port: int, name: str, **labels: str) -> dict[str, float]:
    """
    All values of the metric *name* at *port* that have *labels*, by their servers,
    added up.
    """
    text = ask(port, "GET", "/metrics").body.decode()
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                server = sample.labels["server"]
                found[server] = found.get(server, 0) + sample.value
    return found

"""
Calls the producer of a response.

Rule: what a producer raises is logged, and ends its own response: it reaches neither
the connection, which other responses may share, nor those who wait for the end.
"""

from __future__ import annotations

from twisted.internet.interfaces import IProducer, IPushProducer
from twisted.logger import Logger

PRODUCER_FAILED = "the producer of the response failed"
"""Why a response was cut off."""

_log = Logger()


def resumes(producer: IPushProducer) -> bool:
    """Have *producer* go on: whether it could."""
    try:
        producer.resumeProducing()
    except Exception:  # noqa: BLE001  (see above)
        _log.failure("{producer} failed in resumeProducing", producer=producer)
        return False
    return True


def stop(producer: IProducer) -> None:
    """Tell *producer* that nobody takes what it has."""
    try:
        producer.stopProducing()
    except Exception:  # noqa: BLE001  (see above)
        _log.failure("{producer} failed in stopProducing", producer=producer)

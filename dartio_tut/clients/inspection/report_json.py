"""
What was seen of an exchange, as JSON. Its members are described in docs/inspect.md, and
stay as they are.
"""

from __future__ import annotations

from typing import Any

from dartio_tut.anatomy import copies, message_json

from ..web import TLSFacts
from .seen import Seen
from .times import durations


def report_json(seen: Seen) -> dict[str, Any]:
    """All that was seen of an exchange."""
    exchange = seen.exchange
    response = seen.response
    scheme, host, port = exchange.url.origin
    netloc = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return {
        "url": str(exchange.url),
        "method": exchange.method,
        "addresses": exchange.addresses,
        "address": exchange.address or None,
        "proxy": exchange.proxy or None,
        "times": {
            step: None if seconds is None else round(seconds, 6)
            for step, seconds in durations(exchange.times).items()
        },
        "tls": None if exchange.tls is None else _tls_json(exchange.tls),
        "request": message_json(seen.request),
        "response": None
        if response is None
        else message_json(
            response,
            arrivals=[(round(when, 6), count) for when, count in exchange.arrivals],
        ),
        "closed": exchange.was_closed,
        "cut": exchange.is_cut,
        "failure": seen.failure or None,
        "copies": copies(exchange.request, f"{scheme}://{netloc}"),
    }


def _tls_json(tls: TLSFacts) -> dict[str, Any]:
    return {
        "version": tls.version,
        "cipher": tls.cipher,
        "protocol": tls.protocol or None,
        "problem": tls.problem or None,
        "certificates": [
            {
                "subject": each.subject,
                "issuer": each.issuer,
                "not_before": each.not_before,
                "not_after": each.not_after,
                "names": each.names,
                "key": each.key,
                "serial": each.serial,
                "sha256": each.fingerprint,
            }
            for each in tls.certificates
        ],
    }

"""
Descriptions of the resources in OpenAPI 3.1.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def description(name: str) -> bytes:
    """Return the description of the server called *name*, in JSON."""
    return (files(__package__) / "openapi" / f"{name}.json").read_bytes()

"""
What schemathesis cannot know of a request: which content a digest is of, and that a
stream of events has no end.
"""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from typing import Any

import schemathesis


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Mend the fields of a request that is meant to be right; never follow."""
    if case.query:
        case.query.pop("follow", None)
    meant_to_be_right = case.meta is None or case.meta.generation.mode.is_positive
    if not (meant_to_be_right and case.headers):
        return
    content = case.as_transport_kwargs().get("json")
    body = json.dumps(content).encode()
    for name in ("Repr-Digest", "Content-Digest"):
        if name in case.headers:
            digest = b64encode(sha256(body).digest()).decode()
            case.headers[name] = f"sha-256=:{digest}:"
    if "Idempotency-Key" in case.headers:
        key = sha256(f"{case.formatted_path} {body!r}".encode())
        case.headers["Idempotency-Key"] = key.hexdigest()

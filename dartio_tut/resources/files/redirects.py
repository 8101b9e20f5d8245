"""
Redirecting paths that have moved.

Pure. A Location is relative wherever it stays in the tree, so that it holds below a
prefix and behind a proxy; and what comes from the request is put into it segment by
segment, each percent-encoded and none empty, so that no path leads to another host.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from ..fields import option_bytes
from .listing.model import url_segment
from .path_segments import PathSegments

_target = re.compile(
    r"(?:https?://[\w.\[\]:%-]+(?=[/?#]|$)|/(?![/\\]))[\w\-.~:/?#\[\]@!$&'()*+,;=%]*",
    re.ASCII,
).fullmatch


class Redirect(NamedTuple):
    """
    A path that has moved.

    :ivar segments: the decoded segments of the path; the last one is empty when the
        path ends with a slash.
    :ivar below: whether it stands for all paths that begin with *segments*.
    :ivar target: a path in the tree, or the URL of another site. With *below*, the rest
        of the path goes behind it.
    """

    segments: PathSegments
    below: bool
    target: str


def parse_redirect(text: str) -> Redirect:
    """
    Return the redirect that *text* stands for, such as ``/old.html=/new.html``,
    ``/blog/*=/posts/*`` or ``/shop=https://shop.example/``.

    :raise ValueError: when it is written in another way, or would lead to itself.
    """
    source, mark, target = text.partition("=")
    below = source.endswith("/*")
    if not mark or not source.startswith("/") or "?" in source:
        raise ValueError(f"{text!r} is not FROM=TO: use /old.html=/new.html")
    if below != target.endswith("/*") or "*" in source.removesuffix("/*"):
        raise ValueError(f"{text!r}: a * is the last of both paths: /old/*=/new/*")
    if not _target(target):
        raise ValueError(
            f"{text!r}: redirect to a path such as /new.html or to an http URL, "
            "percent-encoded"
        )
    if below:
        source, target = source[:-2], target[:-1]
    segments = tuple(
        unquote_to_bytes(option_bytes(part)) for part in source.split("/")[1:]
    )
    if any(part in (b".", b"..") for part in segments) or b"" in segments[:-1]:
        raise ValueError(f"{text!r}: {source} is never asked for")
    redirect = Redirect(segments, below, target)
    if _leads_to_itself(redirect):
        raise ValueError(f"{text!r} leads to itself")
    return redirect


def _leads_to_itself(redirect: Redirect) -> bool:
    if not redirect.target.startswith("/"):
        return False
    path = re.split("[?#]", redirect.target)[0]
    target = tuple(unquote_to_bytes(option_bytes(part)) for part in path.split("/")[1:])
    if redirect.below:
        target = target[: len(redirect.segments)]
    return target == redirect.segments


def location(
    redirects: Sequence[Redirect], segments: Sequence[bytes], query: bytes
) -> bytes | None:
    """
    Return where *redirects* lead from a path, or ``None`` when it has not moved.

    The first that fits decides. The query goes along, unless the target has one.

    :param segments: the decoded segments of the path, below where the tree is.
    """
    asked = tuple(segments)
    for redirect in redirects:
        count = len(redirect.segments)
        if not redirect.below and asked != redirect.segments:
            continue
        rest = asked[count:]
        if redirect.below and not (asked[:count] == redirect.segments and rest):
            continue
        if not all(rest[:-1]) or b"." in rest or b".." in rest:
            continue
        target = redirect.target + "/".join(url_segment(part) for part in rest)
        return _reference(target, len(asked), query)
    return None


def _reference(target: str, depth: int, query: bytes) -> bytes:
    """Return *target* as it is seen from a path of *depth* segments, with *query*."""
    if target.startswith("/"):
        up = "../" * (depth - 1) or "./"
        target = up + target[1:]
    path, mark, fragment = target.partition("#")
    if query and "?" not in path:
        path += "?" + query.decode("latin-1")
    return (path + mark + fragment).encode("latin-1")
